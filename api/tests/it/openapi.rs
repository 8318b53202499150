//! The OpenAPI document, and the page that shows it. Whether answers are as the document says, `make schemathesis` asks.

use std::collections::{BTreeMap, BTreeSet};

use http_api::access_table::TABLE;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, TestApp};

const SWAGGER: &str = "/api/schema/swagger/";

async fn get(app: &TestApp, path: &str, accept: &str) -> Answer {
    let request = app.nobody.request_outside_api(Method::GET, path).header("accept", accept);
    app.nobody.send(request).await
}

async fn document(app: &TestApp) -> Value {
    get(app, "/api/schema?format=json", "*/*").await.json(200)
}

/// The verbs of each path.
fn documented(document: &Value) -> BTreeMap<&str, BTreeSet<String>> {
    let paths = document["paths"].as_object().expect("a document has paths");
    let verbs = |item: &Value| -> BTreeSet<String> {
        item.as_object().expect("a path has verbs").keys().map(|verb| verb.to_uppercase()).collect()
    };
    paths.iter().map(|(path, item)| (path.as_str(), verbs(item))).collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_document_is_yaml_unless_json_is_asked_for(db: PgPool) {
    let app = TestApp::start(&db).await;
    for (query, accept, content_type, beginning) in [
        ("", "*/*", "application/vnd.oai.openapi", "openapi: 3.1.0\n"),
        ("", "text/html", "application/vnd.oai.openapi", "openapi: 3.1.0\n"),
        ("", "application/json,*/*", "application/json", r#"{"openapi":"3.1.0","#),
        ("", "application/vnd.oai.openapi+json", "application/json", r#"{"openapi":"3.1.0","#),
        ("?format=json", "*/*", "application/json", r#"{"openapi":"3.1.0","#),
        ("?format=yaml", "application/json", "application/vnd.oai.openapi", "openapi: 3.1.0\n"),
    ] {
        let answer = get(&app, &format!("/api/schema{query}"), accept).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, content_type), "{query} {accept}");
        assert!(answer.body.starts_with(beginning), "{query} {accept}");
    }
    get(&app, "/api/schema?format=xml", "*/*").await.is(404, r#"{"detail":"Not found."}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_root_leads_to_a_page_that_needs_nothing_from_elsewhere(db: PgPool) {
    let app = TestApp::start(&db).await;
    let root = get(&app, "/", "*/*").await;
    assert_eq!((root.status, root.header("location")), (302, SWAGGER));

    let page = get(&app, SWAGGER, "text/html").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html"));
    let files: Vec<&str> = ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| page.body.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()))
        .collect();
    assert!(files.iter().any(|file| file.ends_with("swagger-ui-bundle.js")), "{files:?}");
    for file in files {
        assert!(!file.contains("//"), "{file} is elsewhere");
        let answer = get(&app, &format!("{SWAGGER}{}", file.trim_start_matches("./")), "*/*").await;
        assert_eq!(answer.status, 200, "{file}");
    }
    let settings = get(&app, &format!("{SWAGGER}swagger-initializer.js"), "*/*").await.body;
    assert!(settings.contains(r#""url": "/api/schema""#), "{settings}");
    assert!(settings.contains(r#""validatorUrl": "none""#), "{settings}");
    get(&app, &format!("{SWAGGER}nothing.js"), "*/*").await.is(404, r#"{"detail":"Not found."}"#);
}

/// The router refuses to start unless it serves just what the table lists.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn just_what_is_served_is_documented(db: PgPool) {
    let app = TestApp::start(&db).await;
    let served: BTreeMap<&str, BTreeSet<String>> = TABLE
        .iter()
        .map(|access| (access.path, access.verbs.iter().map(|(verb, ..)| verb.method().to_string()).collect()))
        .collect();
    assert_eq!(documented(&document(&app).await), served);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_view_has_all_of_its_fields_and_no_others_and_a_request_may_leave_out_what_can_be_null(db: PgPool) {
    let app = TestApp::start(&db).await;
    let document = document(&app).await;
    let schema = |name: &str| document["components"]["schemas"][name].clone();
    let required = |name: &str| -> BTreeSet<String> {
        let names = schema(name)["required"].as_array().cloned().unwrap_or_default();
        names.iter().map(|name| name.as_str().expect("names are texts").to_owned()).collect()
    };
    let all = |name: &str| -> BTreeSet<String> {
        schema(name)["properties"].as_object().expect("a view has fields").keys().cloned().collect()
    };
    for view in ["UserView", "DocumentView", "MessageView", "ProjectView", "StaffProjectView", "AnswerTimes", "RunView"]
    {
        assert_eq!(required(view), all(view), "{view}");
        assert_eq!(schema(view)["additionalProperties"], false, "{view}");
    }
    let started = all("StartedChat");
    assert!(started.is_superset(&all("ChatDetail")), "what is flattened into it is there: {started:?}");
    let absent: Vec<String> = started.difference(&required("StartedChat")).cloned().collect();
    assert_eq!(absent, ["response", "username"]);
    assert_eq!(schema("StartedChat")["additionalProperties"], false);
    let absent: Vec<String> = all("ChatDetail").difference(&required("ChatDetail")).cloned().collect();
    assert_eq!(absent, ["username"], "it is left out of chats that nobody owns");
    assert_eq!(schema("DocumentView")["properties"]["description"]["type"], json!(["string", "null"]));
    assert_eq!(required("NewProject"), BTreeSet::from(["title".to_owned()]));
    assert_eq!(schema("NewProject")["additionalProperties"], Value::Null);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_reference_leads_somewhere(db: PgPool) {
    fn collect<'v>(value: &'v Value, references: &mut BTreeSet<&'v str>) {
        references.extend(value.get("$ref").and_then(Value::as_str));
        match value {
            Value::Object(entries) => entries.values().for_each(|value| collect(value, references)),
            Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
            _ => {}
        }
    }
    let app = TestApp::start(&db).await;
    let document = document(&app).await;
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(references.len() > 50, "{references:?}");
    for reference in references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn who_may_call_is_documented(db: PgPool) {
    let app = TestApp::start(&db).await;
    let document = document(&app).await;
    let operation = |path: &str, verb: &str| document["paths"][path][verb].clone();
    assert_eq!(operation("/api/auth/login", "post")["security"], json!([{}]));
    assert_eq!(operation("/api/users/me", "get")["security"], json!([{ "token": [] }, { "basic": [] }]));
    assert_eq!(operation("/api/users/me", "get")["responses"]["401"]["$ref"], "#/components/responses/Unauthorized");
    let chatter = json!([{ "token": [] }, { "basic": [] }, { "tempToken": [] }]);
    assert_eq!(operation("/api/projects/{project}/chats", "get")["security"], chatter);
    assert_eq!(operation("/api/temptokens", "post")["security"], json!([{ "apiKey": [] }]));
    let unauthorized = &document["components"]["responses"]["Unauthorized"];
    assert_eq!(unauthorized["headers"]["WWW-Authenticate"]["required"], true);
}

/// Programs that are made from the document name their functions by them.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_operation_has_an_id_of_its_own(db: PgPool) {
    let document = document(&TestApp::start(&db).await).await;
    let paths = document["paths"].as_object().expect("a document has paths");
    let verbs = paths.values().flat_map(|item| item.as_object().expect("a path has verbs").values());
    let mut seen = BTreeSet::new();
    for operation in verbs {
        let id = operation["operationId"].as_str().expect("an operation has an id");
        assert!(seen.insert(id), "{id} is there twice");
    }
}
