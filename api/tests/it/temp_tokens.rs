//! `temptokens`: what a service hands to a browser, and what that may do with it.

use serde_json::json;
use sqlx::PgPool;

use crate::support::{NIL, Person, Provider, TestApp, deltas, multipart};

const NOT_AUTHENTICATED: &str = r#"{"detail":"Authentication credentials were not provided."}"#;

async fn token(client: &Person, ip: &str) -> String {
    let made = client.post("/temptokens", json!({ "ip": ip })).await.json(201);
    assert_eq!(made["ip"], ip);
    made["token"].as_str().expect("a token").to_owned()
}

/// A browser on this machine with the token.
async fn browser(app: &TestApp, client: &Person) -> Person {
    app.nobody.with_authorization(&format!("Bearer {}", token(client, "127.0.0.1").await))
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_temp_token_is_made_with_an_api_key(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let client = staff.client_of(&staff.service("Tablets", false).await).await;
    let token = token(&client, "10.0.0.7").await;
    assert_eq!(token.strip_prefix("tt-").map(str::len), Some(171));
    client.post("/temptokens", json!({})).await.is(400, r#"{"ip":["This field is required."]}"#);
    let long = json!({ "ip": "1".repeat(101) });
    client.post("/temptokens", long).await.is(400, r#"{"ip":["Ensure this field has no more than 100 characters."]}"#);
    client.get("/temptokens").await.is(405, r#"{"detail":"Method \"GET\" not allowed."}"#);
    app.nobody.post("/temptokens", json!({ "ip": "x" })).await.is(401, NOT_AUTHENTICATED);
    staff.post("/temptokens", json!({ "ip": "x" })).await.json(403);
    let everything = app.whole_database().await;
    assert!(!everything.contains(&token) && !everything.contains("10.0.0.7"));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_browser_with_a_temp_token_chats_as_the_services_owner(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, root, nurse) = (app.staff().await, app.root().await, app.nurse().await);
    let service = root.service_of(nurse.id, "Tablets").await;
    let browser = browser(&app, &root.client_of(&service).await).await;
    let project = staff.project("P").await;
    let chat = browser.chat(&project).await;
    browser.ask(&chat, "Zinc?").await.json(200);
    browser.patch(&chat, json!({ "title": "Renamed" })).await.json(200);
    assert_eq!(nurse.get(&chat).await.json(200)["username"], "asha");
    assert_eq!(browser.get(&format!("/projects/{project}/chats")).await.titles(), ["Renamed"]);
    staff.get(&chat).await.json(404);
    let actors: Vec<(String, Option<String>)> = sqlx::query_as(
        "SELECT DISTINCT metadata ->> 'actor', metadata ->> 'on_behalf_of' FROM events
         WHERE aggregate_type = 'chat' AND event_type = 'Started'",
    )
    .fetch_all(&app.db)
    .await
    .expect("read");
    let id = service.trim_start_matches("/services/");
    assert_eq!(actors, [(format!("service:{id}"), Some(format!("user:{}", nurse.id)))]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_temp_token_opens_nothing_but_chats(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let client = staff.client_of(&staff.service("Tablets", false).await).await;
    let browser = browser(&app, &client).await;
    let project = staff.project("P").await;
    for path in ["/users/me", "/projects", "/services", "/chats", &format!("/projects/{project}")] {
        browser.get(path).await.is(401, NOT_AUTHENTICATED);
    }
    browser.post("/temptokens", json!({ "ip": "127.0.0.1" })).await.is(401, NOT_AUTHENTICATED);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_superusers_service_does_not_see_everybodys_chats(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (root, nurse) = (app.root().await, app.nurse().await);
    let browser = browser(&app, &root.client_of(&root.service("Tablets", false).await).await).await;
    let project = root.project("P").await;
    let chat = nurse.chat(&project).await;
    assert_eq!(root.get(&format!("/projects/{project}/chats?fetch=all")).await.titles(), ["New"]);
    assert!(browser.get(&format!("/projects/{project}/chats?fetch=all")).await.titles().is_empty());
    browser.get(&format!("{chat}?fetch=all")).await.json(404);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_temp_token_from_elsewhere_unknown_expired_or_revoked_is_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let service = staff.service("Tablets", false).await;
    let client = staff.client_of(&service).await;
    let chats = format!("/projects/{NIL}/chats");
    let with = |token: &str| app.nobody.with_authorization(&format!("Bearer {token}"));
    let elsewhere = with(&token(&client, "10.0.0.7").await);
    elsewhere.get(&chats).await.is(401, NOT_AUTHENTICATED);
    let forged = elsewhere.request(reqwest::Method::GET, &chats).header("X-Forwarded-For", "10.0.0.7");
    elsewhere.send(forged).await.is(401, NOT_AUTHENTICATED);
    with("tt-unknown").get(&chats).await.is(401, NOT_AUTHENTICATED);
    let here = with(&token(&client, "127.0.0.1").await);
    here.get(&chats).await.json(200);
    sqlx::query("UPDATE temp_tokens SET expires_at = now()").execute(&app.db).await.expect("written");
    here.get(&chats).await.is(401, NOT_AUTHENTICATED);
    let here = with(&token(&client, "127.0.0.1").await);
    here.get(&chats).await.json(200);
    staff.delete(&service).await.is(204, "");
    here.get(&chats).await.is(401, NOT_AUTHENTICATED);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_services_allowance_unlocks_the_servers_key(db: PgPool) {
    let provider = Provider::answering(deltas(&["Yes."])).await;
    let arguments = ["--openai-base-url", &provider.url(), "--openai-api-key", "sk-server"];
    let app = TestApp::start_with(&db, &arguments).await;
    let staff = app.staff().await;
    let service = staff.service("Tablets", false).await;
    let browser = browser(&app, &staff.client_of(&service).await).await;
    let chats = format!("/projects/{}/chats", staff.project("P").await);
    let refused = browser.post(&chats, json!({ "title": "x" })).await;
    refused.is(400, r#"{"error":"OpenAI-Key header is required to create a chat"}"#);
    staff.patch(&service, json!({ "allow_key": true })).await.json(200);
    let chat = format!("{chats}/{}", browser.post(&chats, json!({ "title": "x" })).await.id());
    browser.ask(&chat, "Zinc?").await.json(200);
    assert_eq!(provider.keys().await, ["sk-server"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_key_beside_a_token_lends_nothing_and_a_wrong_one_is_named(db: PgPool) {
    let provider = Provider::answering(deltas(&["Yes."])).await;
    let arguments = ["--openai-base-url", &provider.url(), "--openai-api-key", "sk-server"];
    let app = TestApp::start_with(&db, &arguments).await;
    let (staff, nurse) = (app.staff().await, app.nurse().await);
    let client = staff.client_of(&staff.service("Tablets", true).await).await;
    let chats = format!("/projects/{}/chats", staff.project("P").await);
    let started = nurse.request(reqwest::Method::POST, &chats).header("OpenAI-Key", "sk-own");
    let chat = format!("{chats}/{}", nurse.send(started.json(&json!({ "title": "x" }))).await.id());
    let with_key = nurse.with_api_key(client.api_key());
    with_key.ask(&chat, "Zinc?").await.is(400, r#"{"error":"OpenAI-Key header is required to create a chat"}"#);
    let wrong =
        nurse.with_api_key("ak-wrong").post_form(&format!("{chat}/converse"), multipart(&[("text", "Zinc?")])).await;
    wrong.is(400, r#"{"error":"APIKey matching query does not exist."}"#);
}
