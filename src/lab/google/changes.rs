//! Drive's feed of changes, and the push notifications about it and about single files.

use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use super::documents::user_id;
use super::drive::{self, FILE_FIELDS};
use super::drive_files::number;
use super::error::ApiError;
use super::query::Query;
use super::schema::DRIVE;
use super::{GoogleFace, State};
use crate::clock::{self, Time};
use crate::lab::courier::Parcel;

/// How long a channel may live, and how long it does when nothing is said:
/// <https://developers.google.com/workspace/drive/api/guides/push>.
const FILE_DAYS_MAX: i64 = 1;
const CHANGES_DAYS_MAX: i64 = 7;
const USUAL_HOURS: i64 = 1;

/// What happened, in order, and who wants to hear of it.
#[derive(Default)]
pub(super) struct Feed {
    /// File and time of each change; the number of a change is its place, from one.
    changes: Vec<(String, Time)>,
    channels: Vec<Channel>,
}

/// Somebody who is told of changes.
#[derive(Clone)]
struct Channel {
    id: String,
    token: Option<String>,
    address: String,
    /// The file that is watched; `None`: all changes.
    file: Option<String>,
    owner: String,
    expires: Time,
    resource_id: String,
    resource_uri: String,
    messages: u64,
}

impl Channel {
    fn parcel(&self, state: &str, changed: &str) -> Parcel {
        let mut headers = vec![
            ("User-Agent", "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)".to_owned()),
            ("Content-Type", "application/json; utf-8".to_owned()),
            ("X-Goog-Channel-ID", self.id.clone()),
            ("X-Goog-Channel-Expiration", self.expires.format("%a, %d %b %Y %H:%M:%S GMT").to_string()),
            ("X-Goog-Resource-State", state.to_owned()),
            ("X-Goog-Message-Number", self.messages.to_string()),
            ("X-Goog-Resource-ID", self.resource_id.clone()),
            ("X-Goog-Resource-URI", self.resource_uri.clone()),
        ];
        headers.extend(self.token.clone().map(|token| ("X-Goog-Channel-Token", token)));
        if !changed.is_empty() {
            headers.push(("X-Goog-Changed", changed.to_owned()));
        }
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Parcel { url: self.address.clone(), headers, body: Vec::new() }
    }
}

impl GoogleFace {
    /// Put a change into the feed, and tell those who watch. `state` is what happened to the file, `changed` to what of
    /// it.
    pub(super) fn noted(&self, held: &mut State, file: &str, state: &str, changed: &str) {
        let now = self.gate().now();
        held.feed.changes.push((file.to_owned(), now));
        held.feed.channels.retain(|channel| channel.expires > now);
        for channel in &mut held.feed.channels {
            let parcel = match &channel.file {
                Some(watched) if watched != file => continue,
                Some(_) => {
                    channel.messages += 1;
                    channel.parcel(state, if state == "update" { changed } else { "" })
                }
                None => {
                    channel.messages += 1;
                    channel.parcel("change", "")
                }
            };
            self.post(parcel);
        }
    }

    /// Deliver a notification. There is no runtime to deliver on where nobody listens: in tests without one.
    fn post(&self, parcel: Parcel) {
        if tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let Parcel { url, headers, body } = parcel;
        let build = move || Some(Parcel { url: url.clone(), headers: headers.clone(), body: body.clone() });
        self.0.courier.send(build, |_| {});
    }
}

/// `changes.getStartPageToken`: what comes after all that happened.
pub(super) fn start_token(face: &GoogleFace, query: &Query) -> Result<Json, ApiError> {
    let token = face.state().feed.changes.len() + 1;
    let answer = json!({ "kind": "drive#startPageToken", "startPageToken": token.to_string() });
    drive::cut("StartPageToken", query.one("fields"), "*", answer)
}

/// Where a page of changes starts.
fn from_token(query: &Query, last: usize) -> Result<usize, ApiError> {
    let location = Some(("pageToken", "parameter"));
    let Some(token) = query.one("pageToken") else {
        return Err(ApiError::drive(400, "required", "Required parameter: pageToken", location));
    };
    let number = token.parse::<usize>().ok().filter(|number| (1..=last + 1).contains(number));
    number.map(|number| number - 1).ok_or_else(|| ApiError::drive(400, "invalid", "Invalid Value", location))
}

