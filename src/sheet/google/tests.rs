//! Calls over real HTTP, against a server that records what is asked and answers what it is told.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::catalog::Cell;
use crate::sheet::{Applied, Seen};

/// One request as it arrived.
#[derive(Debug, Clone)]
struct Asked {
    line: String,
    token: String,
    body: Value,
}

#[derive(Default)]
struct Script {
    asked: Vec<Asked>,
    answers: VecDeque<(u16, String)>,
    tokens: VecDeque<(u16, Value)>,
}

/// The server, and where it listens.
#[derive(Clone)]
struct Server {
    script: Arc<Mutex<Script>>,
    url: String,
    folder: Arc<tempfile::TempDir>,
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let header = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let line = format!("{} {}", request.method(), percent_decoded(&request.uri().to_string()));
    let bytes = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let mut script = script.lock().unwrap();
    if line == "POST /token" {
        let (status, body) = script.tokens.pop_front().unwrap_or((400, json!({"error": "invalid_grant"})));
        return (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response();
    }
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    script.asked.push(Asked { line, token: header.unwrap_or_default(), body });
    let (status, body) = script.answers.pop_front().unwrap_or((500, String::new()));
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

fn percent_decoded(uri: &str) -> String {
    percent_encoding::percent_decode_str(uri).decode_utf8().unwrap().into_owned()
}

impl Server {
    async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { script, url, folder: Arc::new(tempfile::tempdir().unwrap()) }
    }

    fn will_answer(&self, status: u16, body: impl ToString) {
        self.script.lock().unwrap().answers.push_back((status, body.to_string()));
    }

    fn will_give_token(&self, token: &str) {
        let body = json!({"access_token": token, "refresh_token": "renew", "expires_in": 3600, "token_type": "Bearer"});
        self.script.lock().unwrap().tokens.push_back((200, body));
    }

    fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }

    fn token_cache(&self) -> PathBuf {
        self.folder.path().join("token.json")
    }

    fn settings(&self) -> GoogleSettings {
        let client = json!({"installed": {
            "client_id": "id", "client_secret": "hush", "redirect_uris": ["http://localhost"],
            "auth_uri": "https://accounts.example/auth", "token_uri": format!("{}/token", self.url),
        }});
        let account = Account::Installed {
            client_secret_json: SecretString::from(client.to_string()),
            token_cache: self.token_cache(),
        };
        GoogleSettings {
            spreadsheet_id: "book-1".to_owned(),
            account,
            sheets_url: Some(self.url.parse().unwrap()),
            drive_url: Some(format!("{}/drive/v3", self.url).parse().unwrap()),
        }
    }

    /// A workbook with a sign-in that is good.
    async fn workbook(&self) -> GoogleWorkbook {
        let mut scopes = SCOPES;
        scopes.sort_unstable();
        let token = json!({"access_token": "first", "refresh_token": "renew", "expires_at": null, "id_token": null});
        std::fs::write(self.token_cache(), json!({"scopes": scopes, "token": token}).to_string()).unwrap();
        GoogleWorkbook::new(self.settings()).await.unwrap()
    }
}

fn range(rows: std::ops::Range<u32>, columns: std::ops::Range<u32>) -> CellRange {
    CellRange { tab: "Joe's".to_owned(), rows, columns }
}

