//! The face over real TCP, as programs see it: plain HTTP, and Google's own dialect through the generated client.

use google_sheets4::api::{BatchUpdateValuesRequest, ValueRange};
use google_sheets4::common::GetToken;
use google_sheets4::hyper_util::client::legacy::Client;
use google_sheets4::hyper_util::client::legacy::connect::HttpConnector;
use google_sheets4::hyper_util::rt::TokioExecutor;
use serde_json::{Value as Json, json};

use super::{GoogleFace, GoogleOptions, GridRefusal};
use crate::lab::gate::{Fault, FaultKind, Kind};

struct Lab {
    face: GoogleFace,
    root: String,
    http: reqwest::Client,
}

fn options() -> GoogleOptions {
    let rows = vec![
        vec![json!("SKU"), json!("Stock"), json!("Price")],
        vec![json!("00123"), json!(10), json!(12.5)],
        vec![json!("B-7"), json!(4), json!(8)],
    ];
    let tabs = vec![("All products".to_owned(), rows)];
    GoogleOptions { spreadsheet_id: "sheet-1".to_owned(), title: "Shop".to_owned(), tabs, ..GoogleOptions::default() }
}

async fn lab_with(options: GoogleOptions) -> Lab {
    // Another test may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let face = GoogleFace::new(options);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let root = format!("http://{}", listener.local_addr().unwrap());
    let router = face.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Lab { face, root, http: reqwest::Client::builder().build().unwrap() }
}

async fn lab() -> Lab {
    lab_with(options()).await
}

