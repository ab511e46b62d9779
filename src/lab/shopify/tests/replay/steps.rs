//! Finds the calls in a recording, whatever way it is laid out: an answer, what was asked, and the variables.

use serde_json::Value;

use super::ordered::Ordered;

/// A recorded call.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where in the file.
    pub at: String,
    /// The document, where it was recorded.
    pub document: Option<String>,
    /// The variables, where they were recorded.
    pub variables: Option<Value>,
    /// `data`, `errors` and `extensions`.
    pub answer: Value,
    /// A read that was made before everything else, to know the state.
    pub before: bool,
}

/// What a call has from the object around it.
#[derive(Clone, Default)]
struct Around {
    document: Option<String>,
    variables: Option<Value>,
}

/// All calls of a recording, in the order in which they were made.
pub fn steps(file: &Ordered) -> Vec<Step> {
    let mut found = Vec::new();
    walk(file, "", &Around::default(), &mut found);
    let (upstream, mut played): (Vec<Step>, Vec<Step>) =
        found.into_iter().partition(|step| step.at.starts_with("upstreamCalls"));
    let mut ordered = Vec::new();
    for step in upstream {
        // The same answer is often noted in two places.
        if let Some(twin) = played.iter_mut().find(|other| other.answer["data"] == step.answer["data"]) {
            twin.document = twin.document.take().or(step.document);
            twin.variables = twin.variables.take().or(step.variables);
        } else if step.before {
            ordered.push(step);
        } else {
            played.push(step);
        }
    }
    ordered.append(&mut played);
    ordered
}

fn walk(node: &Ordered, at: &str, around: &Around, found: &mut Vec<Step>) {
    match node {
        Ordered::Leaf(_) => {}
        Ordered::List(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{at}[{index}]"), around, found);
            }
        }
        Ordered::Object(fields) => {
            let own = Around { document: document(node), variables: variables(node) };
            for (name, value) in fields {
                let below = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                let is_answer = name == "response" || name.ends_with("Response");
                match answer(value).filter(|_| is_answer) {
                    Some(answer) if name == "response" => found.push(Step {
                        at: if at.is_empty() { name.clone() } else { at.to_owned() },
                        document: own.document.clone().or_else(|| around.document.clone()),
                        variables: own.variables.clone().or_else(|| around.variables.clone()),
                        answer,
                        before: hydrates(node),
                    }),
                    Some(answer) => {
                        found.push(Step { at: below, document: None, variables: None, answer, before: false });
                    }
                    None if name == "request" => {}
                    None => bare_or_deeper(value, &below, &inherited(name, &own), found),
                }
            }
        }
    }
}

/// An answer without anything around it, or something with calls in it.
fn bare_or_deeper(value: &Ordered, at: &str, around: &Around, found: &mut Vec<Step>) {
    let bare = value.get("data").is_some() || value.get("errors").is_some();
    match answer(value).filter(|_| bare) {
        Some(answer) => found.push(Step {
            at: at.to_owned(),
            document: document(value),
            variables: variables(value),
            answer,
            before: false,
        }),
        None => walk(value, at, around, found),
    }
}

/// What was asked stands beside the call only where that is `mutation`.
fn inherited(name: &str, own: &Around) -> Around {
    if name == "mutation" { own.clone() } else { Around::default() }
}

fn hydrates(call: &Ordered) -> bool {
    let names = [call.get("operationName"), call.get("query")];
    names.into_iter().flatten().filter_map(Ordered::text).any(|text| text.contains("Hydrate"))
}

fn document(call: &Ordered) -> Option<String> {
    let holders = [Some(call), call.get("request")];
    let texts = holders.into_iter().flatten().flat_map(|holder| [holder.get("query"), holder.get("document")]);
    texts.flatten().filter_map(Ordered::text).find(|text| is_document(text)).map(str::to_owned)
}

fn is_document(text: &str) -> bool {
    let start = text.trim_start().trim_start_matches("#graphql").trim_start();
    ["query", "mutation", "{"].iter().any(|word| start.starts_with(word)) && start.contains('{')
}

fn variables(call: &Ordered) -> Option<Value> {
    let holders = [Some(call), call.get("request")];
    let found =
        holders.into_iter().flatten().flat_map(|holder| [holder.get("variables"), holder.get("requestVariables")]);
    found.flatten().map(Ordered::plain).find(Value::is_object)
}

/// The answer proper, without what HTTP wraps around it.
fn answer(value: &Ordered) -> Option<Value> {
    let inner = [value.get("payload"), value.get("body"), Some(value)].into_iter().flatten().next()?;
    let plain = inner.plain();
    (plain.get("data").is_some_and(|data| data.is_object() || data.is_null()) || plain.get("errors").is_some())
        .then_some(plain)
}
