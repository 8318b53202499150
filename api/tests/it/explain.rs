//! Why a row of a view looks so: each event with the row behind it, as the projector of the view folds it.

use std::collections::BTreeSet;

use domain::user::Roles;
use projections::steps::{TABLES, ViewTable};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Person, TestApp, eventually, multipart};

/// The keys of all rows of a table, as auditors name them.
async fn keys(db: &PgPool, table: &ViewTable) -> Vec<String> {
    let columns: Vec<&str> = table.key.iter().map(|column| column.name).collect();
    let sql = format!("SELECT concat_ws(':', {}) FROM views.{}", columns.join(", "), table.name);
    sqlx::query_scalar(&sql).fetch_all(db).await.expect("a table of the views")
}

fn effects(explained: &Value) -> Vec<&str> {
    let steps = explained["steps"].as_array().expect("a list");
    steps.iter().map(|step| step["effect"].as_str().expect("a word")).collect()
}

fn types(explained: &Value) -> Vec<&str> {
    let steps = explained["steps"].as_array().expect("a list");
    steps.iter().map(|step| step["event_type"].as_str().expect("a word")).collect()
}

/// A change of a column as it is shown.
fn change(column: &str, before: impl Into<Value>, after: impl Into<Value>) -> Value {
    json!({ "column": column, "before": before.into(), "after": after.into() })
}

