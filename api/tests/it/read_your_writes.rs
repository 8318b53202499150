//! A write can be read back at once.

use serde_json::json;
use sqlx::PgPool;

use crate::support::{Answer, Person, TestApp, multipart};

const TASKS: usize = 5;
const ROUNDS: usize = 10;

fn assert_readable(answer: &Answer) {
    assert_eq!(answer.header("x-views-behind"), "", "the answer came before the write could be read");
}

async fn write_and_read(person: Person, path: String) {
    for round in 0..ROUNDS {
        let created = person.post(&path, json!({ "title": format!("T{round}") })).await;
        assert_readable(&created);
        let chat = format!("{path}/{}", created.id());
        assert_eq!(person.get(&chat).await.json(200)["title"], format!("T{round}"));
        let renamed = person.patch(&chat, json!({ "title": format!("U{round}") })).await;
        assert_readable(&renamed);
        assert_eq!(person.get(&chat).await.json(200)["title"], format!("U{round}"));
        let deleted = person.delete(&chat).await;
        assert_readable(&deleted);
        assert_eq!(person.get(&chat).await.status, 404);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn fifty_writes_of_several_tasks_are_each_read_back_at_once(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/chats", staff.project("P").await);
    let tasks = (0..TASKS).map(|_| write_and_read(staff.clone(), path.clone()));
    futures::future::join_all(tasks).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn projects_documents_and_names_are_read_back_at_once_too(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    for round in 0..10 {
        let title = format!("P{round}");
        let project = staff.project(&title).await;
        assert!(staff.get("/projects?limit=30").await.titles().contains(&title));
        let path = format!("/projects/{project}/documents");
        let document = staff.post_form(&path, multipart(&[("title", &title), ("text_content", "t")])).await.id();
        assert_eq!(staff.get(&path).await.titles(), [title.as_str()]);
        staff.delete(&format!("{path}/{document}")).await.is(204, "");
        assert!(staff.get(&path).await.titles().is_empty());
        staff.patch("/users/me", json!({ "full_name": title })).await.json(200);
        assert_eq!(staff.get("/users/me").await.json(200)["full_name"], title);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn answers_are_in_the_chat_when_their_stream_ends(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let chat = staff.chat(&staff.project("P").await).await;
    for round in 1..=10 {
        let last = staff.ask_streamed(&chat, "Zinc?").await.frames().pop().expect("there is a last frame");
        let messages = staff.get(&chat).await.json(200)["chats"].clone();
        assert_eq!(messages.as_array().map(Vec::len), Some(2 * round));
        assert_eq!(messages[2 * round - 1]["message"], last["message"]);
    }
}
