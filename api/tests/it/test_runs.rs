//! `tests/suites/{id}/runs`: runs from their start to their end, and what happens in between.

use std::time::Duration;

use domain::user::Roles;
use serde_json::{Value, json};
use sqlx::PgPool;
use wiremock::ResponseTemplate;

use crate::support::{NIL, Person, Provider, SlowProvider, TestApp, deltas, eventually};

const NOT_FOUND: &str = r#"{"detail":"Not found."}"#;
const KEY: [&str; 2] = ["--openai-api-key", "sk-server"];

async fn app_with(db: &PgPool, url: &str) -> TestApp {
    TestApp::start_with(db, &[&["--openai-base-url", url], &KEY[..]].concat()).await
}

/// The path of a suite with these questions and answers.
async fn suite(person: &Person, questions: &[(&str, &str)]) -> String {
    let body = json!({ "name": "Ward", "temperature": 0.5, "topk": 10 });
    let suite = format!("/tests/suites/{}", person.post("/tests/suites", body).await.id());
    for (question, answer) in questions {
        let body = json!({ "question": question, "human_answer": answer });
        person.post(&format!("{suite}/questions"), body).await.json(201);
    }
    suite
}

/// The path of a new run.
async fn start(person: &Person, suite: &str, body: Value) -> String {
    let run = person.post(&format!("{suite}/runs"), body).await;
    let path = format!("{suite}/runs/{}", run.id());
    // It may have ended before it is shown.
    let status = &run.json(201)["status"];
    assert!(*status == 1 || *status == 2, "{status}");
    path
}

/// The run when it has this status.
async fn ended(person: &Person, run: &str, status: i32) -> Value {
    eventually("the run has ended", async || {
        let run = person.get(run).await.json(200);
        (run["status"] == status).then_some(run)
    })
    .await
}

fn results(run: &Value) -> &Vec<Value> {
    run["test_results"].as_array().expect("results are a list")
}

