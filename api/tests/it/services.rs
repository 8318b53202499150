//! `services` and their API keys: what staff do with them.

use domain::user::Roles;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{NIL, TestApp};

const NOT_FOUND: &str = r#"{"detail":"Not found.","status":404,"title":"Not Found","type":"about:blank"}"#;
const DENIED: &str = r#"{"detail":"You do not have permission to perform this action."}"#;
const NOT_AUTHENTICATED: &str = r#"{"detail":"Authentication credentials were not provided."}"#;

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_service_needs_no_more_than_a_name_and_is_its_makers(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let made = staff.post("/services", json!({ "name": " Ward tablets " })).await;
    made.is_like(
        201,
        r#"{"external_id":"<id>","name":"Ward tablets","allow_key":false,"owner":"<id>","created_at":"<time>","modified_at":"<time>"}"#,
    );
    assert_eq!(made.json(201)["owner"], json!(staff.id));
    assert_eq!(staff.get(&format!("/services/{}", made.id())).await.json(200), made.json(201));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_service_can_be_changed_and_handed_over(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (root, nurse) = (app.root().await, app.nurse().await);
    let service = root.service("Tablets", false).await;
    for (sent, field, shown) in [
        (json!({ "name": "Kiosk" }), "name", json!("Kiosk")),
        (json!({ "allow_key": "true" }), "allow_key", json!(true)),
        (json!({ "owner": nurse.id }), "owner", json!(nurse.id)),
        (json!({}), "name", json!("Kiosk")),
    ] {
        assert_eq!(root.patch(&service, sent.clone()).await.json(200)[field], shown, "{sent}");
    }
    assert_eq!(root.get(&service).await.json(200)["owner"], json!(nurse.id));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_breaks_a_rule_is_refused_by_field(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.root().await;
    let service = staff.service("Tablets", false).await;
    for (field, value, message) in [
        ("name", json!(""), "This field may not be blank."),
        ("name", Value::Null, "This field may not be null."),
        ("name", json!("n".repeat(101)), "Ensure this field has no more than 100 characters."),
        ("allow_key", json!("maybe"), "Must be a valid boolean."),
        ("owner", json!("nobody"), "Must be a valid UUID."),
        ("owner", json!(NIL), "Object with external_id=00000000-0000-0000-0000-000000000000 does not exist."),
    ] {
        let mut body = json!({ "name": "x" });
        body[field] = value.clone();
        let expected = json!({ field: [message] }).to_string();
        staff.post("/services", body).await.is(400, &expected);
        staff.patch(&service, json!({ field: value })).await.is(400, &expected);
    }
    staff.post("/services", json!({})).await.is(400, r#"{"name":["This field is required."]}"#);
    let keys = format!("{service}/keys");
    staff.post(&keys, json!({})).await.is(400, r#"{"title":["This field is required."]}"#);
    let long = json!({ "title": "t".repeat(51) });
    staff.post(&keys, long).await.is(400, r#"{"title":["Ensure this field has no more than 50 characters."]}"#);
    assert_eq!(staff.get("/services").await.json(200)["count"], 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_key_is_shown_once_and_stored_nowhere(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let service = staff.service("Tablets", false).await;
    let keys = format!("{service}/keys");
    let made = staff.post(&keys, json!({ "title": "Tablet 3" })).await.json(201);
    let names: Vec<&String> = made.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["created_at", "external_id", "key", "title"]);
    let key = made["key"].as_str().expect("a key");
    assert!(key.starts_with("ak-") && key.len() > 40, "{key}");
    let listed = staff.get(&keys).await;
    listed.is_like(
        200,
        r#"{"count":1,"has_previous":false,"has_next":false,"results":[{"external_id":"<id>","title":"Tablet 3","created_at":"<time>"}],"offset":0}"#,
    );
    let everything = app.whole_database().await;
    assert!(!everything.contains(key) && !everything.contains(&hex::encode(key)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_key_request_that_comes_twice_makes_one_key(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let keys = format!("{}/keys", staff.service("Tablets", false).await);
    let request =
        || staff.request(reqwest::Method::POST, &keys).header("Idempotency-Key", "once").json(&json!({ "title": "T" }));
    staff.send(request()).await.json(201);
    let again = staff.send(request()).await;
    assert_eq!(again.headers["content-type"], "application/problem+json");
    assert_eq!(again.json(409)["title"], "Conflict");
    assert_eq!(staff.get(&keys).await.json(200)["count"], 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_revoked_key_and_those_of_a_deleted_service_are_refused_at_once(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let service = staff.service("Tablets", false).await;
    let (one, other) = (staff.client_of(&service).await, staff.client_of(&service).await);
    one.get("/chats").await.json(200);
    let listed = staff.get(&format!("{service}/keys")).await.json(200);
    let id = listed["results"][0]["external_id"].as_str().expect("an id").to_owned();
    staff.delete(&format!("{service}/keys/{id}")).await.is(204, "");
    one.get("/chats").await.is(401, NOT_AUTHENTICATED);
    staff.delete(&format!("{service}/keys/{id}")).await.json(404);
    other.get("/chats").await.json(200);
    staff.delete(&service).await.is(204, "");
    other.get("/chats").await.is(401, NOT_AUTHENTICATED);
    for path in [service.clone(), format!("{service}/keys")] {
        assert_eq!(staff.get(&path).await.json(404), serde_json::from_str::<Value>(NOT_FOUND).expect("JSON"));
    }
    staff.delete(&service).await.json(404);
    staff.patch(&service, json!({ "name": "x" })).await.json(404);
    staff.post(&format!("{service}/keys"), json!({ "title": "x" })).await.json(404);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn only_staff_know_of_services(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, nurse) = (app.staff().await, app.nurse().await);
    let service = staff.service("Tablets", false).await;
    let client = staff.client_of(&service).await;
    for path in ["/services", &service, &format!("{service}/keys")] {
        nurse.get(path).await.is(403, DENIED);
        app.nobody.get(path).await.is(401, NOT_AUTHENTICATED);
        client.get(path).await.is(401, NOT_AUTHENTICATED);
    }
    nurse.post("/services", json!({ "name": "x" })).await.is(403, DENIED);
    staff.get("/services/nope").await.json(404);
    staff.get(&format!("/services/{NIL}")).await.json(404);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn services_are_paged_searched_and_ordered(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    for name in ["Ward tablets", "Kiosk", "Night ward"] {
        staff.service(name, false).await;
    }
    let names = async |query: &str| -> Vec<Value> {
        let page = staff.get(&format!("/services{query}")).await.json(200);
        page["results"].as_array().expect("a page").iter().map(|service| service["name"].clone()).collect()
    };
    assert_eq!(names("").await, ["Ward tablets", "Kiosk", "Night ward"]);
    assert_eq!(names("?ordering=-name&limit=2").await, ["Ward tablets", "Night ward"]);
    assert_eq!(names("?search=ward%20n").await, ["Night ward"]);
}

/// Whoever may make services would read and write everybody's chats, with a temp token that acts as whomever they name.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn no_staff_get_at_anybodys_chats_by_way_of_a_service(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, colleague, root, nurse) = (
        app.staff().await,
        app.person("ravi", Roles { is_staff: true, ..Roles::default() }).await,
        app.root().await,
        app.nurse().await,
    );
    let project = staff.project("P").await;
    let chat = nurse.chat(&project).await;
    for victim in [&nurse, &colleague, &root] {
        staff.post("/services", json!({ "name": "Mine", "owner": victim.id })).await.is(403, DENIED);
    }
    let own = staff.service("Own", true).await;
    staff.patch(&own, json!({ "owner": nurse.id })).await.is(403, DENIED);
    let hers = root.service_of(nurse.id, "Hers").await;
    for answer in [
        staff.post(&format!("{hers}/keys"), json!({ "title": "Mine" })).await,
        staff.patch(&hers, json!({ "owner": staff.id })).await,
        staff.patch(&hers, json!({ "owner": nurse.id })).await,
        staff.delete(&hers).await,
    ] {
        assert_eq!(answer.json(404), serde_json::from_str::<Value>(NOT_FOUND).expect("JSON"));
    }
    // What was made meanwhile acts as nobody but its maker.
    let token = staff.client_of(&own).await.post("/temptokens", json!({ "ip": "127.0.0.1" })).await.json(201);
    let browser = app.nobody.with_authorization(&format!("Bearer {}", token["token"].as_str().expect("a token")));
    browser.get(&chat).await.json(404);
    browser.ask(&chat, "Zinc?").await.json(404);
    assert_eq!(staff.get("/services").await.json(200)["count"], 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_key_of_before_a_hand_over_opens_neither_owners_chats(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (root, nurse) = (app.root().await, app.nurse().await);
    let service = root.service("Tablets", true).await;
    let keys = format!("{service}/keys");
    let client = root.client_of(&service).await;
    let project = root.project("P").await;
    let (own, hers) = (root.chat(&project).await, nurse.chat(&project).await);
    let token = client.post("/temptokens", json!({ "ip": "127.0.0.1" })).await.json(201);
    let browser = app.nobody.with_authorization(&format!("Bearer {}", token["token"].as_str().expect("a token")));
    browser.get(&own).await.json(200);
    root.patch(&service, json!({ "owner": nurse.id })).await.json(200);
    for chat in [&own, &hers] {
        browser.get(chat).await.json(401);
    }
    client.get("/chats").await.is(401, NOT_AUTHENTICATED);
    assert_eq!(root.get(&keys).await.json(200)["count"], 0);
    let told: Vec<(String, String)> = sqlx::query_as(
        "SELECT event_type, metadata ->> 'actor' FROM events
         WHERE aggregate_type = 'service' AND event_type IN ('KeyRevoked', 'OwnerChanged') ORDER BY position",
    )
    .fetch_all(&db)
    .await
    .expect("readable");
    let by_root = format!("user:{}", root.id);
    let expected = ["KeyRevoked", "OwnerChanged"].map(|name| (name.to_owned(), by_root.clone()));
    assert_eq!(told, expected);
}
