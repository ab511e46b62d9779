//! Which API method a request is for.

use axum::http::Method as Verb;
use percent_encoding::percent_decode_str;

use crate::lab::gate::Kind;

/// The methods of the Sheets API: all that the discovery document has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Create,
    Get,
    GetByFilter,
    BatchUpdate,
    CopyTo,
    MetadataGet,
    MetadataSearch,
    ValuesGet,
    ValuesBatchGet,
    ValuesBatchGetByFilter,
    ValuesUpdate,
    ValuesBatchUpdate,
    ValuesBatchUpdateByFilter,
    ValuesAppend,
    ValuesClear,
    ValuesBatchClear,
    ValuesBatchClearByFilter,
}

/// What the discovery document says of a method.
struct About {
    name: &'static str,
    kind: Kind,
    /// Query parameters beside those that every method takes.
    parameters: &'static [&'static str],
    /// The type of its body and the name that messages give to it; the type is empty where there is no body.
    body: (&'static str, &'static str),
    answer: &'static str,
}

const READ: &[&str] = &["dateTimeRenderOption", "majorDimension", "valueRenderOption"];
const WRITE: &[&str] = &[
    "includeValuesInResponse",
    "responseDateTimeRenderOption",
    "responseValueRenderOption",
    "valueInputOption",
    "insertDataOption",
];

impl Method {
    /// All of them.
    #[cfg(test)]
    pub(super) const ALL: [Self; 17] = [
        Self::Create,
        Self::Get,
        Self::GetByFilter,
        Self::BatchUpdate,
        Self::CopyTo,
        Self::MetadataGet,
        Self::MetadataSearch,
        Self::ValuesGet,
        Self::ValuesBatchGet,
        Self::ValuesBatchGetByFilter,
        Self::ValuesUpdate,
        Self::ValuesBatchUpdate,
        Self::ValuesBatchUpdateByFilter,
        Self::ValuesAppend,
        Self::ValuesClear,
        Self::ValuesBatchClear,
        Self::ValuesBatchClearByFilter,
    ];

    fn about(self) -> About {
        let about = |name, kind, parameters, body, answer| About { name, kind, parameters, body, answer };
        match self {
            Self::Create => {
                about("spreadsheets.create", Kind::Write, &[], ("Spreadsheet", "spreadsheet"), "Spreadsheet")
            }
            Self::Get => {
                let parameters = &["commentsViewMode", "excludeTablesInBandedRanges", "includeGridData", "ranges"];
                about("spreadsheets.get", Kind::Read, parameters, ("", ""), "Spreadsheet")
            }
            Self::GetByFilter => {
                let body = ("GetSpreadsheetByDataFilterRequest", "");
                about("spreadsheets.getByDataFilter", Kind::Read, &[], body, "Spreadsheet")
            }
            Self::BatchUpdate => {
                let body = ("BatchUpdateSpreadsheetRequest", "");
                about("spreadsheets.batchUpdate", Kind::Write, &[], body, "BatchUpdateSpreadsheetResponse")
            }
            Self::CopyTo => about(
                "sheets.copyTo",
                Kind::Write,
                &[],
                ("CopySheetToAnotherSpreadsheetRequest", ""),
                "SheetProperties",
            ),
            Self::MetadataGet => about("developerMetadata.get", Kind::Read, &[], ("", ""), "DeveloperMetadata"),
            Self::MetadataSearch => {
                let body = ("SearchDeveloperMetadataRequest", "");
                about("developerMetadata.search", Kind::Read, &[], body, "SearchDeveloperMetadataResponse")
            }
            Self::ValuesGet => about("values.get", Kind::Read, READ, ("", ""), "ValueRange"),
            Self::ValuesBatchGet => {
                let parameters = &["dateTimeRenderOption", "majorDimension", "ranges", "valueRenderOption"];
                about("values.batchGet", Kind::Read, parameters, ("", ""), "BatchGetValuesResponse")
            }
            Self::ValuesBatchGetByFilter => {
                let body = ("BatchGetValuesByDataFilterRequest", "");
                about("values.batchGetByDataFilter", Kind::Read, &[], body, "BatchGetValuesByDataFilterResponse")
            }
            Self::ValuesUpdate => {
                about("values.update", Kind::Write, &WRITE[..4], ("ValueRange", "data"), "UpdateValuesResponse")
            }
            Self::ValuesAppend => {
                about("values.append", Kind::Write, WRITE, ("ValueRange", "data"), "AppendValuesResponse")
            }
            Self::ValuesBatchUpdate => {
                let body = ("BatchUpdateValuesRequest", "");
                about("values.batchUpdate", Kind::Write, &[], body, "BatchUpdateValuesResponse")
            }
            Self::ValuesBatchUpdateByFilter => {
                let body = ("BatchUpdateValuesByDataFilterRequest", "");
                about("values.batchUpdateByDataFilter", Kind::Write, &[], body, "BatchUpdateValuesByDataFilterResponse")
            }
            Self::ValuesClear => {
                about("values.clear", Kind::Write, &[], ("ClearValuesRequest", ""), "ClearValuesResponse")
            }
            Self::ValuesBatchClear => about(
                "values.batchClear",
                Kind::Write,
                &[],
                ("BatchClearValuesRequest", ""),
                "BatchClearValuesResponse",
            ),
            Self::ValuesBatchClearByFilter => {
                let body = ("BatchClearValuesByDataFilterRequest", "");
                about("values.batchClearByDataFilter", Kind::Write, &[], body, "BatchClearValuesByDataFilterResponse")
            }
        }
    }