/// Makes rows in all tables of all views, and changes most of them.
async fn fill(app: &TestApp, staff: &Person, asha: &Person) {
    let project = staff.project("Ward").await;
    let path = format!("/projects/{project}");
    let document = staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    staff.embedded(&document).await;
    staff.post_form(&format!("{document}/versions"), multipart(&[("text_content", "Ten days.")])).await.json(201);
    staff.patch(&path, json!({ "description": "Beds" })).await.json(200);
    let chat = asha.chat(&project).await;
    let answer = asha.ask(&chat, "How long is zinc given?").await.json(200);
    asha.post("/feedback", json!({ "chat_message": answer["external_id"], "liked": true, "message": "Yes" }))
        .await
        .id();
    asha.patch(&chat, json!({ "title": "Zinc" })).await.json(200);

    let service = staff.service("Kiosk", false).await;
    let client = staff.client_of(&service).await;
    client.post("/chats", json!({ "title": "Intake" })).await.id();
    staff.patch(&service, json!({ "name": "Desk" })).await.json(200);

    let body = json!({ "name": "Suite", "temperature": 0.5, "topk": 10 });
    let suite = format!("/tests/suites/{}", staff.post("/tests/suites", body).await.id());
    let body = json!({ "question": "Zinc?", "human_answer": "14 days" });
    let question = format!("{suite}/questions/{}", staff.post(&format!("{suite}/questions"), body).await.id());
    let attached = multipart(&[("title", "x"), ("document_type", "3"), ("text_content", "y")]);
    staff.post_form(&format!("{question}/documents"), attached).await.id();
    let run = staff.post(&format!("{suite}/runs"), json!({ "project": project, "models": [1] })).await.id();
    let run = format!("{suite}/runs/{run}");
    let result = eventually("the run is complete", async || {
        let shown = staff.get(&run).await.json(200);
        (shown["status"] == 2).then(|| shown["test_results"][0]["external_id"].clone())
    })
    .await;
    let reviewer = app.person("ravi", Roles { is_reviewer: true, ..Roles::default() }).await;
    for person in [&reviewer, staff] {
        let body = json!({ "test_result_id": result, "rating": 5, "notes": "Clear" });
        person.post(&format!("{run}/feedback"), body).await.json(201);
    }
    staff.patch(&question, json!({ "human_answer": "Ten days" })).await.json(200);

    // Last, because nobody asks in its chats without a provider.
    let other = format!("/projects/{}", staff.project("Other").await);
    let assistant = json!({ "name": "Ward", "instructions": "Be kind.", "model": "gpt-4" });
    staff.post(&format!("{other}/create_assistant"), assistant).await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_last_step_of_every_row_of_every_view_is_the_row_that_everybody_reads(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, root) = (app.staff().await, app.root().await);
    let (asha, gone) = (app.nurse().await, app.person("gone", Roles::default()).await);
    fill(&app, &staff, &asha).await;
    // A person who has a chat, opened another person's, and was erased; and one who has rated and was erased.
    let erased = gone.chat(&staff.project("Last").await).await;
    gone.ask(&erased, "What does the okapi eat?").await.json(200);
    root.get(&format!("{erased}?fetch=all")).await.json(200);
    for name in ["gone", "ravi"] {
        assert_eq!(root.post(&format!("/users/{name}/erase"), json!({})).await.status, 204);
    }

    for table in TABLES {
        let keys = keys(&db, table).await;
        assert!(!keys.is_empty(), "the test has to make a row of {}", table.name);
        for key in keys {
            let path = format!("/audit/views/{}/{key}?all=true&limit=1000", table.name);
            let explained = root.get(&path).await.json(200);
            let last = explained["steps"].as_array().and_then(|steps| steps.last()).expect("a row has a step");
            let live: Value = {
                let named = table.key.iter().map(|column| format!("{}::text", column.name)).collect::<Vec<_>>();
                let sql = format!(
                    "SELECT to_jsonb(t) FROM views.{} AS t WHERE concat_ws(':', {}) = $1",
                    table.name,
                    named.join(", ")
                );
                sqlx::query_scalar(&sql).bind(&key).fetch_one(&db).await.expect("it is there")
            };
            // The whole row, but for how times are written: the session of the test has another time zone.
            assert_eq!(last["row"], explained["live"]["row"], "{path}");
            assert_eq!(explained["live"]["differences"], json!([]), "{path}");
            let names = |row: &Value| row.as_object().expect("a row").keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(names(&last["row"]), names(&live), "{path}");
            let first = effects(&explained).into_iter().find(|effect| *effect != "none");
            assert_eq!(first, Some("made"), "{path}");
            assert!(!explained.to_string().contains("okapi"), "{path}");
        }
    }
    let left = "SELECT count(*) FROM pg_tables WHERE schemaname LIKE 'pg_temp%'";
    let left: i64 = sqlx::query_scalar(left).fetch_one(&db).await.expect("the catalogue can be read");
    assert_eq!(left, 0, "nothing of the steps stays");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn each_step_says_who_changed_which_column_and_events_without_an_effect_are_left_out(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, root) = (app.staff().await, app.root().await);
    let id = staff.project("Ward").await;
    staff.patch(&format!("/projects/{id}"), json!({ "title": "Ward 2" })).await.json(200);
    staff.patch(&format!("/projects/{id}/retrieval"), json!({ "neighbours": 1 })).await.json(200);
    let path = format!("/audit/views/projects/{id}");

    let explained = root.get(&path).await.json(200);
    assert_eq!((types(&explained), effects(&explained)), (vec!["Created", "TitleChanged"], vec!["made", "changed"]));
    let (made, renamed) = (&explained["steps"][0], &explained["steps"][1]);
    assert_eq!((&made["row"]["title"], &made["changes"]), (&json!("Ward"), &json!([])));
    assert_eq!(renamed["actor"], json!(format!("user:{}", staff.id)));
    assert_eq!(renamed["of"], json!({ "kind": "project", "id": id }));
    let changes = renamed["changes"].as_array().expect("a list");
    assert!(changes.contains(&change("title", "Ward", "Ward 2")), "{changes:?}");
    assert_eq!(changes.len(), 2, "the title, and when it was modified: {changes:?}");
    assert_eq!((&explained["events"], &explained["next_after"]), (&json!(3), &json!(null)));
    assert_eq!((&explained["view"], &explained["projection"]), (&json!("projects"), &json!("projects")));

    let all = root.get(&format!("{path}?all=true")).await.json(200);
    assert_eq!(effects(&all), ["made", "changed", "none"]);
    // Page by page it is the same.
    let first = root.get(&format!("{path}?limit=1")).await.json(200);
    assert_eq!((types(&first), &first["live"]), (vec!["Created"], &json!(null)));
    let second = root.get(&format!("{path}?limit=1&after={}", first["next_after"])).await.json(200);
    assert_eq!(second["steps"][0], explained["steps"][1]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_erasure_is_a_step_of_the_rows_that_it_blanks_and_the_text_before_it_is_not_shown(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, root, asha) = (app.staff().await, app.root().await, app.nurse().await);
    let chat = asha.chat(&staff.project("Ward").await).await;
    let answer = asha.ask(&chat, "What does the okapi eat?").await.json(200);
    let id = chat.rsplit('/').next().expect("an id").to_owned();
    let message = answer["external_id"].as_str().expect("an id").to_owned();
    assert_eq!(root.post("/users/asha/erase", json!({})).await.status, 204);

    let explained = root.get(&format!("/audit/views/chats/{id}?all=true")).await.json(200);
    let last = explained["steps"].as_array().and_then(|steps| steps.last()).expect("a step");
    assert_eq!(last["event_type"], "SubjectErased");
    assert_eq!(last["of"], json!({ "kind": "user", "id": asha.id }));
    assert_eq!(last["row"]["title"], "[erased]");
    assert_eq!(explained["steps"][0]["is_erased"], true);
    for path in [format!("/audit/views/chats/{id}"), format!("/audit/views/messages/{message}?all=true")] {
        let shown = root.get(&path).await.json(200);
        assert!(!shown.to_string().contains("okapi"), "{shown}");
    }
    // The account has no row any more, and how it went is still shown.
    let account = root.get(&format!("/audit/views/users/{}", asha.id)).await.json(200);
    assert_eq!(effects(&account), ["made", "removed"]);
    assert_eq!((&account["steps"][1]["row"], &account["live"]["row"]), (&json!(null), &json!(null)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_row_that_is_not_what_its_events_say_is_shown_with_the_columns_that_differ(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, root) = (app.staff().await, app.root().await);
    let id = staff.project("Ward").await;
    let forged = "UPDATE views.projects SET prompt = 'Say yes.' WHERE id = $1::text::uuid";
    sqlx::query(forged).bind(&id).execute(&db).await.expect("a superuser may");
    let explained = root.get(&format!("/audit/views/projects/{id}")).await.json(200);
    let differences = explained["live"]["differences"].as_array().expect("a list");
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert_eq!((&differences[0]["column"], &differences[0]["after"]), (&json!("prompt"), &json!("Say yes.")));

    let service = staff.service("Kiosk", false).await;
    let of = service.rsplit('/').next().expect("an id");
    let key = staff.post(&format!("{service}/keys"), json!({ "title": "Tablet" })).await.id();
    sqlx::query("DELETE FROM views.service_keys").execute(&db).await.expect("a superuser may");
    let path = format!("/audit/views/service_keys/{key}");
    let unknown = root.get(&path).await.json(404);
    assert!(unknown["detail"].as_str().is_some_and(|said| said.contains("name the service")), "{unknown}");
    let lost = root.get(&format!("{path}?of={of}")).await.json(200);
    assert_eq!((effects(&lost), &lost["live"]["row"]), (vec!["made"], &json!(null)));
    assert!(lost["live"]["differences"].as_array().is_some_and(|columns| !columns.is_empty()), "{lost}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn views_are_listed_their_rows_are_read_on_record_and_what_is_malformed_is_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (root, asha) = (app.root().await, app.nurse().await);
    let listed = root.get("/audit/views").await.json(200);
    let names: BTreeSet<&str> =
        listed["views"].as_array().expect("a list").iter().filter_map(|view| view["view"].as_str()).collect();
    assert_eq!(names, TABLES.iter().map(|table| table.name).collect());
    let chats = listed["views"].as_array().and_then(|views| views.iter().find(|view| view["view"] == "chats"));
    let expected = json!({
        "view": "chats", "projection": "chats", "key": ["id"], "made_by": "chat", "folds": ["chat", "user"]
    });
    assert_eq!(chats, Some(&expected));

    root.get(&format!("/audit/views/users/{}", asha.id)).await.json(200);
    let seen = root.get(&format!("/audit/accesses?owner={}", asha.id)).await.json(200);
    let access = &seen["accesses"][0];
    assert_eq!((&access["what"], &access["request"]), (&json!("timeline"), &json!("GET /api/audit/views/{view}/{id}")));

    let nil = uuid::Uuid::nil();
    for path in [format!("nothing/{nil}"), "users/asha".to_owned(), format!("users/{nil}"), format!("accesses/{nil}")] {
        root.get(&format!("/audit/views/{path}")).await.json(404);
    }
    for query in ["limit=0", "all=perhaps", "of=asha", "after=-1", "after=1&after=2", "colour=red"] {
        root.get(&format!("/audit/views/users/{}?{query}", asha.id)).await.json(400);
    }
    asha.get(&format!("/audit/views/users/{}", asha.id)).await.json(403);
}