impl Lab {
    async fn call(&self, verb: &str, path: &str, body: Option<&Json>, token: &str) -> (u16, Json) {
        let verb = reqwest::Method::from_bytes(verb.as_bytes()).unwrap();
        let mut request = self.http.request(verb, format!("{}{path}", self.root)).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// A token of the merchant's own.
    async fn merchant(&self) -> String {
        let key = self.face.authorized_user_json("");
        let field = |name: &str| key[name].as_str().unwrap().to_owned();
        let form = [
            ("grant_type", "refresh_token".to_owned()),
            ("client_id", field("client_id")),
            ("client_secret", field("client_secret")),
            ("refresh_token", field("refresh_token")),
        ];
        let response = self.http.post(format!("{}/token", self.root)).form(&form).send().await.unwrap();
        let answer: Json = response.json().await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    async fn get(&self, path: &str) -> (u16, Json) {
        self.call("GET", path, None, &self.face.access_token()).await
    }

    async fn post(&self, path: &str, body: &Json) -> (u16, Json) {
        self.call("POST", path, Some(body), &self.face.access_token()).await
    }

    fn sheets<T: GetToken + 'static>(&self, token: T) -> google_sheets4::Sheets<HttpConnector> {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let mut hub = google_sheets4::Sheets::new(client, token);
        hub.base_url(format!("{}/", self.root));
        hub.root_url(format!("{}/", self.root));
        hub
    }
}

fn message(answer: &Json) -> &str {
    answer["error"]["message"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn the_generated_client_makes_a_round_trip() {
    let lab = lab().await;
    let hub = lab.sheets(lab.face.access_token());
    let cells = |range: &str, value: Json| ValueRange {
        range: Some(range.to_owned()),
        values: Some(vec![vec![value]]),
        ..ValueRange::default()
    };
    let request = BatchUpdateValuesRequest {
        value_input_option: Some("RAW".to_owned()),
        data: Some(vec![cells("'All products'!B2", json!(9)), cells("'All products'!A3", json!("=00"))]),
        ..BatchUpdateValuesRequest::default()
    };
    let (_, written) = hub.spreadsheets().values_batch_update(request, "sheet-1").doit().await.unwrap();
    assert_eq!((written.total_updated_cells, written.total_updated_sheets), (Some(2), Some(1)));

    let read = hub
        .spreadsheets()
        .values_batch_get("sheet-1")
        .add_ranges("'All products'!A2:B")
        .add_ranges("'All products'!C2:C2")
        .value_render_option("UNFORMATTED_VALUE")
        .doit();
    let ranges = read.await.unwrap().1.value_ranges.unwrap();
    assert_eq!(ranges[0].values, Some(vec![vec![json!("00123"), json!(9)], vec![json!("=00"), json!(4)]]));
    assert_eq!(ranges[1].range.as_deref(), Some("'All products'!C2"));

    let (_, one) = hub.spreadsheets().values_get("sheet-1", "'All products'!1:1").doit().await.unwrap();
    assert_eq!(one.values, Some(vec![vec![json!("SKU"), json!("Stock"), json!("Price")]]));

    let masked = hub.spreadsheets().get("sheet-1").param("fields", "sheets.properties,properties.locale").doit();
    let book = masked.await.unwrap().1;
    assert_eq!(book.properties.unwrap().locale.as_deref(), Some("en_US"));
    assert_eq!(book.spreadsheet_id, None);
    assert_eq!(book.sheets.unwrap()[0].properties.as_ref().unwrap().title.as_deref(), Some("All products"));

    let refused = hub.spreadsheets().values_get("sheet-1", "Nope!A1").doit().await.unwrap_err();
    let google_sheets4::Error::BadRequest(body) = refused else { panic!("{refused:?}") };
    assert_eq!(message(&body), "Unable to parse range: Nope!A1");
}

#[tokio::test]
async fn a_service_account_gets_in() {
    let lab = lab().await;
    let file = lab.face.service_account_json(&format!("{}/token", lab.root));
    let key: yup_oauth2::ServiceAccountKey = serde_json::from_value(file).unwrap();
    let auth = yup_oauth2::ServiceAccountAuthenticator::builder(key).build().await.unwrap();
    let hub = lab.sheets(auth.clone());
    let (_, book) = hub.spreadsheets().get("sheet-1").doit().await.unwrap();
    assert_eq!(book.properties.unwrap().title.as_deref(), Some("Shop"));

    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut drive = google_drive3::DriveHub::new(client, auth);
    drive.base_url(format!("{}/drive/v3/", lab.root));
    lab.face.edit("All products", 2, "Stock", "11").unwrap();
    let probe = drive.files().get("sheet-1").param("fields", "version,modifiedTime").supports_all_drives(true);
    let (_, file) = probe.add_scope("https://www.googleapis.com/auth/drive.metadata.readonly").doit().await.unwrap();
    assert_eq!(file.version, Some(lab.face.version()));
    assert!(file.modified_time.is_some());
}

#[tokio::test]
async fn an_installed_app_gets_in() {
    let lab = lab().await;
    let file = lab.face.authorized_user_json(&format!("{}/token", lab.root));
    let field = |name: &str| file[name].as_str().unwrap().to_owned();
    let form = [
        ("grant_type", "refresh_token".to_owned()),
        ("client_id", field("client_id")),
        ("client_secret", field("client_secret")),
        ("refresh_token", field("refresh_token")),
    ];
    let response = lab.http.post(field("token_uri")).form(&form).send().await.unwrap();
    let answer: Json = response.json().await.unwrap();
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(3599)));
    let token = answer["access_token"].as_str().unwrap();
    let path = "/v4/spreadsheets/sheet-1/values/'All products'!A1";
    assert_eq!(lab.call("GET", path, None, token).await.0, 200);
    lab.face.expire_tokens();
    let (status, refused) = lab.call("GET", path, None, token).await;
    assert_eq!((status, &refused["error"]["status"]), (401, &json!("UNAUTHENTICATED")));
}

#[tokio::test]
async fn refusals_have_googles_shape() {
    let lab = lab().await;
    let (status, answer) = lab.call("GET", "/v4/spreadsheets/sheet-1", None, "stale").await;
    assert_eq!((status, &answer["error"]["code"]), (401, &json!(401)));
    let (status, answer) = lab.get("/v4/spreadsheets/other").await;
    let missing = json!({ "code": 404, "message": "Requested entity was not found.", "status": "NOT_FOUND" });
    assert_eq!((status, &answer["error"]), (404, &missing));
    let (status, answer) = lab.get("/drive/v3/files/other?fields=version&includeItemsFromAllDrives=True").await;
    assert_eq!((status, message(&answer)), (404, "File not found: other."));

    let check = async |path: &str, expect: &str| {
        let (status, answer) = lab.get(&format!("/v4/spreadsheets/sheet-1{path}")).await;
        assert_eq!((status, message(&answer)), (400, expect), "{path}");
    };
    let limits = "exceeds grid limits. Max rows: 1000, max columns: 26";
    let beyond = format!("Range ('All products'!A9999) {limits}");
    check("/values/%27All%20products%27%21A9999", &beyond).await;
    check("/values:batchGet?ranges=A1&ranges=%27All+products%27%21A9999", &beyond).await;
    check("?fields=sheets.properties,%20properties", "Request contains an invalid argument.").await;
    let render = "Invalid value at 'value_render_option' \
                  (type.googleapis.com/google.apps.sheets.v4.ValueRenderOption), \"RAW\"";
    check("/values/A1?valueRenderOption=RAW", render).await;
    let parameter = "Invalid JSON payload received. Unknown name \"range\": Cannot bind query parameter. Field 'range' \
                     could not be found in request message.";
    check("/values:batchGet?range=A1", parameter).await;

    let body = json!({ "data": [{ "range": "A1", "values": [[1]] }] });
    let (status, answer) = lab.post("/v4/spreadsheets/sheet-1/values:batchUpdate", &body).await;
    assert_eq!((status, message(&answer)), (400, "'valueInputOption' is required but not specified"));
    let request = json!({ "requests": [{ "addTable": { "table": { "name": "T" } } }] });
    let (status, _) = lab.post("/v4/spreadsheets/sheet-1:batchUpdate", &request).await;
    assert_eq!(status, 501);
    let bare = lab.http.get(format!("{}/v4/spreadsheets/sheet-1", lab.root)).send().await.unwrap();
    assert_eq!(bare.status().as_u16(), 403);
    let page = lab.http.get(format!("{}/v5/nothing", lab.root)).send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.text().await.unwrap().contains("/v5/nothing")), (404, true));
}

