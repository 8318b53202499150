//! Who read what of whom is on record, and so is what was refused.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Person, TestApp, eventually};

/// The accesses that an auditor or superuser is shown, once there are so many.
async fn accesses(reader: &Person, query: &str, count: usize) -> Vec<Value> {
    eventually("the accesses are in the view", async || {
        let page = reader.get(&format!("/audit/accesses?{query}")).await.json(200);
        let accesses = page["accesses"].as_array().expect("a list").clone();
        (accesses.len() >= count).then_some(accesses)
    })
    .await
}

/// A project, and a nurse with a chat in it.
async fn chat(app: &TestApp) -> (Person, String) {
    let project = app.staff().await.project("Ward").await;
    let nurse = app.nurse().await;
    let chat = nurse.post(&format!("/projects/{project}/chats"), json!({ "title": "Zinc" })).await.id();
    (nurse, format!("/projects/{project}/chats/{chat}"))
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn who_opened_the_chat_of_another_person_is_found_by_the_person_and_by_the_reader(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat) = chat(&app).await;
    let superuser = app.superuser().await;
    superuser.get(&format!("{chat}?fetch=all")).await.json(200);

    let seen = accesses(&superuser, &format!("owner={}", nurse.id), 1).await;
    let access = &seen[0];
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(access["reader"], format!("user:{}", superuser.id));
    assert_eq!(
        (&access["roles"], &access["what"], &access["is_granted"]),
        (&json!(["superuser"]), &json!("chat"), &json!(true))
    );
    assert_eq!((&access["reason"], &access["client_address"]), (&Value::Null, &json!("127.0.0.1")));
    let id = chat.rsplit('/').next().expect("an id");
    assert_eq!(access["objects"], json!([{ "kind": "chat", "id": id, "owner": nurse.id }]));
    assert_eq!(access["request"], "GET /api/projects/{project}/chats/{id}");

    let by_reader = accesses(&superuser, &format!("reader=user:{}&until=2100-01-01T00:00:00Z", superuser.id), 2).await;
    let kinds: Vec<&str> = by_reader.iter().filter_map(|access| access["what"].as_str()).collect();
    assert_eq!(kinds[..2], ["chat", "accesses"], "that the trail was read is in the trail");
    assert!(accesses(&superuser, "until=2001-01-01T00:00:00Z", 0).await.is_empty());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_ones_own_is_not_on_record(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat) = chat(&app).await;
    nurse.get(&chat).await.json(200);
    nurse.get(&format!("{chat}/feedbacks")).await.json(200);
    nurse.get(chat.rsplit_once('/').expect("a list").0).await.json(200);
    let recorded = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM events WHERE aggregate_type = 'access'");
    assert_eq!(recorded.fetch_one(&db).await.expect("readable"), 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn lists_ratings_and_histories_of_others_are_on_record_with_whose_they_are(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat) = chat(&app).await;
    let superuser = app.superuser().await;
    let (list, id) = chat.rsplit_once('/').expect("a list");
    for path in [
        format!("{list}?fetch=all"),
        format!("{list}/list_all"),
        format!("{chat}/feedbacks?fetch=all"),
        format!("/audit/chat/{id}/timeline"),
        format!("/audit/user/{}/timeline", nurse.id),
    ] {
        superuser.get(&path).await.json(200);
    }
    let seen = accesses(&superuser, &format!("owner={}", nurse.id), 5).await;
    let kinds: Vec<&str> = seen.iter().filter_map(|access| access["what"].as_str()).collect();
    assert_eq!(kinds, ["chat_list", "chat", "ratings", "timeline", "timeline"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_reason_is_given_once_for_a_chat_and_a_log_in(db: PgPool) {
    let app = TestApp::start_with(&db, &["--access-reason", "required"]).await;
    let (nurse, chat) = chat(&app).await;
    let superuser = app.superuser().await;
    let path = format!("{chat}?fetch=all");
    let refused = superuser.get(&path).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(refused.body.contains("X-Access-Reason"), "{}", refused.body);

    let send = async |reason: &str| {
        superuser.send(superuser.request(reqwest::Method::GET, &path).header("X-Access-Reason", reason)).await
    };
    for wrong in ["", "  ", &"x".repeat(501)] {
        assert_eq!(send(wrong).await.status, 400, "{wrong:?}");
    }
    send("A complaint: പരാതി").await.json(200);
    let seen = accesses(&superuser, &format!("owner={}", nurse.id), 2).await;
    assert_eq!((&seen[0]["is_granted"], &seen[1]["reason"]), (&json!(false), &json!("A complaint: പരാതി")));
    superuser.get(&path).await.json(200);
    let seen = accesses(&superuser, &format!("owner={}", nurse.id), 3).await;
    assert_eq!(seen[2]["reason"], "A complaint: പരാതി", "it holds for the log-in");

    let again = superuser.with_token(&app.log_in(&superuser.email, crate::support::PASSWORD).await);
    assert_eq!(again.get(&path).await.status, 403, "another log-in, another reason");
    nurse.get(&chat).await.json(200);
    superuser.get(&format!("{}?fetch=all", chat.rsplit_once('/').expect("a list").0)).await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_refused_is_on_record_and_the_answer_tells_nothing(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat) = chat(&app).await;
    let stranger = app.person("ravi", domain::user::Roles::default()).await;
    let superuser = app.superuser().await;
    let missing = stranger.get(&chat.replace(chat.rsplit('/').next().expect("an id"), crate::support::NIL)).await;
    for refused in [stranger.get(&chat).await, stranger.patch(&chat, json!({ "title": "Mine" })).await] {
        assert_eq!((refused.status, &refused.body), (404, &missing.body));
    }
    assert_eq!(stranger.get("/users").await.status, 403);
    let seen = accesses(&superuser, &format!("reader=user:{}", stranger.id), 3).await;
    let told: Vec<(&Value, &Value)> = seen.iter().map(|access| (&access["what"], &access["is_granted"])).collect();
    let (chat_of, other) = (json!("chat"), json!("other"));
    assert_eq!(told, [(&chat_of, &json!(false)), (&chat_of, &json!(false)), (&other, &json!(false))], "{seen:?}");
    assert_eq!(seen[0]["objects"][0]["owner"], json!(nurse.id));
    assert_eq!(seen[2]["request"], "GET /api/users");
    assert_eq!(seen.len(), 3, "what does not exist was not refused");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn only_so_many_refusals_of_an_account_are_on_record(db: PgPool) {
    let app = TestApp::start_with(&db, &["--limit-refused-accesses", "0,2/hour"]).await;
    let (nurse, chat) = chat(&app).await;
    let stranger = app.person("ravi", domain::user::Roles::default()).await;
    for _ in 0..5 {
        assert_eq!(stranger.get(&chat).await.status, 404);
    }
    let superuser = app.superuser().await;
    assert_eq!(accesses(&superuser, &format!("owner={}", nurse.id), 2).await.len(), 2);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_an_erased_reader_the_words_are_gone_and_the_access_stays(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat) = chat(&app).await;
    let reader = app.root().await;
    let path = format!("{chat}?fetch=all");
    let request = reader.request(reqwest::Method::GET, &path).header("X-Access-Reason", "Mrs Nair complained");
    reader.send(request).await.json(200);
    let other =
        app.person("second", domain::user::Roles { is_superuser: true, ..domain::user::Roles::default() }).await;
    other.post("/users/root/erase", json!({})).await.is(204, "");
    let seen = eventually("the words are gone", async || {
        let seen = accesses(&other, &format!("owner={}", nurse.id), 1).await;
        (seen[0]["reason"] == "[erased]").then_some(seen)
    })
    .await;
    assert_eq!((&seen[0]["client_address"], &seen[0]["what"]), (&json!("[erased]"), &json!("chat")));
}
