//! `projects/{id}/retrieval`: how passages are chosen, and why.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Person, Provider, TestApp, deltas};

async fn explained(staff: &Person, project: &str, body: Value) -> Value {
    staff.post(&format!("/projects/{project}/retrieval/explain"), body).await.json(200)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_search_shows_what_each_stage_found_and_why(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let path = staff.text_document(&project, "Zinc", "# Doses\n\nZinc is given for fourteen days.").await;
    staff.text_document(&project, "Burns", "Cool a burn under running water. No zinc.").await;
    let found = explained(&staff, &project, json!({ "question": "How long is zinc given?", "top_k": 1 })).await;
    let first = &found["passages"][0];
    assert_eq!(first["text"], "# Doses\n\nZinc is given for fourteen days.");
    assert_eq!(first["document_id"], path.rsplit('/').next().expect("an id"));
    let candidates = found["candidates"].as_array().expect("a list");
    let fates: Vec<&Value> = candidates.iter().map(|candidate| &candidate["fate"]).collect();
    assert_eq!(fates, ["retrieved", "beyond_limit"]);
    assert_eq!((&candidates[0]["words_rank"], &candidates[0]["vectors_rank"]), (&json!(1), &json!(1)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_projects_settings_hold_for_its_answers(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    staff.text_document(&project, "Burns", "Cool a burn under running water. No zinc.").await;
    let path = format!("/projects/{project}/retrieval");
    let question = "How long is zinc given to small children?";
    let answer = async || {
        let answer = staff.ask(&staff.chat(&project).await, question).await.json(200);
        answer["reference_documents"].as_array().map(Vec::len)
    };
    let tried = explained(&staff, &project, json!({ "question": question, "threshold_percent": 90 })).await;
    assert_eq!((&tried["passages"], &tried["candidates"][0]["fate"]), (&json!([]), &json!("below_threshold")));
    assert_eq!(
        explained(&staff, &project, json!({ "question": question })).await["passages"].as_array().map(Vec::len),
        Some(1)
    );
    let changed = staff.patch(&path, json!({ "threshold_percent": 90 })).await.json(200);
    assert_eq!((&changed["threshold_percent"], &changed["depth"]), (&json!(90), &json!(200)));
    assert_eq!(staff.get(&path).await.json(200), changed);
    assert_eq!(answer().await, Some(0));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_language_model_has_the_last_word_if_the_project_wants_that(db: PgPool) {
    let provider = Provider::answering(deltas(&["14 days."])).await.filling_in(r#"{ "order": [2, 7, 2] }"#).await;
    let url = provider.url();
    let app = TestApp::start_with(&db, &["--openai-base-url", &url, "--openai-api-key", "sk-server"]).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    staff.text_document(&project, "Diarrhoea", "Small children get ORS, and zinc for a fortnight.").await;
    let question = "How long is zinc given?";
    let titles = async |body: Value| -> Vec<String> {
        let found = explained(&staff, &project, body).await;
        let passages = found["passages"].as_array().expect("a list").iter();
        passages.map(|passage| passage["title"].as_str().expect("a title").to_owned()).collect()
    };
    assert_eq!(titles(json!({ "question": question })).await, ["Zinc", "Diarrhoea"]);
    assert!(provider.requests().await.is_empty(), "nobody is asked unless it is wanted");
    let tried = json!({ "question": question, "rerank": 10 });
    assert_eq!(titles(tried.clone()).await, ["Diarrhoea", "Zinc"]);
    let one = json!({ "question": question, "rerank": 10, "top_k": 1 });
    assert_eq!(titles(one.clone()).await, ["Diarrhoea"]);
    let fates = explained(&staff, &project, one).await["candidates"].clone();
    assert_eq!((&fates[0]["fate"], &fates[1]["fate"]), (&json!("beyond_limit"), &json!("retrieved")));
    let asked = provider.requests().await.remove(0)["messages"][1]["content"].clone();
    let asked: Value = serde_json::from_str(asked.as_str().expect("a text")).expect("JSON");
    assert_eq!((&asked["question"], &asked["passages"][0]["number"]), (&json!(question), &json!(1)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_model_that_says_nothing_useful_changes_nothing(db: PgPool) {
    let provider = Provider::answering(deltas(&["14 days."])).await.filling_in("no JSON at all").await;
    let url = provider.url();
    let app = TestApp::start_with(&db, &["--openai-base-url", &url, "--openai-api-key", "sk-server"]).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    staff.text_document(&project, "Burns", "Cool a burn. No zinc.").await;
    let found = explained(&staff, &project, json!({ "question": "How long is zinc given?", "rerank": 10 })).await;
    assert_eq!(found["passages"][0]["title"], "Zinc");
    assert_eq!(provider.requests().await.len(), 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn settings_beyond_their_range_are_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/retrieval", staff.project("P").await);
    for body in [json!({ "depth": 0 }), json!({ "threshold_percent": 101 }), json!({ "neighbours": -1 })] {
        staff.patch(&path, body).await.json(400);
    }
    staff.post(&format!("{path}/explain"), json!({ "question": "" })).await.json(400);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_deleted_project_takes_its_documents_with_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    staff.upload(&project, "a.txt", b"Zinc is given for fourteen days.").await.json(201);
    let document = staff.text_document(&project, "Zinc", "Zinc is given for ten days.").await;
    let chat = staff.chat(&project).await;
    staff.delete(&format!("/projects/{project}")).await.is(204, "");
    let answer = staff.ask(&chat, "How long is zinc given?").await.json(200);
    assert_eq!(answer["reference_documents"], json!([]), "{document} is not retrieved");
    assert!(answer["message"].as_str().is_some_and(|text| text.contains("was deleted")), "{answer}");
    crate::support::eventually("everything is removed", async || {
        let left = "SELECT (SELECT count(*) FROM chunks) + (SELECT count(*) FROM hidden_documents) + (SELECT count(*) FROM jobs)
                         + 4 - (SELECT count(*) FROM events WHERE event_type = 'RemovalConfirmed')";
        let left: i64 = sqlx::query_scalar(left).fetch_one(&db).await.expect("the tables can be read");
        (left == 0).then_some(())
    })
    .await;
    assert_eq!(std::fs::read_dir(app.media_folder()).expect("it is there").count(), 0);
}
