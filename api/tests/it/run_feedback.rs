//! `tests/suites/{id}/runs/{id}/feedback`.

use domain::user::Roles;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{NIL, Person, TestApp, eventually};

const NOT_FOUND: &str = r#"{"detail":"Not found."}"#;

/// A completed run with two results: its path and the ids of the results.
async fn run_with_results(staff: &Person) -> (String, Vec<String>) {
    let project = staff.project("P").await;
    let body = json!({ "name": "Ward", "temperature": 0.5, "topk": 10 });
    let suite = format!("/tests/suites/{}", staff.post("/tests/suites", body).await.id());
    for question in ["Zinc?", "ORS?"] {
        let body = json!({ "question": question, "human_answer": "Yes" });
        staff.post(&format!("{suite}/questions"), body).await.json(201);
    }
    let body = json!({ "project": project, "models": [1] });
    let run = format!("{suite}/runs/{}", staff.post(&format!("{suite}/runs"), body).await.id());
    let results = eventually("the run is complete", async || {
        let run = staff.get(&run).await.json(200);
        (run["status"] == 2).then(|| run["test_results"].clone())
    })
    .await;
    let results = results.as_array().expect("results are a list");
    (run, results.iter().map(|result| result["external_id"].as_str().expect("an id").to_owned()).collect())
}

async fn number_of(db: &PgPool, feedback: &str) -> i64 {
    let number =
        sqlx::query_scalar("SELECT position FROM events WHERE aggregate_type = 'feedback' AND aggregate_id = $1");
    number.bind(feedback).fetch_one(db).await.expect("the feedback was given once")
}

fn notes(page: &Value) -> Vec<&str> {
    let results = page["results"].as_array().expect("a page has results");
    results.iter().map(|feedback| feedback["notes"].as_str().expect("notes")).collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn feedback_is_given_and_shown_at_its_result(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let reviewer = app.person("ravi", Roles { is_reviewer: true, ..Roles::default() }).await;
    let (run, results) = run_with_results(&staff).await;
    let path = format!("{run}/feedback");
    let given = reviewer.post(&path, json!({ "test_result_id": results[0], "rating": 5, "notes": "Clear" })).await;
    let shown = r#"{"user_object":{"external_id":"<id>","username":"ravi","full_name":"ravi of the Test","email":"ravi@example.com","allow_key":false,"is_staff":false,"is_reviewer":true,"date_joined":"<time>"},"external_id":"<id>","rating":5,"notes":"Clear","created_at":"<time>","modified_at":"<time>"}"#;
    given.is_like(201, shown);
    let second = json!({ "test_result_id": results[1], "rating": "1", "notes": "Invented" });
    staff.post(&path, second).await.json(201);
    let run = staff.get(&run).await.json(200);
    assert_eq!(run["test_results"][0]["feedback"], json!([given.json(201)]));
    assert_eq!(run["test_results"][1]["feedback"][0]["rating"], 1);
    for person in [&staff, &reviewer] {
        assert_eq!(notes(&person.get(&path).await.json(200)), ["Clear", "Invented"]);
        let one = person.get(&format!("{path}?ordering=-created_at&test_result_id={}", results[1])).await.json(200);
        assert_eq!(notes(&one), ["Invented"]);
    }
    let number = number_of(&db, &given.id()).await;
    reviewer.get(&format!("{path}/{number}")).await.is_like(200, shown);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_run_can_be_looked_at_when_a_reviewer_is_gone(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, root) = (app.staff().await, app.root().await);
    let reviewer = app.person("ravi", Roles { is_reviewer: true, ..Roles::default() }).await;
    let (run, results) = run_with_results(&staff).await;
    let given = json!({ "test_result_id": results[0], "rating": 5, "notes": "Clear" });
    reviewer.post(&format!("{run}/feedback"), given).await.json(201);
    root.delete("/users/ravi").await.is(204, "");
    let shown = eventually("the account is gone", async || {
        let author = staff.get(&run).await.json(200)["test_results"][0]["feedback"][0]["user_object"].clone();
        (author["username"] == "deleted").then_some(author)
    })
    .await;
    assert_eq!((&shown["full_name"], &shown["email"]), (&json!("Deleted user"), &json!("")));
    assert_eq!(shown["external_id"], json!(reviewer.id));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn feedback_is_changed_and_deleted_by_its_number(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let (run, results) = run_with_results(&staff).await;
    let path = format!("{run}/feedback");
    let given = staff.post(&path, json!({ "test_result_id": results[0], "rating": 5, "notes": "Clear" })).await;
    let one = format!("{path}/{}", number_of(&db, &given.id()).await);
    let changes = json!({ "rating": 2, "notes": "On second thoughts", "test_result_id": results[1] });
    let changed = staff.patch(&one, changes).await.json(200);
    assert_eq!((&changed["rating"], &changed["notes"]), (&json!(2), &json!("On second thoughts")));
    let at_first = staff.get(&run).await.json(200)["test_results"][0]["feedback"].clone();
    assert_eq!(at_first, json!([changed]));
    assert_eq!(staff.delete(&one).await.status, 204);
    for answer in [staff.get(&one).await, staff.delete(&one).await, staff.patch(&one, json!({})).await] {
        answer.is(404, NOT_FOUND);
    }
    assert_eq!(staff.get(&run).await.json(200)["test_results"][0]["feedback"], json!([]));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn feedback_is_checked(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let (run, results) = run_with_results(&staff).await;
    let path = format!("{run}/feedback");
    let missing = r#"{"test_result_id":["This field is required."],"rating":["This field is required."],"notes":["This field is required."]}"#;
    staff.post(&path, json!({})).await.is(400, missing);
    let body = json!({ "test_result_id": results[0], "rating": 7, "notes": "" });
    let refusal = r#"{"rating":["\"7\" is not a valid choice."],"notes":["This field may not be blank."]}"#;
    staff.post(&path, body).await.is(400, refusal);
    staff.post(&path, json!({ "test_result_id": NIL, "rating": 5, "notes": "x" })).await.is(404, NOT_FOUND);
    staff.get(&format!("{path}?test_result_id=nope")).await.is(400, r#"{"detail":"“nope” is not a valid UUID."}"#);
    for number in ["0", "-1", "nope", "99999999999999999999"] {
        staff.get(&format!("{path}/{number}")).await.is(404, NOT_FOUND);
    }
    app.nurse().await.get(&path).await.is(403, r#"{"detail":"You do not have permission to perform this action."}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn notes_are_stored_in_clear_in_the_view_only(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let (run, results) = run_with_results(&staff).await;
    let body = json!({ "test_result_id": results[0], "rating": 5, "notes": "unmistakable words" });
    staff.post(&format!("{run}/feedback"), body).await.json(201);
    let events: Vec<String> = sqlx::query_scalar("SELECT payload::text || metadata::text FROM events")
        .fetch_all(&db)
        .await
        .expect("events can be read");
    assert!(!events.concat().contains("unmistakable"));
}
