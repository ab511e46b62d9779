//! Who may call: tokens, scopes, and the quota of each user.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::error::ApiError;
use crate::clock::Time;
use crate::lab::gate::Kind;

const SCOPE_PREFIX: &str = "https://www.googleapis.com/auth/";

/// Scopes that each group of methods takes, from the discovery documents.
const SHEETS_WRITE: &[&str] = &["drive", "drive.file", "spreadsheets"];
const SHEETS_READ: &[&str] = &["drive", "drive.file", "drive.readonly", "spreadsheets", "spreadsheets.readonly"];
const FILES_GET: &[&str] = &[
    "drive",
    "drive.appdata",
    "drive.file",
    "drive.meet.readonly",
    "drive.metadata",
    "drive.metadata.readonly",
    "drive.photos.readonly",
    "drive.readonly",
];

const FILES_WRITE: &[&str] = &["drive", "drive.appdata", "drive.file"];

/// Seconds that a token lives, as Google answers it.
pub(super) const TOKEN_SECONDS: i64 = 3599;

/// Which API a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    Sheets(Kind),
    Drive(Kind),
}

/// What a token stands for.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    /// E-mail address of who calls.
    pub user: String,
    /// Full scope URLs.
    pub scopes: Vec<String>,
}

impl Grant {
    fn allows(&self, api: Api) -> bool {
        let taken = match api {
            Api::Sheets(Kind::Write) => SHEETS_WRITE,
            Api::Sheets(Kind::Read | Kind::Other) => SHEETS_READ,
            Api::Drive(Kind::Write) => FILES_WRITE,
            Api::Drive(Kind::Read | Kind::Other) => FILES_GET,
        };
        let short = self.scopes.iter().filter_map(|scope| scope.strip_prefix(SCOPE_PREFIX));
        short.into_iter().any(|scope| taken.contains(&scope))
    }
}

/// Requests per minute and user; `None` is unlimited.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quota {
    pub reads: Option<u32>,
    pub writes: Option<u32>,
}

/// Tokens given out, and what each user spent.
#[derive(Debug)]
pub(super) struct Access {
    quota: Quota,
    tokens: BTreeMap<String, (Grant, Option<Time>)>,
    /// Calls in the current minute.
    spent: BTreeMap<(String, Kind), (i64, u32)>,
}

impl Access {
    pub(super) fn new(quota: Quota) -> Self {
        Self { quota, tokens: BTreeMap::new(), spent: BTreeMap::new() }
    }

    /// Give out a token for the usual time.
    pub(super) fn issue(&mut self, grant: Grant, now: Time) -> String {
        self.tokens.retain(|_, (_, end)| end.is_none_or(|end| end > now));
        let token = format!("ya29.lab-{}", crate::clock::fresh_key());
        self.tokens.insert(token.clone(), (grant, Some(now + TimeDelta::seconds(TOKEN_SECONDS))));
        token
    }

    /// Take a token for good, with every scope.
    pub(super) fn install(&mut self, token: &str, user: &str) {
        let scopes = ["spreadsheets", "drive"].map(|scope| format!("{SCOPE_PREFIX}{scope}")).to_vec();
        self.tokens.insert(token.to_owned(), (Grant { user: user.to_owned(), scopes }, None));
    }

    /// Forget every token that was given out for a time, as if it had expired.
    pub(super) fn expire(&mut self) {
        self.tokens.retain(|_, (_, end)| end.is_none());
    }

    /// Check a token, its scopes and the quota, and count the call. Answers who calls.
    pub(super) fn admit(&mut self, token: Option<&str>, api: Api, now: Time) -> Result<String, ApiError> {
        let Some(token) = token else { return Err(ApiError::unregistered()) };
        let known = self.tokens.get(token);
        let (grant, _) =
            known.filter(|(_, end)| end.is_none_or(|end| end > now)).ok_or_else(ApiError::unauthenticated)?;
        if !grant.allows(api) {
            return Err(ApiError::insufficient_scopes());
        }
        let user = grant.user.clone();
        if let Api::Sheets(kind) = api {
            self.spend(&user, kind, now)?;
        }
        Ok(user)
    }

    /// Quotas are refilled each minute: <https://developers.google.com/workspace/sheets/api/limits>.
    fn spend(&mut self, user: &str, kind: Kind, now: Time) -> Result<(), ApiError> {
        let (limit, what) = match kind {
            Kind::Read => (self.quota.reads, "Read"),
            Kind::Write => (self.quota.writes, "Write"),
            Kind::Other => (None, ""),
        };
        let minute = now.timestamp().div_euclid(60);
        let window = self.spent.entry((user.to_owned(), kind)).or_default();
        if window.0 != minute {
            *window = (minute, 0);
        }
        window.1 = window.1.saturating_add(1);
        match limit {
            Some(limit) if window.1 > limit => Err(ApiError::quota(what, limit)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    const READ: Api = Api::Sheets(Kind::Read);
    const WRITE: Api = Api::Sheets(Kind::Write);

    fn at(second: i64) -> Time {
        chrono::Utc.timestamp_opt(1_800_000_000 + second, 0).unwrap()
    }

    fn access(reads: Option<u32>) -> Access {
        Access::new(Quota { reads, writes: Some(1) })
    }

    fn grant(scope: &str) -> Grant {
        Grant { user: "bot@example.com".to_owned(), scopes: vec![format!("{SCOPE_PREFIX}{scope}")] }
    }

    fn check(access: &mut Access, token: &str, api: Api, second: i64, expect: Result<(), &str>) {
        let admitted = access.admit(Some(token), api, at(second)).map(|_| ()).map_err(|error| error.message);
        let starts = |message: &String| expect.is_err_and(|expect| message.starts_with(expect));
        assert!(admitted.is_ok() == expect.is_ok() && admitted.as_ref().err().is_none_or(starts), "{admitted:?}");
    }

    #[test]
    fn tokens_expire() {
        let mut access = access(None);
        let token = access.issue(grant("spreadsheets"), at(0));
        check(&mut access, &token, READ, 3598, Ok(()));
        check(&mut access, &token, READ, 3599, Err("Request had invalid authentication credentials."));
        check(&mut access, "other", READ, 0, Err("Request had invalid authentication credentials."));
        let token = access.issue(grant("spreadsheets"), at(0));
        access.expire();
        check(&mut access, &token, READ, 1, Err("Request had invalid authentication credentials."));
    }

    #[test]
    fn scopes_limit() {
        let mut access = access(None);
        let token = access.issue(grant("spreadsheets.readonly"), at(0));
        check(&mut access, &token, READ, 0, Ok(()));
        check(&mut access, &token, WRITE, 0, Err("Request had insufficient authentication scopes."));
        check(&mut access, &token, Api::Drive(Kind::Read), 0, Err("Request had insufficient authentication scopes."));
    }

    #[test]
    fn quotas_refill_each_minute() {
        let mut access = access(Some(2));
        let token = access.issue(grant("spreadsheets"), at(0));
        check(&mut access, &token, READ, 0, Ok(()));
        check(&mut access, &token, READ, 59, Ok(()));
        check(&mut access, &token, WRITE, 59, Ok(()));
        check(&mut access, &token, READ, 59, Err("Quota exceeded for quota metric 'Read requests'"));
        check(&mut access, &token, WRITE, 59, Err("Quota exceeded for quota metric 'Write requests'"));
        check(&mut access, &token, READ, 60, Ok(()));
    }
}
