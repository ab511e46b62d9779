//! Mutations that take a list. One bad input fails all of them, so a list that was refused is sent again in halves, until
//! the bad ones are alone.

use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::stores::StoreError;

use super::answer::Failed;
use super::api::Api;
use super::queries::Operation;

/// Inputs per call: 100 stocks in one mutation took 0.94 s on a small machine.
pub(super) const BATCH_MAX: usize = 100;

/// What may be tried again with fewer inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halve {
    /// What Vendure refused: its transaction was rolled back.
    Refusals,
    /// Also what it failed at without saying why. Only for writes that may safely be done twice.
    Failures,
}

impl Halve {
    fn fits(self, failed: &Failed) -> bool {
        let refusal = matches!(failed.error, StoreError::Refused { .. } | StoreError::Gone { .. });
        let failure = matches!(failed.error, StoreError::Server { .. });
        failed.by_engine && (refusal || (failure && self == Self::Failures))
    }
}

/// Send all inputs as the variable `input`; what was answered, for each run of inputs that went in one call.
pub(super) async fn send<T: DeserializeOwned>(
    api: &Api,
    operation: &Operation,
    inputs: &[Value],
    halve: Halve,
) -> Vec<(Range<usize>, Result<T, StoreError>)> {
    let mut answers = Vec::new();
    // The last one goes first, so that the order is kept.
    let mut open: Vec<Range<usize>> =
        (0..inputs.len()).step_by(BATCH_MAX).rev().map(|at| at..inputs.len().min(at + BATCH_MAX)).collect();
    while let Some(range) = open.pop() {
        let some = inputs.get(range.clone()).unwrap_or_default();
        match api.call::<T>(operation, &json!({ "input": some })).await {
            Err(failed) if range.len() > 1 && halve.fits(&failed) => {
                let middle = range.start + range.len() / 2;
                open.push(middle..range.end);
                open.push(range.start..middle);
            }
            answer => answers.push((range, answer.map_err(StoreError::from))),
        }
    }
    answers
}

/// [`send`] where only success matters: one result for each input, in order.
pub(super) async fn send_each(
    api: &Api,
    operation: &Operation,
    inputs: &[Value],
    halve: Halve,
) -> Vec<Result<(), StoreError>> {
    let answers = send::<Value>(api, operation, inputs, halve).await;
    answers
        .into_iter()
        .flat_map(|(range, answer)| range.map(move |_| answer.as_ref().map(|_| ()).map_err(StoreError::clone)))
        .collect()
}