#[tokio::test]
async fn spreadsheets_are_made_shared_and_deleted() {
    let lab = lab().await;
    let body = json!({ "properties": { "title": "Mine" }, "sheets": [{ "properties": { "title": "One" } }] });
    let (status, made) = lab.post("/v4/spreadsheets", &body).await;
    let id = made["spreadsheetId"].as_str().unwrap().to_owned();
    assert_eq!((status, &made["sheets"][0]["properties"]["title"]), (200, &json!("One")));

    let merchant = lab.merchant().await;
    let path = format!("/v4/spreadsheets/{id}");
    let (status, answer) = lab.call("GET", &path, None, &merchant).await;
    assert_eq!((status, message(&answer)), (403, "The caller does not have permission"));
    let (_, start) = lab.get("/drive/v3/changes/startPageToken").await;
    let permission = json!({ "type": "user", "role": "reader", "emailAddress": "merchant@shelfd-lab.example" });
    let (status, shared) = lab.post(&format!("/drive/v3/files/{id}/permissions"), &permission).await;
    assert_eq!((status, &shared["role"]), (200, &json!("reader")));
    assert_eq!(lab.call("GET", &path, None, &merchant).await.0, 200);
    let clear = format!("{path}/values/A1:clear");
    assert_eq!(lab.call("POST", &clear, Some(&json!({})), &merchant).await.0, 403);

    let token = start["startPageToken"].as_str().unwrap();
    let (_, changes) = lab.get(&format!("/drive/v3/changes?pageToken={token}")).await;
    assert_eq!(changes["changes"][0]["fileId"], json!(id));
    let (_, files) = lab.get("/drive/v3/files?q=name%20%3D%20'mine'&fields=files(id)").await;
    assert_eq!(files, json!({ "files": [{ "id": id }] }));
    let (_, refused) =
        lab.call("PATCH", &format!("/drive/v3/files/{id}"), Some(&json!({ "name": "x" })), &merchant).await;
    assert_eq!(refused["error"]["errors"][0]["reason"], json!("insufficientFilePermissions"));
    let gone = lab.http.delete(format!("{}/drive/v3/files/{id}", lab.root)).bearer_auth(lab.face.access_token());
    assert_eq!(gone.send().await.unwrap().status().as_u16(), 204);
    assert_eq!(lab.get(&path).await.0, 404);
}

#[tokio::test]
async fn planted_faults_have_googles_words() {
    let lab = lab().await;
    let fault = FaultKind::StatusBefore { status: 503, retry_after: Some(2) };
    lab.face.gate().add_fault(Fault { fault, call: String::new(), times: Some(1), skip: 0 });
    let (status, answer) = lab.get("/v4/spreadsheets/sheet-1").await;
    assert_eq!((status, message(&answer)), (503, "The service is currently unavailable."));
}

#[tokio::test]
async fn a_batch_counts_whole_or_not_at_all() {
    let lab = lab().await;
    let (before, version) = (lab.face.grid("All products"), lab.face.version());
    let cell =
        json!({ "sheetId": 0, "startRowIndex": 1, "endRowIndex": 2, "startColumnIndex": 1, "endColumnIndex": 2 });
    let replace =
        json!({ "findReplace": { "find": "10", "replacement": "9", "matchEntireCell": true, "range": cell } });
    let requests = json!({ "requests": [replace, { "deleteSheet": { "sheetId": 5 } }] });
    let (status, answer) = lab.post("/v4/spreadsheets/sheet-1:batchUpdate", &requests).await;
    assert_eq!((status, message(&answer)), (400, "Invalid requests[1].deleteSheet: No sheet with id: 5"));
    assert_eq!((lab.face.grid("All products"), lab.face.version()), (before, version));

    let requests = json!({ "requests": [replace] });
    let (_, answer) = lab.post("/v4/spreadsheets/sheet-1:batchUpdate", &requests).await;
    assert_eq!(answer["replies"][0]["findReplace"]["occurrencesChanged"], json!(1));
    assert_eq!(lab.face.version(), version + 1);
    let (_, answer) = lab.post("/v4/spreadsheets/sheet-1:batchUpdate", &requests).await;
    assert_eq!(answer["replies"], json!([{ "findReplace": {} }]));
    assert_eq!(lab.face.version(), version + 1);
}