async fn jobs(db: &PgPool) -> i64 {
    let jobs = sqlx::query_scalar("SELECT count(*) FROM jobs WHERE kind = 'run_test'");
    jobs.fetch_one(db).await.expect("jobs can be counted")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_run_answers_every_question_with_every_model_from_the_documents(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    staff.text_document(&project, "Zinc", "Zinc is given for fourteen days in diarrhoea.").await;
    let suite = suite(
        &staff,
        &[
            ("How long is zinc given?", "Zinc is given for fourteen days in diarrhoea."),
            ("What is the capital of the moon?", "Nobody knows."),
        ],
    )
    .await;
    let run = start(&staff, &suite, json!({ "project": project, "references": true, "models": [3, 1] })).await;
    let run = ended(&staff, &run, 2).await;
    let asked: Vec<(&Value, &Value)> =
        results(&run).iter().map(|result| (&result["model"], &result["question"])).collect();
    let (zinc, moon) = (json!("How long is zinc given?"), json!("What is the capital of the moon?"));
    assert_eq!(asked, [(&json!(3), &zinc), (&json!(3), &moon), (&json!(1), &zinc), (&json!(1), &moon)]);
    let result = &results(&run)[0];
    assert!(result["answer"].as_str().is_some_and(|answer| answer.contains("fourteen days")), "{result}");
    assert_eq!(result["references"][0]["title"], "Zinc");
    assert!(result["bleu_score"].as_f64().is_some_and(|score| score > 0.1 && score <= 1.0), "{result}");
    assert!(result["cosine_sim"].as_f64().is_some_and(|score| score > 0.3 && score <= 1.0), "{result}");
    assert_eq!(result["test_question"]["question"], "How long is zinc given?");
    let ids: Vec<i64> = results(&run).iter().filter_map(|result| result["id"].as_i64()).collect();
    assert!(ids.len() == 4 && ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    let position: i64 =
        sqlx::query_scalar("SELECT position FROM events WHERE event_type = 'Started' AND aggregate_type = 'testrun'")
            .fetch_one(&db)
            .await
            .expect("the run was started");
    assert!(results(&run).iter().all(|result| result["test_run"] == position));
    assert_eq!(jobs(&db).await, 0);
    // Nobody's chats.
    let chats: i64 = sqlx::query_scalar("SELECT count(*) FROM views.chats").fetch_one(&db).await.expect("a count");
    assert_eq!(chats, 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_result_has_the_contracts_shape(db: PgPool) {
    let provider = Provider::answering(deltas(&["one two three four"])).await;
    let app = app_with(&db, &provider.url()).await;
    let staff = app.staff().await;
    let body = json!({ "title": "P", "prompt": "Secret ward rules. {reference}" });
    let project = staff.post("/projects", body).await.id();
    let suite = suite(&staff, &[("Zinc?", "one two three four")]).await;
    let run = start(&staff, &suite, json!({ "project": project, "references": false, "models": ["7"] })).await;
    ended(&staff, &run, 2).await;
    let run = staff.get(&run).await;
    let shaped = crate::support::shape(&run.body);
    let (before, after) = shaped.split_once(r#""id":"#).expect("a result has a number");
    assert_eq!(
        before,
        r#"{"external_id":"<id>","project":"<id>","project_object":{"external_id":"<id>","title":"P","created_at":"<time>","modified_at":"<time>","description":null,"stt_engine":1,"tts_engine":2,"model":"1","is_default":false,"display_preset_questions":null,"archived":false,"assistant_id":null,"prompt":"Secret ward rules. {reference}","key_set":false,"preset_questions":null},"created_at":"<time>","modified_at":"<time>","status":2,"test_results":[{"#
    );
    let (_, after) = after.split_once(',').expect("more follows the number");
    let (after, end) = after.split_once(r#","test_run":"#).expect("a result names its run");
    assert_eq!(
        after,
        r#""feedback":[],"references":[],"test_question":{"question":"Zinc?","language":"en","created_at":"<time>","modified_at":"<time>","human_answer":"one two three four","external_id":"<id>","documents":[]},"external_id":"<id>","created_at":"<time>","modified_at":"<time>","deleted":false,"question":"Zinc?","human_answer":"one two three four","answer":"one two three four","cosine_sim":1.0,"bleu_score":1.0,"model":7"#
    );
    assert!(end.ends_with(r#"}],"references":false,"models":[7]}"#), "{end}");
    // The suite's temperature, the run's model, the project's prompt.
    let request = &provider.requests().await[0];
    assert_eq!((&request["model"], &request["temperature"]), (&json!("gpt-4o"), &json!(0.5)));
    assert_eq!(request["messages"][0]["content"], "Secret ward rules. {}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn reviewers_see_runs_but_not_the_prompt(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let reviewer = app.person("ravi", Roles { is_reviewer: true, ..Roles::default() }).await;
    let body = json!({ "title": "P", "prompt": "Secret {reference}", "preset_questions": ["a"], "open_ai_key": "sk" });
    let project = staff.post("/projects", body).await.id();
    let suite = suite(&reviewer, &[]).await;
    let run = start(&reviewer, &suite, json!({ "project": project })).await;
    let seen = ended(&reviewer, &run, 2).await;
    let project = &seen["project_object"];
    assert_eq!(
        (&project["title"], &project["prompt"], &project["key_set"], &project["preset_questions"]),
        (&json!("P"), &json!(""), &json!(false), &Value::Null)
    );
    let list = reviewer.get(&format!("{suite}/runs")).await;
    assert!(!list.body.contains("Secret"), "{}", list.body);
    assert_eq!(staff.get(&run).await.json(200)["project_object"]["prompt"], "Secret {reference}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_question_that_the_model_fails_on_has_no_answer_and_no_scores(db: PgPool) {
    let provider = Provider::answering(ResponseTemplate::new(401)).await;
    let app = app_with(&db, &provider.url()).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let suite = suite(&staff, &[("Zinc?", "14 days"), ("ORS?", "A litre")]).await;
    let run = start(&staff, &suite, json!({ "project": project, "models": [1] })).await;
    let run = ended(&staff, &run, 2).await;
    assert_eq!(results(&run).len(), 2);
    for result in results(&run) {
        assert_eq!((&result["answer"], &result["references"]), (&json!(""), &json!([])));
        assert_eq!((&result["cosine_sim"], &result["bleu_score"]), (&json!(0.0), &json!(0.0)));
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_run_without_a_provider_key_fails(db: PgPool) {
    let provider = Provider::answering(deltas(&["never"])).await;
    let app = TestApp::start_with(&db, &["--openai-base-url", &provider.url()]).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let suite = suite(&staff, &[("Zinc?", "14 days")]).await;
    let run = start(&staff, &suite, json!({ "project": project, "models": [1] })).await;
    let run = ended(&staff, &run, 4).await;
    assert_eq!(results(&run).len(), 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_canceled_run_asks_no_further_question_and_goes_on_when_it_shall(db: PgPool) {
    let provider = SlowProvider::start().await;
    let app = app_with(&db, &provider.url).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let suite = suite(&staff, &[("Zinc?", "14 days"), ("ORS?", "A litre")]).await;
    let run = start(&staff, &suite, json!({ "project": project, "models": [1] })).await;
    provider.go_on();
    eventually("the first result", async || (results(&staff.get(&run).await.json(200)).len() == 1).then_some(())).await;
    assert_eq!(staff.patch(&run, json!({ "status": 3 })).await.json(200)["status"], 3);
    provider.go_on();
    eventually("the work has ended", async || (jobs(&db).await == 0).then_some(())).await;
    let canceled = staff.get(&run).await.json(200);
    assert_eq!((&canceled["status"], results(&canceled).len()), (&json!(3), 1));
    assert_eq!(staff.patch(&run, json!({ "status": 1 })).await.json(200)["status"], 1);
    provider.go_on();
    let completed = ended(&staff, &run, 2).await;
    assert_eq!(results(&completed).len(), 2);
    assert_eq!(results(&completed)[0], results(&canceled)[0]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_run_goes_on_where_it_stood_when_its_process_has_died(db: PgPool) {
    let provider = SlowProvider::start().await;
    let app = app_with(&db, &provider.url).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let suite = suite(&staff, &[("Zinc?", "14 days"), ("ORS?", "A litre"), ("Iron?", "Three months")]).await;
    let run = start(&staff, &suite, json!({ "project": project, "models": [1] })).await;
    provider.go_on();
    let before = eventually("the first result", async || {
        let run = staff.get(&run).await.json(200);
        (results(&run).len() == 1).then_some(run)
    })
    .await;
    drop(app);
    tokio::time::sleep(Duration::from_millis(200)).await;
    // What time would do.
    sqlx::query("UPDATE jobs SET lease_until = now()").execute(&db).await.expect("leases end");
    let app = app_with(&db, &provider.url).await;
    let staff = app.nobody.with_token(staff.token());
    provider.go_on();
    provider.go_on();
    let after = ended(&staff, &run, 2).await;
    let questions: Vec<&Value> = results(&after).iter().map(|result| &result["question"]).collect();
    assert_eq!(questions, [&json!("Zinc?"), &json!("ORS?"), &json!("Iron?")]);
    assert_eq!(results(&after)[0], results(&before)[0]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_question_in_another_language_needs_a_translator(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let suite = suite(&staff, &[]).await;
    let body = json!({ "question": "സിങ്ക്?", "human_answer": "14", "language": "ml" });
    staff.post(&format!("{suite}/questions"), body).await.json(201);
    let run = start(&staff, &suite, json!({ "project": project, "models": [1] })).await;
    let run = ended(&staff, &run, 2).await;
    let result = &results(&run)[0];
    assert_eq!(result["answer"], "[Translation] There is no answer: no translator is configured, or it failed.");
    assert_eq!((&result["cosine_sim"], &result["bleu_score"]), (&json!(0.0), &json!(0.0)));
    let failure: String =
        sqlx::query_scalar("SELECT payload ->> 'failure' FROM events WHERE event_type = 'ResultRecorded'")
            .fetch_one(&db)
            .await
            .expect("the log can be read");
    assert_eq!(failure, "translation_failed");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_a_run_is_made_of_is_checked(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let suite = suite(&staff, &[]).await;
    let path = format!("{suite}/runs");
    for (body, refusal) in [
        (json!({}), r#"{"project":["This field is required."]}"#),
        (json!({ "project": "x" }), r#"{"project":["Must be a valid UUID."]}"#),
        (json!({ "project": project, "models": [] }), r#"{"models":["This list may not be empty."]}"#),
        (
            json!({ "project": project, "status": 9, "models": [1, 9] }),
            r#"{"status":["\"9\" is not a valid choice."],"models":{"1":["\"9\" is not a valid choice."]}}"#,
        ),
        (
            json!({ "project": project, "models": "1" }),
            r#"{"models":["Expected a list of items but got type \"str\"."]}"#,
        ),
    ] {
        staff.post(&path, body).await.is(400, refusal);
    }
    staff.post(&path, json!({ "project": NIL, "models": [1] })).await.is(404, NOT_FOUND);
    let body = json!({ "project": project, "models": [1] });
    staff.post(&format!("/tests/suites/{NIL}/runs"), body.clone()).await.is(404, NOT_FOUND);
    let run = start(&staff, &suite, body).await;
    let elsewhere = staff.project("Elsewhere").await;
    let changes = json!({ "project": elsewhere, "references": false, "models": [2, 3] });
    let changed = staff.patch(&run, changes).await.json(200);
    assert_eq!(
        (&changed["project"], &changed["references"], &changed["models"]),
        (&json!(project), &json!(false), &json!([2, 3]))
    );
    staff.patch(&run, json!({ "status": "x" })).await.is(400, r#"{"status":["\"x\" is not a valid choice."]}"#);
    assert_eq!(staff.delete(&run).await.status, 204);
    staff.get(&run).await.is(404, NOT_FOUND);
    assert_eq!(staff.get(&path).await.json(200)["count"], 0);
}