/// `changes.list`: each file once, as it is now.
pub(super) fn list(face: &GoogleFace, query: &Query, caller: &str) -> Result<Json, ApiError> {
    let held = face.state();
    let all = &held.feed.changes;
    let start = from_token(query, all.len())?;
    let size = number(query, "pageSize", 100, 1000)?;
    let end = all.len().min(start + size);
    let page = all.get(start..end).unwrap_or_default();
    let mut changes = Vec::new();
    for (index, (id, time)) in page.iter().enumerate() {
        if page.iter().skip(index + 1).any(|(later, _)| later == id) {
            continue;
        }
        let document = held.documents.0.get(id).filter(|document| document.role(caller).is_some());
        let mut change = json!({
            "kind": "drive#change", "type": "file", "changeType": "file", "fileId": id, "time": drive::time(*time),
            "removed": document.is_none(),
        });
        if let Some(document) = document {
            change["file"] = drive::file(id, document, caller);
        }
        changes.push(change);
    }
    let mut answer = json!({ "kind": "drive#changeList", "changes": changes });
    let (name, token) = if end < all.len() { ("nextPageToken", end + 1) } else { ("newStartPageToken", all.len() + 1) };
    answer[name] = json!(token.to_string());
    let usual = format!(
        "kind,nextPageToken,newStartPageToken,changes(kind,type,changeType,fileId,time,removed,file({FILE_FIELDS}))"
    );
    drive::cut("ChangeList", query.one("fields"), &usual, answer)
}

/// `files.watch` (with a file) and `changes.watch`.
pub(super) fn watch(
    face: &GoogleFace,
    file: Option<&str>,
    body: &Json,
    query: &Query,
    caller: &str,
) -> Result<Json, ApiError> {
    let given = DRIVE.read_leniently("Channel", body);
    let mut held = face.state();
    match file {
        Some(id) => drop(held.documents.seen(id, caller)?),
        None => drop(from_token(query, held.feed.changes.len())?),
    }
    let required = |name: &str| ApiError::drive(400, "required", "Required", Some((name, "other")));
    let text = |name: &str| given[name].as_str().filter(|text| !text.is_empty());
    let id = text("id").ok_or_else(|| required("entity.id"))?;
    if !matches!(text("type").ok_or_else(|| required("entity.type"))?, "web_hook" | "webhook") {
        return Err(ApiError::drive(400, "invalidParameter", "Unknown channel type.", None));
    }
    let address = text("address").ok_or_else(|| required("entity.address"))?;
    if !is_callable(address) {
        let message = format!("WebHook callback must be HTTPS: {address}");
        return Err(ApiError::drive(400, "push.webhookUrlNotHttps", &message, None));
    }
    if held.feed.channels.iter().any(|channel| channel.id == id) {
        return Err(ApiError::drive(400, "channelIdNotUnique", &format!("Channel id {id} not unique"), None));
    }
    let now = clock::now();
    let longest = now + TimeDelta::days(if file.is_some() { FILE_DAYS_MAX } else { CHANGES_DAYS_MAX });
    let wanted = text("expiration").and_then(|millis| millis.parse::<i64>().ok());
    let wanted = wanted.and_then(chrono::DateTime::from_timestamp_millis);
    let path = file.map_or_else(
        || format!("changes?alt=json&pageToken={}", query.one("pageToken").unwrap_or_default()),
        |id| format!("files/{id}?alt=json"),
    );
    let mut channel = Channel {
        id: id.to_owned(),
        token: text("token").map(str::to_owned),
        address: address.to_owned(),
        file: file.map(str::to_owned),
        owner: caller.to_owned(),
        expires: wanted.unwrap_or(now + TimeDelta::hours(USUAL_HOURS)).min(longest),
        resource_id: user_id(file.unwrap_or(caller)),
        resource_uri: format!("https://www.googleapis.com/drive/v3/{path}"),
        messages: 1,
    };
    let mut answer = json!({
        "kind": "api#channel", "id": id, "resourceId": channel.resource_id, "resourceUri": channel.resource_uri,
        "expiration": channel.expires.timestamp_millis().to_string(),
    });
    if let Some(token) = &channel.token {
        answer["token"] = json!(token);
    }
    face.post(channel.parcel("sync", ""));
    channel.messages = 1;
    held.feed.channels.push(channel);
    Ok(answer)
}

/// Google calls HTTPS only. The lab calls this machine without, too: nobody here has a certificate.
fn is_callable(address: &str) -> bool {
    let Ok(url) = url::Url::parse(address) else { return false };
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

/// `channels.stop`.
pub(super) fn stop(face: &GoogleFace, body: &Json, caller: &str) -> Result<Json, ApiError> {
    let given = DRIVE.read_leniently("Channel", body);
    let mut held = face.state();
    let (id, resource) = (given["id"].as_str().unwrap_or_default(), given["resourceId"].as_str().unwrap_or_default());
    let before = held.feed.channels.len();
    held.feed
        .channels
        .retain(|channel| !(channel.id == id && channel.resource_id == resource && channel.owner == caller));
    if held.feed.channels.len() < before {
        return Ok(Json::Null);
    }
    let message = format!("Channel '{id}' not found for project '100000000000'");
    Err(ApiError::drive(404, "notFound", &message, None))
}
