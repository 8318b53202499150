//! Who read what of whom is on record, and so is what was refused.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Person, TestApp, eventually};

/// The accesses that an auditor or superuser is shown, once there are so many; without those of looking here.
pub(crate) async fn accesses(reader: &Person, query: &str, count: usize) -> Vec<Value> {
    eventually("the accesses are in the view", async || {
        let page = reader.get(&format!("/audit/accesses?{query}")).await.json(200);
        let accesses = page["accesses"].as_array().expect("a list").iter();
        let accesses: Vec<Value> = accesses.filter(|access| access["what"] != "accesses").cloned().collect();
        (accesses.len() >= count).then_some(accesses)
    })
    .await
}

/// A project, and a nurse with a chat in it.
pub(crate) async fn chat(app: &TestApp) -> (Person, String) {
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

    let by_reader = accesses(&superuser, &format!("reader=user:{}&until=2100-01-01T00:00:00Z", superuser.id), 1).await;
    assert_eq!(by_reader, seen);
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

/// Whose record an auditor looks up is to be seen, too.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn who_looked_up_the_record_of_a_person_is_found_by_the_person(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, superuser) = (app.nurse().await, app.superuser().await);
    superuser.get(&format!("/audit/accesses?reader=user:{}", nurse.id)).await.json(200);
    let looked_up = eventually("the look is in the view", async || {
        let page = superuser.get("/audit/accesses").await.json(200);
        page["accesses"].as_array().expect("a list").iter().find(|access| access["objects"] != json!([])).cloned()
    })
    .await;
    assert_eq!(looked_up["what"], "accesses");
    assert_eq!(looked_up["objects"], json!([{ "kind": "user", "id": nurse.id, "owner": nurse.id }]));
    let id = looked_up["access_id"].as_str().expect("an id");
    let timeline = superuser.get(&format!("/audit/access/{id}/timeline")).await.json(200);
    assert_eq!(timeline["events"][0]["event_id"], looked_up["event_id"], "by its id, an access has a history");
}

/// The count of a search tells what somebody asked, although no chat is shown.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_search_beyond_the_end_of_everybodys_chats_is_on_record(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (_, chat) = chat(&app).await;
    let superuser = app.superuser().await;
    let (list, _) = chat.rsplit_once('/').expect("a list");
    let page = superuser.get(&format!("{list}?fetch=all&search=zinc&offset=1000")).await.json(200);
    assert_eq!((&page["count"], &page["results"]), (&json!(1), &json!([])));
    superuser.get("/feedback?offset=1000").await.json(200);
    let seen = accesses(&superuser, &format!("reader=user:{}", superuser.id), 2).await;
    let project = list.split('/').nth(2).expect("an id");
    assert_eq!(seen[0]["objects"], json!([{ "kind": "project", "id": project, "owner": null }]));
    assert_eq!((&seen[0]["what"], &seen[1]["what"]), (&json!("chat_list"), &json!("ratings")));
}

/// The title is the beginning of the first question.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn who_changes_nothing_of_anothers_chat_has_read_its_title(db: PgPool) {
    let app = TestApp::start_with(&db, &["--access-reason", "required"]).await;
    let (nurse, chat) = chat(&app).await;
    let superuser = app.superuser().await;
    let path = format!("{chat}?fetch=all");
    for change in [json!({}), json!({ "title": "Mine" })] {
        assert_eq!(superuser.patch(&path, change).await.status, 403);
    }
    assert_eq!(nurse.get(&chat).await.json(200)["title"], "Zinc", "nothing was changed");
    let request = superuser.request(reqwest::Method::PATCH, &path).header("X-Access-Reason", "A complaint");
    assert_eq!(superuser.send(request.json(&json!({}))).await.json(200)["title"], "Zinc");
    let seen = accesses(&superuser, &format!("owner={}", nurse.id), 3).await;
    let granted: Vec<&Value> = seen.iter().map(|access| &access["is_granted"]).collect();
    assert_eq!(granted, [false, false, true]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_a_temp_token_reads_of_the_services_owner_is_on_record(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat) = chat(&app).await;
    let root = app.root().await;
    let service = root.service_of(nurse.id, "Kiosk").await;
    let token = root.client_of(&service).await.post("/temptokens", json!({ "ip": "127.0.0.1" })).await.json(201);
    let token = token["token"].as_str().expect("a token");
    let guest = app.nobody.with_authorization(&format!("Bearer {token}"));
    guest.get(&chat).await.json(200);
    guest.get(chat.rsplit_once('/').expect("a list").0).await.json(200);
    let seen = accesses(&root, &format!("owner={}", nurse.id), 2).await;
    let kinds: Vec<&str> = seen.iter().filter_map(|access| access["what"].as_str()).collect();
    assert_eq!(kinds, ["chat", "chat_list"]);
    assert_eq!(seen[0]["reader"], format!("service:{}", service.rsplit('/').next().expect("an id")));
}

