//! `tests/suites`, questions and what is attached to them, beyond the recorded exchanges.

use domain::user::Roles;
use reqwest::multipart::Part;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{NIL, Person, TestApp, multipart};

const NOT_FOUND: &str = r#"{"detail":"Not found."}"#;
const FORBIDDEN: &str = r#"{"detail":"You do not have permission to perform this action."}"#;

async fn reviewer(app: &TestApp) -> Person {
    app.person("ravi", Roles { is_reviewer: true, ..Roles::default() }).await
}

/// The path of a new suite.
async fn suite(person: &Person) -> String {
    let body = json!({ "name": "Ward", "temperature": 0.1, "topk": 10 });
    format!("/tests/suites/{}", person.post("/tests/suites", body).await.id())
}

/// The path of a new question.
async fn question(person: &Person, suite: &str) -> String {
    let body = json!({ "question": "Zinc?", "human_answer": "14 days" });
    format!("{suite}/questions/{}", person.post(&format!("{suite}/questions"), body).await.id())
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nobody_chooses_the_id_of_a_suite(db: PgPool) {
    let app = TestApp::start(&db).await;
    let reviewer = reviewer(&app).await;
    let chosen = "11111111-2222-3333-4444-555555555555";
    let body = json!({ "name": "Mine", "temperature": 1, "topk": 1, "external_id": chosen });
    let created = reviewer.post("/tests/suites", body).await;
    assert_ne!(created.id(), chosen);
    let path = format!("/tests/suites/{}", created.id());
    let changed = reviewer.patch(&path, json!({ "external_id": chosen, "name": "Ours" })).await.json(200);
    assert_eq!((&changed["external_id"], &changed["name"]), (&json!(created.id()), &json!("Ours")));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn numbers_that_no_column_holds_are_refused_and_lists_stay_readable(db: PgPool) {
    let app = TestApp::start(&db).await;
    let reviewer = reviewer(&app).await;
    for temperature in ["1e400", "\"NaN\"", "\"inf\"", "\"-Infinity\""] {
        let body = format!(r#"{{"name":"x","temperature":{temperature},"topk":1}}"#);
        let answer = reviewer.post_raw("/tests/suites", "application/json", body).await;
        assert_eq!(answer.status, 400, "{temperature}: {}", answer.body);
    }
    let path = suite(&reviewer).await;
    reviewer
        .patch(&path, json!({ "temperature": "1e400" }))
        .await
        .is(400, r#"{"temperature":["A valid number is required."]}"#);
    reviewer.get("/tests/suites").await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn thirty_questions_at_once_are_all_there(db: PgPool) {
    let app = TestApp::start(&db).await;
    let reviewer = reviewer(&app).await;
    let suite = suite(&reviewer).await;
    let path = format!("{suite}/questions");
    let posts = (0..30).map(|number| {
        let body = json!({ "question": format!("Question {number}?"), "human_answer": "Yes" });
        reviewer.post(&path, body)
    });
    for answer in futures::future::join_all(posts).await {
        answer.json(201);
    }
    let page = reviewer.get(&format!("{path}?limit=30&ordering=created_at")).await.json(200);
    assert_eq!((&page["count"], page["results"].as_array().map(Vec::len)), (&json!(30), Some(30)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_question_in_an_unknown_or_deleted_suite_is_not_found(db: PgPool) {
    let app = TestApp::start(&db).await;
    let reviewer = reviewer(&app).await;
    let body = json!({ "question": "Zinc?", "human_answer": "14 days" });
    reviewer.post(&format!("/tests/suites/{NIL}/questions"), body.clone()).await.is(404, NOT_FOUND);
    let suite = suite(&reviewer).await;
    let question = question(&reviewer, &suite).await;
    assert_eq!(reviewer.delete(&suite).await.status, 204);
    reviewer.post(&format!("{suite}/questions"), body).await.is(404, NOT_FOUND);
    // Parents do not hide children.
    reviewer.get(&question).await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_whole_question_may_be_sent_back_with_its_documents(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let suite = suite(&staff).await;
    let path = question(&staff, &suite).await;
    let mut whole = staff.get(&path).await.json(200);
    whole["human_answer"] = json!("Two weeks");
    whole["documents"] = json!([{ "title": "made up" }]);
    let changed = staff.patch(&path, whole).await.json(200);
    assert_eq!((&changed["human_answer"], &changed["documents"]), (&json!("Two weeks"), &json!([])));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_picture_is_attached_shown_and_removed(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let suite = suite(&staff).await;
    let question = question(&staff, &suite).await;
    let path = format!("{question}/documents");
    let file = Part::bytes(b"\x89PNG".to_vec()).file_name("../../chart one.png");
    let created =
        staff.post_form(&path, multipart(&[("title", "Chart"), ("document_type", "1")]).part("file", file)).await;
    let shown = format!(
        r#"{{"external_id":"<id>","title":"Chart","created_at":"<time>","modified_at":"<time>","description":null,"document_type":1,"file":"http://{}/media/chart_one_<secret>.png","text_content":null,"uploading":false,"failed":false,"failure_reason":null}}"#,
        app.host()
    );
    created.is_like(201, &shown);
    let one = format!("{path}/{}", created.id());
    staff.get(&one).await.is_like(200, &shown);
    assert_eq!(staff.get(&question).await.json(200)["documents"], json!([created.json(201)]));
    let file = created.json(201)["file"].as_str().expect("a file has an address").to_owned();
    assert_eq!(app.nobody.follow(&format!("{file}?r=1")).await.status, 200);
    assert_eq!(staff.patch(&one, json!({})).await.status, 405);
    assert_eq!(staff.delete(&one).await.status, 204);
    staff.delete(&one).await.is(404, NOT_FOUND);
    assert_eq!(staff.get(&path).await.json(200)["count"], 0);
    assert_eq!(staff.get(&question).await.json(200)["documents"], json!([]));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn attachments_are_for_staff_and_follow_the_rules_of_documents(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, reviewer) = (app.staff().await, reviewer(&app).await);
    let suite = suite(&staff).await;
    let question = question(&staff, &suite).await;
    let path = format!("{question}/documents");
    reviewer.get(&path).await.is(403, FORBIDDEN);
    reviewer.post_form(&path, multipart(&[("title", "x"), ("text_content", "y")])).await.is(403, FORBIDDEN);
    let missing = r#"{"non_field_errors":["Either 'file' or 'text_content' must be provided."]}"#;
    staff.post_form(&path, multipart(&[("title", "x")])).await.is(400, missing);
    assert_eq!(staff.post(&path, json!({ "title": "x" })).await.status, 415);
    let form = || multipart(&[("title", "x"), ("text_content", "y"), ("document_type", "3")]);
    staff.post_form(&format!("{suite}/questions/{NIL}/documents"), form()).await.is(404, NOT_FOUND);
    staff.post_form(&format!("/tests/suites/{NIL}/questions/{NIL}/documents"), form()).await.is(404, NOT_FOUND);
    let created: Value = staff.post_form(&path, form()).await.json(201);
    assert_eq!((&created["text_content"], &created["document_type"]), (&json!("y"), &json!(3)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_ids_of_parents_must_be_ids(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let malformed = r#"{"detail":"“nope” is not a valid UUID."}"#;
    for path in [
        "/tests/suites/nope/questions".to_owned(),
        "/tests/suites/nope/runs".to_owned(),
        format!("/tests/suites/{NIL}/questions/nope/documents"),
        format!("/tests/suites/nope/questions/{NIL}"),
        format!("/tests/suites/nope/runs/{NIL}"),
    ] {
        staff.get(&path).await.is(400, malformed);
    }
    staff.get(&format!("/tests/suites/{NIL}/runs/nope")).await.is(404, NOT_FOUND);
}