#[tokio::test]
async fn asks_what_the_api_expects() {
    let server = Server::start().await;
    let book = server.workbook().await;
    server.will_answer(200, json!({"version": "42"}));
    assert_eq!(book.version().await.unwrap(), 42);
    let grid = json!({"rowCount": 1000, "columnCount": 26});
    server.will_answer(
        200,
        json!({"properties": {"locale": "de_DE"}, "sheets": [
            {"properties": {"title": "Joe's", "index": 0, "gridProperties": grid}},
            {"properties": {"title": "Chart", "sheetId": 7, "sheetType": "OBJECT"}},
        ]}),
    );
    let shape = book.shape().await.unwrap();
    let tab = TabShape { title: "Joe's".to_owned(), sheet_id: 0, rows: 1000, columns: 26 };
    assert_eq!(shape, Shape { locale: "de_DE".to_owned(), tabs: vec![tab] });
    server
        .will_answer(200, json!({"valueRanges": [{"range": "x", "values": [["A", 1.5], [], ["B"]]}, {"range": "y"}]}));
    let grids = book.read(&[range(1..4, 0..2), range(0..1, 3..CellRange::OPEN)], Render::Formulas).await.unwrap();
    let text = |text: &str| Cell::Text(text.to_owned());
    assert_eq!(grids, [vec![vec![text("A"), Cell::Number(1.5)], vec![], vec![text("B")]], vec![]]);
    let asked = server.asked();
    let lines: Vec<&str> = asked.iter().map(|asked| asked.line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "GET /drive/v3/files/book-1?supportsAllDrives=true&fields=version&alt=json",
            "GET /v4/spreadsheets/book-1?fields=properties.locale,sheets.properties&alt=json",
            "GET /v4/spreadsheets/book-1/values:batchGet?valueRenderOption=FORMULA&ranges='Joe''s'!A2:B4&ranges='Joe''s'!\
             D1:ZZZ1&majorDimension=ROWS&dateTimeRenderOption=SERIAL_NUMBER&alt=json",
        ]
    );
    assert!(asked.iter().all(|asked| asked.token == "Bearer first"));
}

#[tokio::test]
async fn a_write_asks_for_what_it_leaves() {
    let server = Server::start().await;
    let book = server.workbook().await;
    server.will_answer(200, json!({"sheets": [{"properties": {"title": "Joe's", "gridProperties": {}}}]}));
    book.shape().await.unwrap();
    let sheets = json!([{"properties": {"title": "Joe's"}, "data": [
        {"startColumn": 3},
        {"startRow": 1, "rowData": [
            {"values": [{"userEnteredValue": {"formulaValue": "=1/0"}, "effectiveValue": {"errorValue": {"type": "REF"}}}]},
            {},
            {"values": [{}, {"effectiveValue": {"stringValue": "filled"}}]},
        ]},
    ]}]);
    let replies = json!([{"findReplace": {"occurrencesChanged": 1}}, {}, {"findReplace": {}}]);
    server.will_answer(200, json!({"replies": replies, "updatedSpreadsheet": {"sheets": sheets}}));
    let cell = |row, value, only_if| CellWrite { tab: "Joe's".to_owned(), row, column: 2, value, only_if };
    let cells = [
        cell(3, Cell::Blank, None),
        cell(2, Cell::Number(5.0), None),
        cell(1, Cell::Number(3.0), Some(4)),
        cell(9, Cell::Number(3.0), Some(4)),
    ];
    let receipt = book.write(&cells, &[range(1..4, 0..2), range(0..1, 3..5)]).await.unwrap();
    assert_eq!(receipt.applied, [Applied::Plainly, Applied::Plainly, Applied::Matched, Applied::Not]);
    let seen = |cell: Cell, formula| Seen { cell, formula };
    let error = Cell::Error("REF".to_owned());
    let filled = vec![seen(Cell::Blank, false), seen(Cell::from_text("filled"), true)];
    assert_eq!(receipt.left, [vec![vec![seen(error, true)], vec![], filled], vec![]]);

    let asked = server.asked().pop().unwrap();
    let line = "POST /v4/spreadsheets/book-1:batchUpdate?fields=replies,updatedSpreadsheet.sheets(properties(title),\
                data(startRow,startColumn,rowData.values(userEnteredValue,effectiveValue)))&alt=json";
    assert_eq!(asked.line, line);
    let place = |row: u32| json!({"sheetId": 0, "startRowIndex": row, "endRowIndex": row + 1, "startColumnIndex": 2, "endColumnIndex": 3});
    let swap = |row: u32| {
        let texts = json!({"find": "4", "replacement": "3", "matchCase": true, "matchEntireCell": true});
        let mut find = texts;
        find["range"] = place(row);
        json!({ "findReplace": find })
    };
    let run = json!({"updateCells": {
        "fields": "userEnteredValue",
        "start": {"sheetId": 0, "rowIndex": 2, "columnIndex": 2},
        "rows": [{"values": [{"userEnteredValue": {"numberValue": 5.0}}]}, {"values": [{}]}],
    }});
    let body = json!({
        "requests": [swap(1), run, swap(9)],
        "includeSpreadsheetInResponse": true,
        "responseIncludeGridData": true,
        "responseRanges": ["'Joe''s'!A2:B4", "'Joe''s'!D1:E1"],
    });
    assert_eq!(asked.body, body);
}