#[tokio::test]
async fn values_are_written_appended_and_cleared() {
    let lab = lab().await;
    let root = "/v4/spreadsheets/sheet-1/values/'All products'!";
    let token = lab.face.access_token();
    let body = json!({ "range": "'All products'!B2:C2", "values": [["$3.50", "50%"]] });
    let (status, answer) =
        lab.call("PUT", &format!("{root}B2:C2?valueInputOption=USER_ENTERED"), Some(&body), &token).await;
    assert_eq!((status, &answer["updatedCells"]), (200, &json!(2)));
    let (_, answer) = lab.get(&format!("{root}B2:C2")).await;
    assert_eq!(answer["values"], json!([["$3.50", "50%"]]));
    let body = json!({ "values": [["C-9", 1]] });
    let path = format!("{root}A1:C1:append?valueInputOption=RAW&insertDataOption=INSERT_ROWS");
    let (_, answer) = lab.post(&path, &body).await;
    assert_eq!(answer["updates"]["updatedRange"], json!("'All products'!A4:B4"));
    let (_, answer) = lab.post(&format!("{root}A2:A:clear"), &json!({})).await;
    assert_eq!(answer["clearedRange"], json!("'All products'!A2:A1001"));
    let ranges = json!({ "ranges": ["'All products'!B2:Z"] });
    let (_, answer) = lab.post("/v4/spreadsheets/sheet-1/values:batchClear", &ranges).await;
    assert_eq!(answer["clearedRanges"], json!(["'All products'!B2:Z1001"]));
    assert_eq!(lab.face.grid("All products").unwrap(), [[json!("SKU"), json!("Stock"), json!("Price")]]);
}

#[tokio::test]
async fn quotas_and_faults() {
    let lab = lab_with(GoogleOptions { reads_per_minute: Some(0), ..options() }).await;
    let (status, answer) = lab.get("/v4/spreadsheets/sheet-1/values/A1").await;
    assert_eq!((status, &answer["error"]["status"]), (429, &json!("RESOURCE_EXHAUSTED")));
    assert_eq!(lab.get("/drive/v3/files/sheet-1?fields=version").await.1["version"], json!("1"));

    let fault = FaultKind::StatusAfter { status: 503 };
    lab.face.gate().add_fault(Fault { fault, call: "values.update".to_owned(), times: Some(1), skip: 0 });
    let url = format!("{}/v4/spreadsheets/sheet-1/values/B2?valueInputOption=RAW", lab.root);
    let body = json!({ "values": [[1]] });
    let request = lab.http.put(url).bearer_auth(lab.face.access_token()).json(&body);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 503);
    assert_eq!(lab.face.grid("All products").unwrap()[1][1], json!(1));
    let counts = lab.face.gate().counts();
    assert_eq!(counts.get(&("values.update".to_owned(), Kind::Write)), Some(&1));
    assert_eq!(counts.get(&("files.get".to_owned(), Kind::Read)), Some(&1));
}

#[test]
fn people_edit_the_sheet() {
    let face = GoogleFace::new(GoogleOptions { locale: "de_DE".to_owned(), ..options() });
    let mut changes = face.on_change();
    let tab = "All products";
    face.edit(tab, 2, "Price", "1.234,50 €").unwrap();
    assert!(changes.has_changed().unwrap());
    assert_eq!(*changes.borrow_and_update(), face.version());
    face.insert_row(tab, 2, &[("SKU".to_owned(), "'007".to_owned()), ("Stock".to_owned(), "3".to_owned())]).unwrap();
    face.rename_header(tab, "Price", "Preis").unwrap();
    face.sort(tab, "Stock", false).unwrap();
    let expect = json!([["SKU", "Stock", "Preis"], ["00123", 10, 1234.5], ["B-7", 4, 8], ["007", 3]]);
    assert_eq!(json!(face.grid(tab).unwrap()), expect);
    face.delete_row(tab, 3).unwrap();
    assert_eq!(face.grid(tab).unwrap().len(), 3);
    face.clear_rows(tab).unwrap();
    assert_eq!(face.grid(tab).unwrap().len(), 1);

    let unknown = GridRefusal::UnknownHeader("Price".to_owned());
    assert_eq!(face.edit(tab, 2, "Price", "1"), Err(unknown));
    assert_eq!(face.edit(tab, 1, "SKU", "1"), Err(GridRefusal::UnknownRow(1)));
    assert_eq!(face.delete_row(tab, 0), Err(GridRefusal::UnknownRow(0)));
    assert_eq!(face.clear_rows("Nope"), Err(GridRefusal::UnknownTab));
    assert_eq!(face.grid("Nope"), None);
}