    /// The name under which the gate counts it.
    pub(super) fn name(self) -> &'static str {
        self.about().name
    }

    /// Which quota it is counted against.
    pub(super) fn kind(self) -> Kind {
        self.about().kind
    }

    /// Query parameters beside those that every method takes.
    pub(super) fn parameters(self) -> &'static [&'static str] {
        self.about().parameters
    }

    /// The type of its body and the name that messages give to it. `None`: it takes no body.
    pub(super) fn body(self) -> Option<(&'static str, &'static str)> {
        Some(self.about().body).filter(|(of, _)| !of.is_empty())
    }

    /// The type of its answer.
    pub(super) fn answer(self) -> &'static str {
        self.about().answer
    }
}

/// A method with what its path says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub method: Method,
    pub id: String,
    /// Of the methods on one range; the id of the sheet or the metadata for those on one of these; else empty.
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
    if path.is_empty() {
        return if post { call(Method::Create, "", "") } else { None };
    }
    let Some((id, rest)) = path.split_once('/') else {
        return match path.split_once(':') {
            None if get => call(Method::Get, path, ""),
            Some((id, "batchUpdate")) if post => call(Method::BatchUpdate, id, ""),
            Some((id, "getByDataFilter")) if post => call(Method::GetByFilter, id, ""),
            _ => None,
        };
    };
    match rest {
        "values:batchGet" if get => return call(Method::ValuesBatchGet, id, ""),
        "values:batchUpdate" if post => return call(Method::ValuesBatchUpdate, id, ""),
        "values:batchClear" if post => return call(Method::ValuesBatchClear, id, ""),
        "values:batchGetByDataFilter" if post => return call(Method::ValuesBatchGetByFilter, id, ""),
        "values:batchUpdateByDataFilter" if post => return call(Method::ValuesBatchUpdateByFilter, id, ""),
        "values:batchClearByDataFilter" if post => return call(Method::ValuesBatchClearByFilter, id, ""),
        "developerMetadata:search" if post => return call(Method::MetadataSearch, id, ""),
        _ => {}
    }
    if let Some(metadata) = rest.strip_prefix("developerMetadata/") {
        return if get { call(Method::MetadataGet, id, metadata) } else { None };
    }
    if let Some(sheet) = rest.strip_prefix("sheets/").and_then(|rest| rest.strip_suffix(":copyTo")) {
        return if post { call(Method::CopyTo, id, sheet) } else { None };
    }
    let range = rest.strip_prefix("values/")?;
    if get {
        return call(Method::ValuesGet, id, range);
    }
    if put {
        return call(Method::ValuesUpdate, id, range);
    }
    // Some clients encode the colon of the custom method too.
    let (range, method) = range.rsplit_once(':').or_else(|| range.rsplit_once("%3A"))?;
    match method {
        "append" if post => call(Method::ValuesAppend, id, range),
        "clear" if post => call(Method::ValuesClear, id, range),
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
        check(&Verb::POST, "1aB-_:getByDataFilter", Some((Method::GetByFilter, "")));
        check(&Verb::POST, "1aB-_/sheets/17:copyTo", Some((Method::CopyTo, "17")));
        check(&Verb::GET, "1aB-_/developerMetadata/5", Some((Method::MetadataGet, "5")));
        check(&Verb::POST, "1aB-_/developerMetadata:search", Some((Method::MetadataSearch, "")));
        check(&Verb::POST, "1aB-_/values:batchGetByDataFilter", Some((Method::ValuesBatchGetByFilter, "")));
        check(&Verb::POST, "1aB-_:unknown", None);
    }
}