#[tokio::test]
async fn failures_are_sorted() {
    let server = Server::start().await;
    let book = server.workbook().await;
    let google = |code: u16, message: &str| json!({"error": {"code": code, "message": message}}).to_string();
    let cases = [
        (429, google(429, "Quota exceeded"), "Google's quota for this minute is used up"),
        (429, String::new(), "Google's quota for this minute is used up"),
        (503, google(503, "Busy"), "Google's answer was lost: Busy"),
        (502, "<html>".to_owned(), "Google's answer was lost: HTTP 502"),
        (200, "<html>".to_owned(), "unexpected answer from Google: not the JSON of this API, at line 1"),
        (200, "{\"total".to_owned(), "Google's answer was lost: the answer broke off"),
        (200, "{}".to_owned(), "unexpected answer from Google: 1 writes sent, 0 answered"),
        (200, json!({"replies": [{}]}).to_string(), "unexpected answer from Google: 'A'!A1:A1 is not shown"),
        (
            403,
            google(403, "The caller does not have permission"),
            "Google refuses access: The caller does not have permission; share it with the account that signed in as an \
             editor",
        ),
        (400, google(400, "Unable to parse range"), "Google refused the request: Unable to parse range"),
    ];
    let properties = json!({"title": "A", "gridProperties": {"rowCount": 9, "columnCount": 9}});
    server.will_answer(200, json!({"sheets": [{"properties": properties}]}));
    book.shape().await.unwrap();
    let cell = CellWrite { tab: "A".to_owned(), row: 1, column: 1, value: Cell::Number(1.0), only_if: None };
    for (status, body, expect) in cases {
        server.will_answer(status, &body);
        let look = CellRange { tab: "A".to_owned(), rows: 0..1, columns: 0..1 };
        let error = book.write(std::slice::from_ref(&cell), &[look]).await.unwrap_err();
        assert_eq!(error.to_string(), expect, "{status} {body}");
        assert_eq!(error.maybe_done(), status >= 500 || status == 200, "{status} {body}");
    }
}

#[tokio::test]
async fn a_host_that_is_not_there_got_nothing() {
    let server = Server::start().await;
    let mut book = server.workbook().await;
    book.sheets.base_url("http://127.0.0.1:1/".to_owned());
    assert!(matches!(book.shape().await, Err(SheetError::Connect(_))));
}

#[tokio::test]
async fn long_ranges_are_asked_for_in_several_calls() {
    let server = Server::start().await;
    let book = server.workbook().await;
    let ranges: Vec<CellRange> = (0..300).map(|row| range(10 * row..10 * row + 1, 0..1)).collect();
    let wanted: Vec<String> = ranges.iter().map(a1::range).collect();
    let mut sizes = Vec::new();
    let mut rest = wanted.as_slice();
    while !rest.is_empty() {
        sizes.push(fitting(rest));
        rest = &rest[fitting(rest)..];
    }
    for size in &sizes {
        server.will_answer(200, json!({"valueRanges": vec![json!({"values": [["x"]]}); *size]}));
    }
    let grids = book.read(&ranges, Render::Values).await.unwrap();
    assert_eq!(grids.len(), 300);
    assert!((2..6).contains(&sizes.len()), "{sizes:?}");
    server.will_answer(200, json!({"valueRanges": []}));
    assert!(matches!(book.read(&ranges[..1], Render::Values).await, Err(SheetError::Unexpected(_))));
}

#[tokio::test]
async fn a_refused_token_is_renewed_for_the_next_call() {
    let server = Server::start().await;
    let book = server.workbook().await;
    server.will_answer(401, json!({"error": {"code": 401, "message": "Invalid Credentials"}}));
    assert!(matches!(book.version().await, Err(SheetError::Access(_))));
    server.will_give_token("second");
    server.will_answer(200, json!({"version": "1"}));
    assert_eq!(book.version().await.unwrap(), 1);
    assert_eq!(server.asked().last().unwrap().token, "Bearer second");
}

