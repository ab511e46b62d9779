//! The words of the status columns, for a merchant.

/// Everything that decides a row's status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusInput {
    /// What is wrong with its cells, as clauses.
    pub problems: Vec<String>,
    /// What shops refused or cannot take yet: shop and reason.
    pub refused: Vec<(String, String)>,
    /// Shops that have not confirmed the row yet.
    pub waiting: Vec<String>,
}

/// What the status and error columns of a row should show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowStatus {
    /// `Synced`, `Waiting`, `Refused: price "12,5O" is not a number`, …
    pub status: String,
    /// The whole story; blank when all is well.
    pub error: String,
}

/// Longest text for the status column; the error column holds the whole.
const STATUS_MAX: usize = 80;

/// Put a row's state in words.
pub fn row_status(input: &StatusInput) -> RowStatus {
    let mut story: Vec<String> = input.problems.clone();
    story.extend(input.refused.iter().map(|(shop, reason)| format!("{shop}: {reason}")));
    let status = match story.first() {
        Some(first) => clip(&format!("Refused: {first}")),
        None if !input.waiting.is_empty() => "Waiting".to_owned(),
        None => "Synced".to_owned(),
    };
    RowStatus { status, error: story.join("; ") }
}

fn clip(text: &str) -> String {
    if text.chars().count() <= STATUS_MAX {
        return text.to_owned();
    }
    text.chars().take(STATUS_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: StatusInput, status: &str, error: &str) {
        assert_eq!(row_status(&input), RowStatus { status: status.into(), error: error.into() });
    }

    #[test]
    fn speaks_to_a_merchant() {
        check(StatusInput::default(), "Synced", "");
        check(StatusInput { waiting: vec!["eu".into()], ..Default::default() }, "Waiting", "");
        let problem = "price \"12,5O\" is not a number".to_owned();
        check(
            StatusInput { problems: vec![problem.clone()], waiting: vec!["eu".into()], ..Default::default() },
            "Refused: price \"12,5O\" is not a number",
            &problem,
        );
        let refused = vec![("eu".to_owned(), "it has no price yet".to_owned())];
        check(
            StatusInput { refused, ..Default::default() },
            "Refused: eu: it has no price yet",
            "eu: it has no price yet",
        );
    }
}
