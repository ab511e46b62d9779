//! `@idempotent(key:)`: one key is one request; the same again gets the first answer.
//! <https://shopify.dev/docs/api/usage/implementing-idempotency>

use std::collections::HashMap;

use chrono::TimeDelta;
use serde_json::{Map, Value};

use super::resolve::Out;
use crate::clock::Time;

/// Keys are remembered so long.
const RETENTION: TimeDelta = TimeDelta::hours(24);

struct Attempt {
    request: Value,
    answer: Out,
    at: Time,
}

/// What is known of a key.
pub enum Seen {
    /// Nothing, or no more.
    New,
    /// The same request; this was its answer.
    Same(Out),
    /// Another request.
    Different,
}

/// Keys and their answers.
#[derive(Default)]
pub struct Attempts(HashMap<String, Attempt>);

impl Attempts {
    /// Look a key up.
    pub fn look_up(&self, key: &str, mutation: &str, args: &Map<String, Value>, now: Time) -> Seen {
        match self.0.get(key) {
            Some(attempt) if now - attempt.at < RETENTION => {
                if attempt.request == request(mutation, args) {
                    Seen::Same(attempt.answer.clone())
                } else {
                    Seen::Different
                }
            }
            _ => Seen::New,
        }
    }

    /// Remember an answer, user errors included.
    pub fn remember(&mut self, key: &str, mutation: &str, args: &Map<String, Value>, answer: Out, now: Time) {
        self.0.insert(key.to_owned(), Attempt { request: request(mutation, args), answer, at: now });
    }
}

fn request(mutation: &str, args: &Map<String, Value>) -> Value {
    Value::Array(vec![mutation.into(), Value::Object(args.clone())])
}