#[tokio::test]
async fn nobody_is_asked_to_sign_in_by_a_daemon() {
    let server = Server::start().await;
    let book = GoogleWorkbook::new(server.settings()).await.unwrap();
    let error = book.version().await.unwrap_err();
    assert_eq!(error.to_string(), "Google refuses access: nobody has signed in yet; sign in once");

    let book = server.workbook().await;
    server.will_answer(401, "");
    assert!(book.version().await.is_err());
    let error = book.version().await.unwrap_err();
    assert!(matches!(&error, SheetError::Connect(why) if why.contains("sign-in was not renewed")), "{error}");
    assert_eq!(server.asked().len(), 1, "without a token nothing is asked");
}

#[tokio::test]
async fn a_person_signs_in_once() {
    let server = Server::start().await;
    let settings = server.settings();
    let book = GoogleWorkbook::new(settings.clone()).await.unwrap();
    server.will_give_token("mine");
    // The browser: Google sends it back to the loopback address with a code.
    let browser = |address: &str| {
        let address: Url = address.parse().unwrap();
        let back = address.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();
        let back: Url = back.parse().unwrap();
        std::thread::spawn(move || {
            use std::io::{Read, Write};
            let mut stream = std::net::TcpStream::connect(("127.0.0.1", back.port().unwrap())).unwrap();
            stream.write_all(b"GET /?code=abc HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
            stream.read_to_string(&mut String::new()).unwrap();
        });
    };
    book.sign_in(browser).await.unwrap();
    server.will_answer(200, json!({"version": "1"}));
    book.version().await.unwrap();
    let later = GoogleWorkbook::new(settings).await.unwrap();
    later.sign_in(|_| panic!("signed in already")).await.unwrap();
    server.will_answer(200, json!({"version": "2"}));
    assert_eq!(later.version().await.unwrap(), 2);
    assert!(server.asked().iter().all(|asked| asked.token == "Bearer mine"));
}

#[tokio::test]
async fn unusable_settings_are_refused_without_quoting_secrets() {
    let server = Server::start().await;
    let settings = server.settings();
    let refused = |change: &dyn Fn(&mut GoogleSettings)| {
        let mut settings = settings.clone();
        change(&mut settings);
        async { GoogleWorkbook::new(settings).await.err().unwrap().to_string() }
    };
    let key = |json: Value| Account::ServiceAccount { key_json: SecretString::from(json.to_string()) };
    let bad_id = refused(&|settings| settings.spreadsheet_id = "https://docs.google.com/x".to_owned()).await;
    assert!(bad_id.contains("is not the id of a spreadsheet"), "{bad_id}");
    let not_a_key = refused(&|settings| settings.account = key(json!("secret"))).await;
    assert!(not_a_key.contains("not the JSON file") && !not_a_key.contains("secret"), "{not_a_key}");
    let parts =
        json!({"private_key": "secret", "client_email": "robot@example.com", "token_uri": "https://t.example/"});
    let bad_pem = refused(&|settings| settings.account = key(parts.clone())).await;
    assert!(bad_pem.contains("cannot be used") && !bad_pem.contains("secret"), "{bad_pem}");
    let bad_uri = json!({"private_key": "secret", "client_email": "robot@example.com", "token_uri": "no address"});
    let bad_uri = refused(&|settings| settings.account = key(bad_uri.clone())).await;
    assert!(bad_uri.contains("token_uri is not a web address"), "{bad_uri}");
}

#[tokio::test]
async fn the_guard_waits_instead_of_failing() {
    let server = Server::start().await;
    // A burst of 20, then 40 per second: scaled up, the test need not wait a minute.
    let book = server.workbook().await.with_calls_per_minute(NonZeroU32::new(60 * 60).unwrap());
    let burst = 60 * 60 / 3;
    let started = Instant::now();
    for _ in 0..burst {
        book.writes.until_ready().await;
    }
    assert!(started.elapsed() < Duration::from_secs(1), "a burst passes at once");
    for _ in 0..8 {
        book.writes.until_ready().await;
    }
    let waited = started.elapsed();
    assert!(waited >= Duration::from_millis(100), "{waited:?}");
    book.reads.check().unwrap();
}
