//! `projects`: what staff do with them.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{NIL, Person, TestApp, multipart};

const MINIMAL: &str = r#"{"external_id":"<id>","title":"Project A","created_at":"<time>","modified_at":"<time>","description":null,"stt_engine":1,"tts_engine":2,"model":"1","is_default":false,"display_preset_questions":null,"archived":false,"assistant_id":null,"prompt":"","key_set":false,"preset_questions":null}"#;
const NOT_FOUND: &str = r#"{"detail":"Not found."}"#;

async fn create(staff: &Person, body: Value) -> crate::support::Answer {
    staff.post("/projects", body).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_project_needs_no_more_than_a_title(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let ignored = json!({
        "title": "Project A", "external_id": NIL, "created_at": "2020-01-01T00:00:00Z", "key_set": true, "foo": 1, "noonce": "1.2"
    });
    let created = create(&staff, ignored).await;
    created.is_like(201, MINIMAL);
    assert_ne!(created.id(), NIL);
    staff.get(&format!("/projects/{}", created.id())).await.is_like(200, MINIMAL);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_project_shows_everything_but_its_key(db: PgPool) {
    let app = TestApp::start(&db).await;
    let body = json!({
        "title": "Project B", "description": "desc", "stt_engine": 2, "tts_engine": "1", "model": "3", "is_default": true,
        "archived": false, "assistant_id": "asst_1", "prompt": "Use {reference}", "open_ai_key": "sk-very-secret",
        "preset_questions": ["a", "b"]
    });
    create(&app.staff().await, body).await.is_like(
        201,
        r#"{"external_id":"<id>","title":"Project B","created_at":"<time>","modified_at":"<time>","description":"desc","stt_engine":2,"tts_engine":1,"model":"3","is_default":true,"display_preset_questions":["a","b"],"archived":false,"assistant_id":"asst_1","prompt":"Use {reference}","key_set":true,"preset_questions":["a","b"]}"#,
    );
    let everything = app.whole_database().await;
    assert!(!everything.contains("sk-very-secret") && !everything.contains(&hex::encode("sk-very-secret")));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_title_of_letters_that_grow_under_normalisation_is_counted_as_it_was_sent(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let (hindi, bengali) = ("\u{958}".repeat(50), "\u{9dc}".repeat(50));
    let created = create(&staff, json!({ "title": hindi })).await.json(201);
    assert_eq!(created["title"], hindi);
    let project = format!("/projects/{}", created["external_id"].as_str().expect("an id"));
    assert_eq!(staff.patch(&project, json!({ "title": bengali })).await.json(200)["title"], bengali);
    // As the front end does, which sends back all that it was given.
    assert_eq!(staff.patch(&project, staff.get(&project).await.json(200)).await.json(200)["title"], bengali);
    let too_long = r#"{"title":["Ensure this field has no more than 50 characters."]}"#;
    staff.patch(&project, json!({ "title": "\u{9dc}".repeat(51) })).await.is(400, too_long);
    let chats = format!("{project}/chats");
    assert_eq!(staff.post(&chats, json!({ "title": hindi })).await.json(201)["title"], hindi);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_form_makes_a_project_too(db: PgPool) {
    let app = TestApp::start(&db).await;
    let texts = [("title", "Form"), ("preset_questions", "a"), ("preset_questions", "b"), ("description", "")];
    let created = app.staff().await.post_form("/projects", multipart(&texts)).await.json(201);
    assert_eq!((&created["title"], &created["preset_questions"]), (&json!("Form"), &json!(["a", "b"])));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_more_than_four_preset_questions_four_are_displayed(db: PgPool) {
    let app = TestApp::start(&db).await;
    let all = json!(["a", "b", "c", "d", "e", "f"]);
    let created = create(&app.staff().await, json!({ "title": "P", "preset_questions": all })).await.json(201);
    assert_eq!(created["preset_questions"], all);
    assert_eq!(created["display_preset_questions"].as_array().map(Vec::len), Some(4));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_breaks_a_rule_is_refused_by_field(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("Kept").await;
    let too_long = r#"["Ensure this field has no more than 100 characters."]"#;
    for (field, value, messages) in [
        ("title", json!(""), r#"["This field may not be blank."]"#),
        ("title", json!("   "), r#"["This field may not be blank."]"#),
        ("title", Value::Null, r#"["This field may not be null."]"#),
        ("title", json!("t".repeat(51)), r#"["Ensure this field has no more than 50 characters."]"#),
        ("title", json!([]), r#"["Not a valid string."]"#),
        ("stt_engine", json!(9), r#"["\"9\" is not a valid choice."]"#),
        ("stt_engine", json!("whisper"), r#"["\"whisper\" is not a valid choice."]"#),
        ("stt_engine", Value::Null, r#"["This field may not be null."]"#),
        ("tts_engine", json!(3), r#"["\"3\" is not a valid choice."]"#),
        ("model", json!(99), r#"["\"99\" is not a valid choice."]"#),
        ("model", json!("gpt"), r#"["\"gpt\" is not a valid choice."]"#),
        ("is_default", json!("maybe"), r#"["Must be a valid boolean."]"#),
        ("preset_questions", json!("q"), r#"["Expected a list of items but got type \"str\"."]"#),
        (
            "preset_questions",
            json!([1, null, "", {}]),
            r#"{"1":["This field may not be null."],"2":["This field may not be blank."],"3":["Not a valid string."]}"#,
        ),
        ("open_ai_key", json!("k".repeat(101)), too_long),
        ("assistant_id", json!("k".repeat(101)), too_long),
        ("prompt", Value::Null, r#"["This field may not be null."]"#),
    ] {
        let mut body = json!({ "title": "x" });
        body[field] = value.clone();
        let expected = format!(r#"{{"{field}":{messages}}}"#);
        create(&staff, body).await.is(400, &expected);
        staff.patch(&format!("/projects/{project}"), json!({ field: value })).await.is(400, &expected);
    }
    create(&staff, json!({})).await.is(400, r#"{"title":["This field is required."]}"#);
    create(&staff, json!({ "title": "x", "prompt": "" }))
        .await
        .is(400, r#"{"prompt":["This field may not be blank."]}"#);
    assert_eq!(staff.get("/projects").await.titles(), ["Kept"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_whole_object_sent_back_with_a_change_changes_that_and_nothing_else(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let body = json!({ "title": "Old", "prompt": "p {reference}", "open_ai_key": "sk-1", "preset_questions": ["a"], "model": 3 });
    let mut object = create(&staff, body).await.json(201);
    object["title"] = json!("New");
    let path = format!("/projects/{}", object["external_id"].as_str().expect("an id"));
    let mut changed = staff.patch(&path, object.clone()).await.json(200);
    assert!(changed["modified_at"].as_str() > object["modified_at"].as_str());
    changed["modified_at"] = object["modified_at"].clone();
    assert_eq!(changed, object);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn single_fields_can_be_changed_and_cleared(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}", staff.project("P").await);
    for (sent, field, shown) in [
        (json!({ "open_ai_key": "sk-1" }), "key_set", json!(true)),
        (json!({ "description": "about" }), "key_set", json!(true)),
        (json!({ "open_ai_key": null }), "key_set", json!(false)),
        (json!({ "open_ai_key": "" }), "key_set", json!(true)),
        (json!({ "description": null }), "description", Value::Null),
        (json!({ "prompt": "p" }), "prompt", json!("p")),
        (json!({ "prompt": "" }), "prompt", json!("")),
        (json!({ "model": "4" }), "model", json!("4")),
        (json!({ "stt_engine": 3 }), "stt_engine", json!(3)),
        (json!({ "assistant_id": null }), "assistant_id", Value::Null),
        (json!({ "preset_questions": [] }), "preset_questions", json!([])),
        (json!({ "preset_questions": null }), "display_preset_questions", Value::Null),
        (json!({ "archived": true }), "archived", json!(true)),
        (json!({ "archived": "false" }), "archived", json!(false)),
        (json!({}), "title", json!("P")),
    ] {
        assert_eq!(staff.patch(&path, sent.clone()).await.json(200)[field], shown, "{sent}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_deleted_project_is_gone_but_its_chats_stay(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let path = format!("/projects/{project}");
    let chat = staff.chat(&project).await;
    staff.delete(&path).await.is(204, "");
    staff.delete(&path).await.is(404, NOT_FOUND);
    staff.get(&path).await.is(404, NOT_FOUND);
    staff.patch(&path, json!({ "title": "x" })).await.is(404, NOT_FOUND);
    assert!(staff.get("/projects").await.titles().is_empty());
    staff.get(&chat).await.json(200);
    assert_eq!(staff.get(&format!("{path}/chats")).await.titles(), ["New"]);
    staff.post(&format!("{path}/chats"), json!({ "title": "x" })).await.is(404, NOT_FOUND);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_list_is_paged_searched_ordered_and_filtered(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    for title in ["Zinc", "Asthma care", "Child care", "Burns"] {
        staff.project(title).await;
    }
    create(&staff, json!({ "title": "Old care", "archived": true })).await.id();
    create(&staff, json!({ "title": "Main", "is_default": true })).await.id();
    let titles = async |query: &str| staff.get(&format!("/projects{query}")).await.titles();
    assert_eq!(titles("").await, ["Main", "Zinc", "Asthma care", "Child care", "Burns", "Old care"]);
    assert_eq!(titles("?ordering=-is_default,-created_at&noonce=1.5").await[..3], ["Main", "Old care", "Burns"]);
    assert_eq!(titles("?ordering=title&limit=2&offset=1").await, ["Burns", "Child care"]);
    assert_eq!(titles("?ordering=nonsense,creator&limit=1").await, ["Main"]);
    assert_eq!(titles("?search=CARE%20chi").await, ["Child care"]);
    assert_eq!(titles("?search=").await.len(), 6);
    assert_eq!(titles("?search=%00").await.len(), 6);
    assert_eq!(titles("?archived=true").await, ["Old care"]);
    assert_eq!(titles("?archived=0&search=care").await, ["Asthma care", "Child care"]);
    assert_eq!(titles("?archived=junk").await.len(), 6);
    let page = staff.get("/projects?limit=2&offset=2").await;
    assert!(page.body.starts_with(r#"{"count":6,"has_previous":true,"has_next":true,"results":[{"external_id":""#));
    assert!(page.body.ends_with(r#"],"offset":2}"#));
    let beyond = r#"{"count":6,"has_previous":true,"has_next":false,"results":[],"offset":60}"#;
    staff.get("/projects?limit=1000&offset=60").await.is(200, beyond);
}
