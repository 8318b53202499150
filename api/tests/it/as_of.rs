//! What superusers read over HTTP of what was: exactly what people saw at that moment.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Person, TestApp, multipart};

/// The end of the log as it is now.
async fn end(db: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT position FROM log_head").fetch_one(db).await.expect("one row")
}

async fn as_of(auditor: &Person, kind: &str, id: &str, query: &str) -> Value {
    auditor.get(&format!("/audit/{kind}/{id}/as-of?{query}")).await.json(200)
}

/// A chat as its owner sees it, in the fields that both shapes have.
fn seen(chat: &Value) -> Value {
    let messages = chat["chats"].as_array().expect("a list").iter().map(|message| {
        let kind = match message["messageType"].as_i64() {
            Some(1) => "question",
            Some(2) => "notice",
            _ => "answer",
        };
        let documents = message["reference_documents"].as_array().expect("a list");
        json!({
            "id": message["external_id"],
            "kind": kind,
            "text": message["message"],
            "language": message["language"],
            "documents": documents.iter().map(|document| document["external_id"].clone()).collect::<Vec<_>>(),
            "liked": message["feedback"]["liked"],
            "comment": message["feedback"]["message"],
        })
    });
    json!({ "title": chat["title"], "messages": messages.collect::<Vec<_>>() })
}

/// The same of a chat as of a moment.
fn was(chat: &Value) -> Value {
    let messages = chat["messages"].as_array().expect("a list").iter().map(|message| {
        let documents = message["sources"].as_array().expect("a list");
        json!({
            "id": message["id"],
            "kind": message["kind"],
            "text": message["text"],
            "language": message["language"],
            "documents": documents.iter().map(|source| source["document_id"].clone()).collect::<Vec<_>>(),
            "liked": message["ratings"][0]["liked"],
            "comment": message["ratings"][0]["message"],
        })
    });
    json!({ "title": chat["fields"]["title"], "messages": messages.collect::<Vec<_>>() })
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_is_shown_exactly_as_its_owner_saw_it_at_each_moment(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, superuser) = (app.staff().await, app.superuser().await);
    let project = staff.project("Ward").await;
    staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    let chat = staff.chat(&project).await;
    let id = chat.rsplit('/').next().expect("an id");
    let mut moments = Vec::new();
    let mut note = async || {
        let view = staff.get(&chat).await.json(200);
        moments.push((end(&db).await, seen(&view)));
    };
    note().await;
    let answer = staff.ask(&chat, "How long is zinc given?").await.json(200);
    note().await;
    let rating = json!({ "chat_message": answer["external_id"], "liked": false, "message": "Too short" });
    staff.post("/feedback", rating).await.json(201);
    note().await;
    staff.patch(&chat, json!({ "title": "Zinc for children" })).await.json(200);
    staff.ask(&chat, "And for adults?").await.json(200);
    note().await;
    assert_eq!(staff.delete(&chat).await.status, 204);

    for (position, seen) in &moments {
        let then = as_of(&superuser, "chat", id, &format!("at={position}")).await;
        assert_eq!((&was(&then), &then["state"]), (seen, &json!("existing")), "at {position}");
        assert_eq!((&then["at"]["position"], &then["compared"]), (&json!(position), &Value::Null));
    }
    let now = as_of(&superuser, "chat", id, "").await;
    assert_eq!((&now["state"], &was(&now)), (&json!("deleted"), &moments[3].1), "what was deleted was this");

    let (first, last) = (moments[1].0, moments[3].0);
    let compared = as_of(&superuser, "chat", id, &format!("at={first}&compare={last}")).await["compared"].clone();
    let title = json!({ "field": "title", "before": "How long is zinc given?", "after": "Zinc for children" });
    assert_eq!((&compared["changes"], &compared["with"]["position"]), (&json!([title]), &json!(last)));
    let messages = &compared["messages"];
    assert_eq!(messages["added"].as_array().map(Vec::len), Some(2));
    assert_eq!((&messages["removed"], &messages["changed"][0]["id"]), (&json!([]), &answer["external_id"]));
    let change = &messages["changed"][0]["changes"];
    assert_eq!(
        (&change[0]["field"], &change[0]["before"], change[0]["after"][0]["liked"].as_bool()),
        (&json!("ratings"), &json!([]), Some(false))
    );
    let back = as_of(&superuser, "chat", id, &format!("at={last}&compare={first}")).await["compared"].clone();
    assert_eq!(back["messages"]["removed"], messages["added"], "an earlier moment can be the one to compare with");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_project_is_shown_with_its_prompt_and_documents_as_they_were(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, superuser) = (app.staff().await, app.superuser().await);
    let project = staff.project("Ward").await;
    let prompt = async |prompt: &str| staff.patch(&format!("/projects/{project}"), json!({ "prompt": prompt })).await;
    prompt("Answer {reference} briefly.").await.json(200);
    let zinc = staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    let position = end(&db).await;
    let list = staff.get(&format!("/projects/{project}/documents")).await.json(200);
    prompt("Answer {reference} at length.").await.json(200);
    staff.patch_form(&zinc, multipart(&[("title", "Zinc, revised")])).await.json(200);
    staff.text_document(&project, "ORS", "ORS is given after each loose stool.").await;

    let then = as_of(&superuser, "project", &project, &format!("at={position}&documents=true")).await;
    assert_eq!(then["fields"]["prompt"], "Answer {reference} briefly.");
    let names = |list: &Value, id: &str| -> Vec<(Value, Value)> {
        list.as_array().expect("a list").iter().map(|it| (it[id].clone(), it["title"].clone())).collect()
    };
    assert_eq!(names(&then["documents"], "id"), names(&list["results"], "external_id"));
    let log_id = then["at"]["log_id"].as_str().expect("an id");
    let query = format!("at={log_id}@{position}&documents=true&compare={}", end(&db).await);
    let compared = as_of(&superuser, "project", &project, &query).await["compared"].clone();
    let change =
        json!({ "field": "prompt", "before": "Answer {reference} briefly.", "after": "Answer {reference} at length." });
    assert_eq!(compared["changes"], json!([change]));
    assert_eq!(names(&compared["documents"]["added"], "title"), [(json!("ORS"), json!("ORS"))]);
    assert_eq!(compared["documents"]["changed"].as_array().map(Vec::len), Some(1), "another title");
    let plain = as_of(&superuser, "project", &project, &format!("at={position}")).await;
    assert_eq!(plain["documents"], Value::Null, "they were not asked for");

    let time = then["at"]["recorded_at"].as_str().expect("a time");
    assert_eq!(as_of(&superuser, "project", &project, &format!("at={time}")).await["at"], then["at"]);
}

