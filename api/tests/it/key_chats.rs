//! `chats`: those of hospitals' clients, with an API key and without a project.

use reqwest::multipart::Part;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{NIL, Person, Provider, TestApp, deltas, multipart};

const NO_KEY: &str = r#"{"error":"OpenAI-Key header is required to create a chat"}"#;
const NOT_FOUND: &str = r#"{"detail":"Not found."}"#;
const NEW: &str = r#"{"external_id":"<id>","title":"Intake","created_at":"<time>","modified_at":"<time>","chats":[],"prompt":null,"model":null}"#;

async fn client(staff: &Person, allow_key: bool) -> Person {
    staff.client_of(&staff.service("Tablets", allow_key).await).await
}

/// A chat of the client's; its path.
async fn chat(client: &Person, body: Value) -> String {
    format!("/chats/{}", client.post("/chats", body).await.id())
}

async fn with_provider(db: &PgPool, provider: &Provider) -> TestApp {
    TestApp::start_with(db, &["--openai-base-url", &provider.url(), "--openai-api-key", "sk-server"]).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_client_starts_reads_and_changes_chats_of_its_key(db: PgPool) {
    let app = TestApp::start(&db).await;
    let client = client(&app.staff().await, false).await;
    let started = client.post("/chats", json!({ "title": "Intake" })).await;
    started.is_like(201, NEW);
    let path = format!("/chats/{}", started.id());
    client.get(&path).await.is_like(200, NEW);
    let body = json!({ "title": "Triage", "prompt": "Be brief. {reference}", "model": "7" });
    let changed = client.patch(&path, body).await.json(200);
    assert_eq!(
        (&changed["title"], &changed["prompt"], &changed["model"]),
        (&json!("Triage"), &json!("Be brief. {reference}"), &json!(7))
    );
    let cleared = client.patch(&path, json!({ "prompt": null, "model": null })).await.json(200);
    assert_eq!((&cleared["prompt"], &cleared["model"]), (&Value::Null, &Value::Null));
    client.post("/chats", json!({ "title": "Second" })).await.id();
    assert_eq!(client.get("/chats").await.titles(), ["Triage", "Second"]);
    assert_eq!(client.get("/chats?ordering=title&limit=1").await.titles(), ["Second"]);
    client.delete(&path).await.is(405, r#"{"detail":"Method \"DELETE\" not allowed."}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_breaks_a_rule_is_refused_by_field(db: PgPool) {
    let app = TestApp::start(&db).await;
    let client = client(&app.staff().await, false).await;
    client.post("/chats", json!({})).await.is(400, r#"{"title":["This field is required."]}"#);
    for (field, value, message) in [
        ("title", json!("t".repeat(51)), "Ensure this field has no more than 50 characters."),
        ("model", json!(9), "\"9\" is not a valid choice."),
        ("prompt", json!([]), "Not a valid string."),
        ("message", json!("Zinc?"), "Expected a dictionary of items but got type \"str\"."),
        ("message", json!(["Zinc?"]), "Expected a dictionary of items but got type \"list\"."),
    ] {
        let mut body = json!({ "title": "x" });
        body[field] = value;
        client.post("/chats", body).await.is(400, &json!({ field: [message] }).to_string());
    }
    client.post_form("/chats", multipart(&[("title", "As a form")])).await.id();
    assert_eq!(client.get("/chats").await.titles(), ["As a form"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn without_a_key_there_is_nothing(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    for path in ["/chats", &format!("/chats/{NIL}")] {
        let nobody = app.nobody.get(path).await;
        nobody.is(401, r#"{"detail":"Authentication credentials were not provided."}"#);
        assert_eq!(nobody.headers["www-authenticate"], "Token");
        app.nobody.with_api_key("ak-wrong").get(path).await.json(401);
        staff.get(path).await.is(403, r#"{"detail":"You do not have permission to perform this action."}"#);
        staff.with_api_key("ak-wrong").get(path).await.json(403);
    }
    let client = client(&staff, false).await;
    client.with_token("wrong").get("/chats").await.is(401, r#"{"detail":"Invalid token."}"#);
    staff.with_api_key(client.api_key()).get("/chats").await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn another_keys_chat_does_not_exist_even_of_the_same_service(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let service = staff.service("Tablets", false).await;
    let (own, other) = (staff.client_of(&service).await, staff.client_of(&service).await);
    let path = chat(&own, json!({ "title": "Intake" })).await;
    other.get(&path).await.is(404, NOT_FOUND);
    other.patch(&path, json!({ "title": "Mine" })).await.is(404, NOT_FOUND);
    other.ask(&path, "Zinc?").await.is(404, NOT_FOUND);
    assert!(other.get("/chats").await.titles().is_empty());
    own.get("/chats/nope").await.is(404, NOT_FOUND);
    let project = staff.project("P").await;
    let root = app.superuser().await;
    assert!(root.get(&format!("/projects/{project}/chats?fetch=all")).await.titles().is_empty());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_question_is_answered_with_the_chats_own_prompt_and_model(db: PgPool) {
    let provider = Provider::answering(deltas(&["Ayushma: ", "14 days.", " References: []"])).await;
    let app = with_provider(&db, &provider).await;
    let client = client(&app.staff().await, true).await;
    let path = chat(&client, json!({ "title": "x", "prompt": "Be brief. {reference}", "model": 7 })).await;
    let answer = client.ask(&path, "How long is zinc given?").await.json(200);
    assert_eq!((&answer["message"], &answer["messageType"]), (&json!("14 days."), &json!(3)));
    let streamed = client.ask_streamed(&path, "And ORS?").await;
    assert!(streamed.body.contains(r#""stop": true, "error": false"#), "{}", streamed.body);
    let shown = client.get(&path).await.json(200);
    assert_eq!(shown["title"], "How long is zinc given?");
    assert_eq!(shown["chats"].as_array().map(Vec::len), Some(4));
    assert!(shown.get("username").is_none());
    let requests = provider.requests().await;
    assert_eq!(requests[0]["model"], "gpt-4o");
    assert!(requests[0]["messages"][0]["content"].as_str().is_some_and(|system| system.starts_with("Be brief.")));
    assert_eq!(requests[1]["messages"][1]["content"], "How long is zinc given?");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_question_may_be_spoken_and_whisper_hears_it(db: PgPool) {
    let provider = Provider::answering(deltas(&["14 days."])).await.hearing("How long is zinc given?").await;
    let app = with_provider(&db, &provider).await;
    let client = client(&app.staff().await, true).await;
    let path = chat(&client, json!({ "title": "x" })).await;
    let recording = Part::bytes(b"RIFF".as_slice()).file_name("audio.wav");
    let form = multipart(&[("stream", "false"), ("generate_audio", "false")]).part("audio", recording);
    let answer = client.post_form(&format!("{path}/converse"), form).await.json(200);
    assert_eq!(answer["message"], "14 days.");
    assert_eq!(client.get(&path).await.json(200)["chats"][0]["message"], "How long is zinc given?");
    assert_eq!(provider.keys().await, ["sk-server", "sk-server"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_prompt_without_a_place_for_references_is_the_contracts_error(db: PgPool) {
    let provider = Provider::answering(deltas(&["Yes."])).await;
    let app = with_provider(&db, &provider).await;
    let client = client(&app.staff().await, true).await;
    let path = chat(&client, json!({ "title": "x", "prompt": "Be brief." })).await;
    let refused = client.ask(&path, "Zinc?").await;
    refused.is(400, r#"{"error":"Validation Error: Prompt template must contain {reference} variable"}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_services_allowance_or_a_key_of_ones_own_pays(db: PgPool) {
    let provider = Provider::answering(deltas(&["Yes."])).await;
    let app = with_provider(&db, &provider).await;
    let staff = app.staff().await;
    let service = staff.service("Tablets", false).await;
    let client = staff.client_of(&service).await;
    let path = chat(&client, json!({ "title": "x" })).await;
    client.ask(&path, "Zinc?").await.is(400, NO_KEY);
    let converse = client.request(reqwest::Method::POST, &format!("{path}/converse")).header("OpenAI-Key", "sk-own");
    client.send(converse.multipart(multipart(&[("text", "Zinc?"), ("stream", "false")]))).await.json(200);
    staff.patch(&service, json!({ "allow_key": true })).await.json(200);
    client.ask(&path, "Zinc?").await.json(200);
    assert_eq!(provider.keys().await, ["sk-own", "sk-server"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_can_be_started_with_its_first_question(db: PgPool) {
    let provider = Provider::answering(deltas(&["14 days."])).await;
    let app = with_provider(&db, &provider).await;
    let client = client(&app.staff().await, true).await;
    let message = json!({
        "text": "Zinc?", "stream": false, "generate_audio": false, "language": "en", "top_k": 5, "temperature": 0.3, "noonce": "n-1"
    });
    let started = client.post("/chats", json!({ "title": "Intake", "message": message })).await.json(200);
    assert_eq!((&started["title"], &started["chats"]), (&json!("Intake"), &json!([])));
    let response = &started["response"];
    assert_eq!(
        (&response["message"], &response["temperature"], &response["top_k"]),
        (&json!("14 days."), &json!(0.3), &json!(5))
    );
    let shown = client.get(&format!("/chats/{}", started["external_id"].as_str().expect("an id"))).await.json(200);
    assert_eq!(shown["chats"].as_array().map(Vec::len), Some(2));
    assert_eq!(shown["chats"][1], *response);
    let again = client.post("/chats", json!({ "title": "Intake", "message": message })).await;
    again.is(400, r#"{"error":"This noonce has already been used"}"#);
    for nothing in [json!({}), Value::Null] {
        client.post("/chats", json!({ "title": "Empty", "message": nothing })).await.id();
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_first_question_that_cannot_be_answered_starts_no_chat(db: PgPool) {
    let provider = Provider::answering(deltas(&["Yes."])).await;
    let app = with_provider(&db, &provider).await;
    let client = client(&app.staff().await, false).await;
    for (message, error) in [
        (json!({ "text": "Zinc?" }), "'StreamingHttpResponse' object has no attribute 'data'"),
        (json!({ "text": "Zinc?", "stream": false }), "OpenAI-Key header is required to create a chat"),
        (json!({ "stream": false }), "Please provide text or audio to generate transcript"),
        (json!({ "text": "Zinc?", "stream": false, "temperature": "hot" }), "temperature must be a number from 0 to 2"),
    ] {
        let refused = client.post("/chats", json!({ "title": "x", "message": message })).await;
        refused.is(400, &json!({ "error": error }).to_string());
    }
    assert!(client.get("/chats").await.titles().is_empty());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_that_is_sent_twice_under_one_key_is_made_and_answered_once(db: PgPool) {
    let provider = Provider::answering(deltas(&["14 days."])).await;
    let app = with_provider(&db, &provider).await;
    let client = client(&app.staff().await, true).await;
    let body = json!({ "title": "Intake", "message": { "text": "Zinc?", "stream": false } });
    let send = async || {
        let request = client.request(reqwest::Method::POST, "/chats").header("Idempotency-Key", "once").json(&body);
        client.send(request).await.json(200)
    };
    let (first, second) = (send().await, send().await);
    assert_eq!((&first["external_id"], &first["response"]), (&second["external_id"], &second["response"]));
    assert_eq!(second["chats"], json!([]));
    assert_eq!(provider.requests().await.len(), 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_a_client_does_is_recorded_as_its_services_deed(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let service = staff.service("Tablets", false).await;
    let client = staff.client_of(&service).await;
    let path = chat(&client, json!({ "title": "A secret title", "prompt": "A secret prompt {reference}" })).await;
    client.ask(&path, "A secret question?").await.json(200);
    let actors: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT metadata ->> 'actor' FROM events WHERE aggregate_type = 'chat'")
            .fetch_all(&app.db)
            .await
            .expect("read");
    assert_eq!(actors, [format!("service:{}", service.trim_start_matches("/services/"))]);
    let log: Vec<String> = sqlx::query_scalar("SELECT payload::text || metadata::text FROM events")
        .fetch_all(&app.db)
        .await
        .expect("read");
    assert!(!log.concat().contains("secret"));
}
