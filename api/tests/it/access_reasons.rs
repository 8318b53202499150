//! Why somebody read what is another person's: given once for one chat and a log-in.

use serde_json::json;
use sqlx::PgPool;

use crate::{
    accesses::{accesses, chat},
    support::{Answer, Person, TestApp},
};

async fn with_reason(reader: &Person, path: &str, reason: &str) -> Answer {
    reader.send(reader.request(reqwest::Method::GET, path).header("X-Access-Reason", reason)).await
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

    let send = async |reason: &str| with_reason(&superuser, &path, reason).await;
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

/// A new chat in the list, or a reason for the list, must not open other chats.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_reason_for_one_chat_opens_no_other_one(db: PgPool) {
    let app = TestApp::start_with(&db, &["--access-reason", "required"]).await;
    let (nurse, first) = chat(&app).await;
    let (list, _) = first.rsplit_once('/').expect("a list");
    let second = nurse.post(list, json!({ "title": "Fever" })).await.id();
    let second = format!("{list}/{second}?fetch=all");
    let first = format!("{first}?fetch=all");
    let superuser = app.superuser().await;

    with_reason(&superuser, &second, "A complaint about fever").await.json(200);
    superuser.get(&format!("{list}?fetch=all")).await.json(200);
    assert_eq!(superuser.get(&first).await.status, 403, "the list has opened it");
    assert_eq!(superuser.get(&format!("{list}/list_all")).await.status, 403, "one of them has no reason");
    with_reason(&superuser, &format!("{list}?fetch=all"), "To look around").await.json(200);
    with_reason(&superuser, &format!("{list}/list_all"), "An audit of the ward").await.json(200);
    assert_eq!(superuser.get(&first).await.status, 403, "the reason was for the list");

    with_reason(&superuser, &first, "A complaint about zinc").await.json(200);
    superuser.get(&format!("{list}/list_all")).await.json(200);
    let seen = accesses(&superuser, &format!("reader=user:{}&owner={}", superuser.id, nurse.id), 10).await;
    let last: Vec<_> = seen[seen.len() - 2..].iter().map(|access| &access["reason"]).collect();
    assert!(
        last.contains(&&json!("A complaint about zinc")) && last.contains(&&json!("A complaint about fever")),
        "{seen:?}"
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_reason_holds_for_the_very_next_request(db: PgPool) {
    let app = TestApp::start_with(&db, &["--access-reason", "required"]).await;
    let (nurse, first) = chat(&app).await;
    let (list, _) = first.rsplit_once('/').expect("a list");
    let superuser = app.superuser().await;
    for _ in 0..10 {
        let id = nurse.post(list, json!({ "title": "Fever" })).await.id();
        let path = format!("{list}/{id}?fetch=all");
        with_reason(&superuser, &path, "A complaint").await.json(200);
        superuser.get(&path).await.json(200);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_web_page_may_send_the_reason(db: PgPool) {
    let app = TestApp::start(&db).await;
    let preflight = app.nobody.request(reqwest::Method::OPTIONS, "/feedback");
    let preflight = preflight.header("origin", "https://ward.example").header("access-control-request-method", "GET");
    let answer = app.nobody.send(preflight).await;
    assert!(answer.header("access-control-allow-headers").contains("X-Access-Reason"), "{:?}", answer.headers);
    let schema = app.nobody.get("/schema?format=json").await.json(200);
    let parameters = &schema["paths"]["/api/projects/{project}/chats/{id}"]["get"]["parameters"];
    let names: Vec<_> = parameters.as_array().expect("a list").iter().map(|parameter| &parameter["name"]).collect();
    assert!(names.contains(&&json!("X-Access-Reason")), "{names:?}");
}