/// Else whoever wants to leave no trace asks for what is nobody's first.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn refusals_of_what_is_nobodys_do_not_use_up_the_record_of_attempts_at_anothers(db: PgPool) {
    let app = TestApp::start_with(&db, &["--limit-refused-accesses", "0,2/hour"]).await;
    let (nurse, chat) = chat(&app).await;
    let stranger = app.person("ravi", domain::user::Roles::default()).await;
    let id = chat.rsplit('/').next().expect("an id");
    for _ in 0..4 {
        assert_eq!(stranger.get("/users").await.status, 403);
        assert_eq!(stranger.get(&format!("/audit/chat/{}/timeline", crate::support::NIL)).await.status, 403);
    }
    let tried = stranger.request(reqwest::Method::GET, &format!("/audit/chat/{id}/timeline"));
    assert_eq!(stranger.send(tried.header("X-Access-Reason", "Curious")).await.status, 403);
    assert_eq!(stranger.get(&chat).await.status, 404);
    let superuser = app.superuser().await;
    let seen = accesses(&superuser, &format!("owner={}", nurse.id), 2).await;
    assert_eq!(seen[0]["objects"], json!([{ "kind": "chat", "id": id, "owner": nurse.id }]));
    assert_eq!((&seen[0]["reason"], &seen[1]["what"]), (&json!("Curious"), &json!("chat")));
    let all = accesses(&superuser, &format!("reader=user:{}", stranger.id), 4).await;
    assert_eq!(all.len(), 4, "two of each kind: {all:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_attempt_at_an_account_is_found_by_the_person(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, superuser) = (app.nurse().await, app.superuser().await);
    let stranger = app.person("ravi", domain::user::Roles::default()).await;
    let name = nurse.get("/users/me").await.json(200)["username"].as_str().expect("a name").to_owned();
    assert_eq!(stranger.get(&format!("/users/{name}")).await.status, 403);
    let seen = accesses(&superuser, &format!("owner={}", nurse.id), 1).await;
    assert_eq!((&seen[0]["is_granted"], &seen[0]["objects"][0]["kind"]), (&json!(false), &json!("user")));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn attempts_at_anothers_message_key_chat_and_service_are_on_record(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat) = chat(&app).await;
    let (staff, root) =
        (app.person("second", domain::user::Roles { is_staff: true, ..Default::default() }).await, app.root().await);
    let message = nurse.ask(&chat, "Zinc?").await.json(200)["external_id"].clone();
    staff.post("/feedback", json!({ "chat_message": message, "liked": true })).await.json(404);
    let service = root.service_of(root.id, "Kiosk").await;
    let key = root.client_of(&service).await;
    let id = chat.rsplit('/').next().expect("an id");
    key.get(&format!("/chats/{id}")).await.json(404);
    assert_eq!(staff.get(&service).await.status, 404);
    let seen = accesses(&root, &format!("owner={}", nurse.id), 2).await;
    let told: Vec<(&Value, &Value)> = seen.iter().map(|access| (&access["request"], &access["is_granted"])).collect();
    let no = json!(false);
    assert_eq!(told, [(&json!("POST /api/feedback"), &no), (&json!("GET /api/chats/{id}"), &no)]);
    let of_service = accesses(&root, &format!("owner={}", root.id), 1).await;
    assert_eq!(of_service[0]["objects"][0]["kind"], "service");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_parameter_that_is_repeated_or_malformed_is_refused_in_words_that_help(db: PgPool) {
    let app = TestApp::start(&db).await;
    let superuser = app.superuser().await;
    let nil = crate::support::NIL;
    for (wrong, told) in [
        ("accesses?limit=1&limit=2".to_owned(), "The parameter limit is repeated"),
        (format!("accesses?owner={nil}&owner={nil}"), "The parameter owner is repeated"),
        (format!("chat/{nil}/timeline?after=1&after=2"), "The parameter after is repeated"),
        (format!("chat/{nil}/replay?at=1&at=2"), "The parameter at is repeated"),
        ("accesses?from=2026-12-01T14:00:00+05:30".to_owned(), "%2B"),
        (format!("chat/{nil}/replay?at=2026-12-01T14:00:00+05:30"), "%2B"),
        ("accesses?reader=nurse1".to_owned(), "user:ID"),
    ] {
        let refused = superuser.get(&format!("/audit/{wrong}")).await;
        assert_eq!((refused.status, refused.header("content-type")), (400, "application/problem+json"), "{wrong}");
        assert!(refused.body.contains(told), "{wrong}: {}", refused.body);
    }
}
