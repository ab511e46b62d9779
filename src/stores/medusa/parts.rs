//! Batches are all or nothing: one bad item fails its neighbours. So a batch that was refused is tried again in halves,
//! until the bad one stands alone. Nothing changes when Medusa refuses.

use std::future::Future;

use crate::retry::Verdict;
use crate::stores::StoreError;

/// Send items in as few calls as may be. `call` sends some of them in one; what it says holds for each of these.
/// Results are in the order of `items`.
pub(super) async fn in_parts<'a, T, R, F>(items: &'a [T], call: impl Fn(&'a [T]) -> F) -> Vec<Result<R, StoreError>>
where
    F: Future<Output = Result<Vec<Result<R, StoreError>>, StoreError>>,
{
    let mut results = Vec::with_capacity(items.len());
    // A stack, its top first in order: halving goes left before right.
    let mut parts: Vec<&'a [T]> = vec![items];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        match call(part).await {
            Ok(done) => results.extend(done),
            Err(error) if part.len() > 1 && matches!(error.verdict(), Verdict::Refused | Verdict::Gone) => {
                let (left, right) = part.split_at(part.len() / 2);
                parts.extend([right, left]);
            }
            Err(error) => results.extend(part.iter().map(|_| Err(error.clone()))),
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn refused() -> StoreError {
        StoreError::Refused { shop: "eu".to_owned(), code: "c".to_owned(), message: "no".to_owned(), resource: None }
    }

    #[tokio::test]
    async fn the_bad_one_stands_alone() {
        let calls = RefCell::new(Vec::new());
        let items = [1, 2, 3, 4, 5];
        let results = in_parts(&items, |part: &[i32]| {
            calls.borrow_mut().push(part.to_vec());
            let bad = part.contains(&4);
            let answer = if bad { Err(refused()) } else { Ok(part.iter().map(|item| Ok(item * 10)).collect()) };
            std::future::ready(answer)
        })
        .await;
        let words: Vec<String> =
            results.iter().map(|result| result.as_ref().map_or("no".to_owned(), ToString::to_string)).collect();
        assert_eq!(words, ["10", "20", "30", "no", "50"]);
        assert_eq!(
            calls.into_inner(),
            [vec![1, 2, 3, 4, 5], vec![1, 2], vec![3, 4, 5], vec![3], vec![4, 5], vec![4], vec![5]]
        );
    }

    #[tokio::test]
    async fn what_may_have_been_done_is_not_sent_again() {
        let calls = RefCell::new(0);
        let lost = || StoreError::Server { shop: "eu".to_owned(), status: 502 };
        let results: Vec<Result<i32, _>> = in_parts(&[1, 2, 3], |_| {
            *calls.borrow_mut() += 1;
            std::future::ready(Err(lost()))
        })
        .await;
        assert_eq!((results.len(), calls.into_inner()), (3, 1));
        assert!(results.iter().all(|result| matches!(result, Err(StoreError::Server { .. }))));
    }
}
