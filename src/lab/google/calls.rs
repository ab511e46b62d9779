//! Which API method a request is for.

use axum::http::Method as Verb;
use percent_encoding::percent_decode_str;

use crate::lab::gate::Kind;

/// The methods of the Sheets API that the lab plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    BatchUpdate,
    ValuesGet,
    ValuesBatchGet,
    ValuesUpdate,
    ValuesBatchUpdate,
    ValuesAppend,
    ValuesClear,
    ValuesBatchClear,
}

impl Method {
    /// The name under which the gate counts it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "spreadsheets.get",
            Self::BatchUpdate => "spreadsheets.batchUpdate",
            Self::ValuesGet => "values.get",
            Self::ValuesBatchGet => "values.batchGet",
            Self::ValuesUpdate => "values.update",
            Self::ValuesBatchUpdate => "values.batchUpdate",
            Self::ValuesAppend => "values.append",
            Self::ValuesClear => "values.clear",
            Self::ValuesBatchClear => "values.batchClear",
        }
    }

    /// Which quota it is counted against.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Get | Self::ValuesGet | Self::ValuesBatchGet => Kind::Read,
            Self::BatchUpdate
            | Self::ValuesUpdate
            | Self::ValuesBatchUpdate
            | Self::ValuesAppend
            | Self::ValuesClear
            | Self::ValuesBatchClear => Kind::Write,
        }
    }

    /// Its own query parameters (discovery document of Sheets v4).
    pub(super) fn parameters(self) -> &'static [&'static str] {
        const WRITE: [&str; 4] = [
            "includeValuesInResponse",
            "responseDateTimeRenderOption",
            "responseValueRenderOption",
            "valueInputOption",
        ];
        const APPEND: [&str; 5] = [WRITE[0], WRITE[1], WRITE[2], WRITE[3], "insertDataOption"];
        match self {
            Self::Get => &["commentsViewMode", "excludeTablesInBandedRanges", "includeGridData", "ranges"],
            Self::ValuesGet => &["dateTimeRenderOption", "majorDimension", "valueRenderOption"],
            Self::ValuesBatchGet => &["dateTimeRenderOption", "majorDimension", "ranges", "valueRenderOption"],
            Self::ValuesUpdate => &WRITE,
            Self::ValuesAppend => &APPEND,
            Self::BatchUpdate | Self::ValuesBatchUpdate | Self::ValuesClear | Self::ValuesBatchClear => &[],
        }
    }

    /// The fields of its answer, which a `fields` mask may name.
    pub(super) fn answer_fields(self) -> &'static [&'static str] {
        match self {
            Self::Get => super::spreadsheet::FIELDS,
            Self::BatchUpdate => &["spreadsheetId", "replies", "updatedSpreadsheet", "commentUpdateState"],
            Self::ValuesGet => &["range", "majorDimension", "values"],
            Self::ValuesBatchGet => &["spreadsheetId", "valueRanges"],
            Self::ValuesUpdate => {
                &["spreadsheetId", "updatedRange", "updatedRows", "updatedColumns", "updatedCells", "updatedData"]
            }
            Self::ValuesBatchUpdate => &[
                "spreadsheetId",
                "totalUpdatedRows",
                "totalUpdatedColumns",
                "totalUpdatedCells",
                "totalUpdatedSheets",
                "responses",
            ],
            Self::ValuesAppend => &["spreadsheetId", "tableRange", "updates"],
            Self::ValuesClear => &["spreadsheetId", "clearedRange"],
            Self::ValuesBatchClear => &["spreadsheetId", "clearedRanges"],
        }
    }
}

/// A method with what its path says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub method: Method,
    pub id: String,
    /// Of the methods on one range; else empty.
    pub range: String,
}

/// Read the part of the path after `/v4/spreadsheets/`, still percent-encoded. A range may hold `/`, `!` and `:`, encoded
/// or not: clients differ.
pub(super) fn parse(verb: &Verb, path: &str) -> Option<Call> {
    let call = |method: Method, id: &str, range: &str| {
        let decode = |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
        Some(Call { method, id: decode(id)?, range: decode(range)? })
    };
    let (get, post, put) = (verb == Verb::GET, verb == Verb::POST, verb == Verb::PUT);
    let Some((id, rest)) = path.split_once('/') else {
        return match path.split_once(':') {
            None if get => call(Method::Get, path, ""),
            Some((id, "batchUpdate")) if post => call(Method::BatchUpdate, id, ""),
            _ => None,
        };
    };
    match rest {
        "values:batchGet" if get => return call(Method::ValuesBatchGet, id, ""),
        "values:batchUpdate" if post => return call(Method::ValuesBatchUpdate, id, ""),
        "values:batchClear" if post => return call(Method::ValuesBatchClear, id, ""),
        _ => {}
    }
    let range = rest.strip_prefix("values/")?;
    if get {
        return call(Method::ValuesGet, id, range);
    }
    if put {
        return call(Method::ValuesUpdate, id, range);
    }
    match range.rsplit_once(':') {
        Some((range, "append")) if post => call(Method::ValuesAppend, id, range),
        Some((range, "clear")) if post => call(Method::ValuesClear, id, range),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(verb: &Verb, path: &str, expect: Option<(Method, &str)>) {
        let found = parse(verb, path);
        assert!(found.iter().all(|call| call.id == "1aB-_"), "{path}");
        assert_eq!(found.as_ref().map(|call| (call.method, call.range.as_str())), expect, "{path}");
    }

    #[test]
    fn paths_of_real_clients() {
        check(&Verb::GET, "1aB-_", Some((Method::Get, "")));
        check(&Verb::POST, "1aB-_:batchUpdate", Some((Method::BatchUpdate, "")));
        check(&Verb::GET, "1aB-_/values:batchGet", Some((Method::ValuesBatchGet, "")));
        check(
            &Verb::GET,
            "1aB-_/values/%27All%20products%27%21A1%3AB2",
            Some((Method::ValuesGet, "'All products'!A1:B2")),
        );
        check(&Verb::GET, "1aB-_/values/'A/B'!A:A", Some((Method::ValuesGet, "'A/B'!A:A")));
        check(&Verb::PUT, "1aB-_/values/T!A1:B2", Some((Method::ValuesUpdate, "T!A1:B2")));
        check(&Verb::POST, "1aB-_/values/T!A1:B2:append", Some((Method::ValuesAppend, "T!A1:B2")));
        check(&Verb::POST, "1aB-_/values/T:clear", Some((Method::ValuesClear, "T")));
        check(&Verb::DELETE, "1aB-_", None);
        check(&Verb::POST, "1aB-_/values/T!A1", None);
        check(&Verb::POST, "1aB-_:getByDataFilter", None);
    }
}