/// Else an auditor would take another moment for the one that was meant.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_no_moment_of_the_log_is_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, superuser) = (app.staff().await, app.superuser().await);
    let project = staff.project("Ward").await;
    let path = format!("/audit/project/{project}/as-of");
    for (wrong, told) in [
        ("at=", "The parameter at is malformed"),
        ("at=yesterday", "The parameter at is malformed"),
        ("at=1&at=2", "The parameter at is repeated"),
        ("compare=x@1", "The parameter compare is malformed"),
        ("documents=yes", "The parameter documents is malformed"),
        ("position=1", "unknown"),
        ("at=9223372036854775807", "The parameter at names no moment of this log: the log ends at position"),
        ("compare=9223372036854775807", "The parameter compare names no moment of this log: the log ends at"),
        ("at=0", "begin at 1"),
        ("at=2001-01-01T00:00:00Z", "the log begins at"),
        ("at=2999-01-01T00:00:00Z", "is later than"),
        ("at=00000000-0000-0000-0000-000000000001@1", "is of the log 00000000-0000-0000-0000-000000000001"),
    ] {
        let refused = superuser.get(&format!("{path}?{wrong}")).await;
        assert_eq!((refused.status, refused.header("content-type")), (400, "application/problem+json"), "{wrong}");
        assert!(refused.body.contains(told), "{wrong}: {}", refused.body);
    }
    for missing in [
        format!("/audit/chat/{project}/as-of"),
        "/audit/project/x/as-of".to_owned(),
        path.replace("project", "testsuite"),
    ] {
        let refused = superuser.get(&missing).await;
        assert_eq!((refused.status, refused.header("content-type")), (404, "application/problem+json"), "{missing}");
    }
}
