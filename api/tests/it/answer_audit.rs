//! What superusers read over HTTP of how conversations went and what answers were made from.

use domain::user::Roles;
use serde_json::{Value, json};
use sqlx::PgPool;
use wiremock::ResponseTemplate;

use crate::support::{NIL, Person, Provider, TestApp, deltas, eventually, multipart};

async fn app_with(db: &PgPool, provider: &Provider) -> TestApp {
    TestApp::start_with(db, &["--openai-base-url", &provider.url(), "--openai-api-key", "sk-server"]).await
}

async fn writer(app: &TestApp) -> Person {
    app.person("meera", Roles { is_staff: true, allow_key: true, ..Roles::default() }).await
}

/// The id at the end of a path.
fn id_of(path: &str) -> &str {
    path.rsplit('/').next().expect("a path ends with an id")
}

/// The id of the answer to a question.
async fn answer(person: &Person, chat: &str, question: &str) -> String {
    let answer = person.ask(chat, question).await.json(200);
    answer["external_id"].as_str().expect("an answer has an id").to_owned()
}

async fn replay(superuser: &Person, chat: &str) -> Vec<Value> {
    let replay = superuser.get(&format!("/audit/chat/{}/replay", id_of(chat))).await.json(200);
    replay["steps"].as_array().expect("a list").clone()
}

async fn provenance(superuser: &Person, chat: &str, answer: &str) -> Value {
    superuser.get(&format!("/audit/chat/{}/answers/{answer}/provenance", id_of(chat))).await.json(200)
}

fn of_kind<'a>(steps: &'a [Value], kind: &str) -> Vec<&'a Value> {
    steps.iter().filter(|step| step["kind"] == kind).collect()
}

async fn renewed(staff: &Person, document: &str, text: &str) {
    staff.post_form(&format!("{document}/versions"), multipart(&[("text_content", text)])).await.json(201);
    assert_eq!(staff.embedded(document).await["failed"], false);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_the_model_was_sent_is_shown_byte_for_byte_after_prompt_and_document_were_changed(db: PgPool) {
    let provider = Provider::answering(deltas(&["Give *fourteen*", " ~10 days.\n\nReferences: []"])).await;
    let app = app_with(&db, &provider).await;
    let (staff, superuser) = (writer(&app).await, app.superuser().await);
    let project =
        staff.post("/projects", json!({ "title": "P", "prompt": "Ward {reference} {{x}}", "model": 7 })).await;
    let project = project.id();
    let document = staff.text_document(&project, "Zinc", "Zinc is given for \"fourteen\" days.").await;
    let chat = staff.chat(&project).await;
    let first = answer(&staff, &chat, "How long is\nzinc given?").await;
    staff.patch(&format!("/projects/{project}"), json!({ "prompt": "Other {reference}" })).await.json(200);
    renewed(&staff, &document, "Zinc is given for ten days.").await;
    let second = answer(&staff, &chat, "And how long is zinc given now?").await;
    staff.patch(&format!("/projects/{project}"), json!({ "prompt": "" })).await.json(200);
    renewed(&staff, &document, "Zinc is not given.").await;

    let steps = replay(&superuser, &chat).await;
    let sent = of_kind(&steps, "prompt_sent");
    let requests = provider.requests().await;
    assert_eq!((sent.len(), requests.len()), (2, 2));
    for (step, request) in sent.iter().zip(&requests) {
        assert_eq!(step["prompt"]["missing"], json!([]));
        assert_eq!(step["prompt"]["messages"], request["messages"]);
    }
    for (answer, request, template, text) in [
        (&first, &requests[0], "Ward {reference} {{x}}", "Zinc is given for \"fourteen\" days."),
        (&second, &requests[1], "Other {reference}", "Zinc is given for ten days."),
    ] {
        let found = provenance(&superuser, &chat, answer).await;
        assert_eq!(found["prompt"]["messages"], request["messages"]);
        assert_eq!((&found["prompt"]["template"], &found["prompt"]["is_sent"]), (&json!(template), &json!(true)));
        let passage = &found["passages"][0];
        assert_eq!((&passage["text"], &passage["origin"]), (&json!(text), &json!("cut_again")));
        assert_eq!((&passage["title"], &passage["document_id"]), (&json!("Zinc"), &json!(id_of(&document))));
        let generation = &found["generation"];
        assert_eq!(
            (&generation["model_requested"], &generation["model_returned"]),
            (&json!("gpt-4o"), &json!("test-model"))
        );
    }
    let set = |found: &Value| found["prompt"]["set_by"]["event_type"].clone();
    assert_eq!(set(&provenance(&superuser, &chat, &first).await), "Created");
    let second = provenance(&superuser, &chat, &second).await;
    assert_eq!(set(&second), "PromptChanged");
    assert_eq!(second["passages"][0]["version_event"]["event_type"], "VersionAdded");
    for event in second["events"].as_array().expect("a list").iter().chain([&second["prompt"]["set_by"]]) {
        let timeline = event["timeline"].as_str().and_then(|path| path.strip_prefix("/api")).expect("a path");
        let page = superuser.get(timeline).await.json(200);
        assert_eq!(page["events"][0]["event_id"], event["event_id"], "{timeline}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_replay_tells_each_step_in_order_with_its_time(db: PgPool) {
    let provider = Provider::answering(deltas(&["Fourteen days."])).await;
    let app = app_with(&db, &provider).await;
    let (staff, superuser) = (writer(&app).await, app.superuser().await);
    let project = staff.project("P").await;
    staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    let chat = staff.chat(&project).await;
    let answer = answer(&staff, &chat, "How long is zinc given?").await;
    let rating = json!({ "chat_message": answer, "liked": false, "message": "Too short" });
    staff.post("/feedback", rating).await.json(201);

    let steps = replay(&superuser, &chat).await;
    let kinds: Vec<&str> = steps.iter().filter_map(|step| step["kind"].as_str()).collect();
    let expected =
        ["chat_started", "question_asked", "retitled", "passages_retrieved", "prompt_sent", "answer_written", "rated"];
    assert_eq!(kinds, expected);
    let positions: Vec<i64> = steps.iter().filter_map(|step| step["event"]["position"].as_i64()).collect();
    assert!(positions.is_sorted(), "{positions:?}");
    for measured in ["passages_retrieved", "prompt_sent", "answer_written"] {
        let step = of_kind(&steps, measured)[0];
        assert!(step["duration_ms"].as_i64().is_some_and(|took| took >= 0), "{step}");
        assert!(step["started_at"].as_str() <= step["ended_at"].as_str(), "{step}");
    }
    let asked = of_kind(&steps, "question_asked")[0];
    assert_eq!((&asked["text"], &asked["duration_ms"]), (&json!("How long is zinc given?"), &Value::Null));
    assert_eq!(asked["started_at"], asked["event"]["recorded_at"]);
    assert_eq!(of_kind(&steps, "answer_written")[0]["text"], "Fourteen days.");
    let rated = of_kind(&steps, "rated")[0];
    assert_eq!((&rated["text"], &rated["rating"]["liked"]), (&json!("Too short"), &json!(false)));
    assert_eq!(rated["message_id"], answer.as_str());
    let found = provenance(&superuser, &chat, &answer).await;
    assert_eq!((&found["ratings"][0]["text"], &found["question"]["language"]), (&json!("Too short"), &json!("en")));

    // A moment: what came later is not there.
    let at = |moment: &str| format!("/audit/chat/{}/replay?at={moment}", id_of(&chat));
    let position = asked["event"]["position"].to_string();
    let until = superuser.get(&at(&position)).await.json(200);
    assert_eq!((&until["up_to"], until["steps"].as_array().map(Vec::len)), (&asked["event"]["position"], Some(2)));
    let time = rated["event"]["recorded_at"].as_str().expect("a time");
    assert_eq!(superuser.get(&at(time)).await.json(200)["steps"].as_array().map(Vec::len), Some(7));
    for (wrong, named) in [
        ("999999", "the log ends at position"),
        ("2999-01-01T00:00:00Z", "is later than"),
        ("2001-01-01T00:00:00Z", "the log begins at"),
        ("1", "no such chat yet"),
        ("0", "there is no position 0"),
        ("yesterday", "it is a position such as 1200"),
    ] {
        let refused = superuser.get(&at(wrong)).await;
        assert_eq!((refused.status, refused.header("content-type")), (400, "application/problem+json"), "{wrong}");
        assert!(refused.body.contains(named), "{wrong}: {}", refused.body);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_the_log_does_not_have_is_not_found_and_unknown_parameters_are_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, superuser) = (app.staff().await, app.superuser().await);
    let project = staff.project("P").await;
    let chat = staff.chat(&project).await;
    let id = id_of(&chat);
    let message = answer(&staff, &chat, "Zinc?").await;
    for (path, status) in [
        (format!("/audit/chat/{NIL}/replay"), 404),
        (format!("/audit/chat/{project}/replay"), 404),
        ("/audit/chat/x/replay".to_owned(), 404),
        (format!("/audit/chat/{id}/answers/{NIL}/provenance"), 404),
        (format!("/audit/chat/{id}/answers/x/provenance"), 404),
        (format!("/audit/chat/{NIL}/answers/{message}/provenance"), 404),
        (format!("/audit/chat/{id}/replay?until=1"), 400),
        (format!("/audit/chat/{id}/answers/{message}/provenance?at=1"), 400),
    ] {
        let refused = superuser.get(&path).await;
        assert_eq!((refused.status, refused.header("content-type")), (status, "application/problem+json"), "{path}");
    }
    staff.get(&format!("/audit/chat/{id}/replay")).await.json(403);
    superuser.get(&format!("/audit/chat/{id}/timeline")).await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_the_built_in_answerer_the_passages_are_shown_and_no_prompt_is_made_up(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, superuser) = (app.staff().await, app.superuser().await);
    let project = staff.project("P").await;
    let file = staff.upload(&project, "zinc.md", b"# Zinc\n\nZinc is given for fourteen days.").await.id();
    let document = format!("/projects/{project}/documents/{file}");
    staff.embedded(&document).await;
    let chat = staff.chat(&project).await;
    let message = answer(&staff, &chat, "How long is zinc given?").await;
    let stored = provenance(&superuser, &chat, &message).await;
    assert_eq!(stored["passages"][0]["origin"], "stored");
    let prompt = &stored["prompt"];
    assert_eq!(
        (&prompt["is_sent"], &prompt["messages"], &prompt["missing"], &prompt["version"]),
        (&json!(false), &Value::Null, &json!([]), &json!("built-in-1"))
    );
    assert!(prompt["template"].as_str().is_some_and(|text| text.contains("{reference}")), "{prompt}");
    assert_eq!(stored["generation"]["citations"][0]["document_id"], file.as_str());

    // The file of the first version is still kept.
    let part = reqwest::multipart::Part::bytes(b"Zinc is given for ten days.".as_slice()).file_name("zinc-2.txt");
    staff.post_form(&format!("{document}/versions"), multipart(&[]).part("file", part)).await.json(201);
    staff.embedded(&document).await;
    let cut = provenance(&superuser, &chat, &message).await;
    assert_eq!(cut["passages"][0]["origin"], "cut_again");
    for field in ["text", "content_hash", "document_version", "headings"] {
        assert_eq!(cut["passages"][0][field], stored["passages"][0][field], "{field}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_passage_that_is_gone_or_was_changed_is_told_with_its_hash_and_nothing_is_made_up(db: PgPool) {
    let provider = Provider::answering(deltas(&["Fourteen days."])).await;
    let app = app_with(&db, &provider).await;
    let (staff, superuser) = (writer(&app).await, app.superuser().await);
    let project = staff.project("P").await;
    let document = staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    let chat = staff.chat(&project).await;
    let message = answer(&staff, &chat, "How long is zinc given?").await;
    let hash = provenance(&superuser, &chat, &message).await["passages"][0]["content_hash"].clone();

    sqlx::query("UPDATE chunks SET body = 'Zinc is given for forty days.'").execute(&db).await.expect("a table");
    let changed = provenance(&superuser, &chat, &message).await;
    let passage = &changed["passages"][0];
    assert_eq!((&passage["origin"], &passage["content_hash"]), (&json!("different"), &hash));
    assert!(passage["note"].as_str().is_some_and(|note| note.contains("another SHA-256")), "{passage}");
    assert_eq!(changed["prompt"]["messages"], Value::Null);

    staff.delete(&document).await.is(204, "");
    let gone = eventually("its passages go", async || {
        let gone = provenance(&superuser, &chat, &message).await;
        (gone["passages"][0]["origin"] == "not_stored").then_some(gone)
    })
    .await;
    let passage = &gone["passages"][0];
    assert_eq!((&passage["text"], &passage["content_hash"]), (&Value::Null, &hash));
    assert!(passage["note"].as_str().is_some_and(|note| note.starts_with("no longer stored: ")), "{passage}");
    let missing = gone["prompt"]["missing"][0].as_str().expect("a reason");
    assert!(missing.contains(id_of(&document)) && missing.contains("no longer stored"), "{missing}");
    assert_eq!(gone["prompt"]["messages"], Value::Null);
    assert_eq!(replay(&superuser, &chat).await.len(), 6);
}

/// Passages that were joined to a hit are in the prompt, too.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn neighbours_of_passages_are_in_the_prompt_as_they_were_joined_then(db: PgPool) {
    let provider = Provider::answering(deltas(&["Fourteen days."])).await;
    let app = app_with(&db, &provider).await;
    let (staff, superuser) = (writer(&app).await, app.superuser().await);
    let project = staff.project("P").await;
    let retrieval = format!("/projects/{project}/retrieval");
    staff.patch(&retrieval, json!({ "neighbours": 1 })).await.json(200);
    let line = |drug: &str| format!("# {drug}\n\n{}", format!("{drug} is given to children with care. ").repeat(40));
    let text = ["Iron", "Zinc", "Copper", "Folate"].map(line).join("\n\n");
    let document = staff.text_document(&project, "Minerals", &text).await;
    let chat = staff.chat(&project).await;
    let message = answer(&staff, &chat, "Copper for children?").await;
    let sent = provider.requests().await[0]["messages"].clone();
    let (found, system) = (provenance(&superuser, &chat, &message).await, sent[0]["content"].as_str().expect("a text"));
    assert!(system.contains("Zinc is given") && system.contains("Folate is given"), "{system}");
    assert_eq!(found["prompt"]["messages"], sent);
    staff.patch(&retrieval, json!({ "neighbours": 0 })).await.json(200);
    renewed(&staff, &document, "Nothing is given.").await;
    assert_eq!(provenance(&superuser, &chat, &message).await["prompt"]["messages"], sent);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_failed_answer_says_why(db: PgPool) {
    let refusal = json!({ "error": { "message": "no", "type": "invalid_request_error", "code": "invalid_api_key" } });
    let provider = Provider::answering(ResponseTemplate::new(401).set_body_json(&refusal)).await;
    let app = app_with(&db, &provider).await;
    let (staff, superuser) = (writer(&app).await, app.superuser().await);
    let project = staff.project("P").await;
    staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    let chat = staff.chat(&project).await;
    let frames = staff.ask_streamed(&chat, "Zinc?").await.frames();
    let steps = replay(&superuser, &chat).await;
    let failed = of_kind(&steps, "answer_failed")[0];
    assert_eq!(failed["failure"]["reason"], "unauthorized");
    assert_eq!(failed["failure"]["message"], frames.last().expect("a frame")["message"]);
    assert!(failed["failure"]["notice"].as_str().is_some_and(|notice| notice.contains("stream stopped")), "{failed}");
    let id = failed["message_id"].as_str().expect("an id");
    let found = provenance(&superuser, &chat, id).await;
    assert_eq!((&found["failure"], &found["generation"]), (&failed["failure"], &Value::Null));
    assert_eq!(found["prompt"]["missing"], json!(["the prompt: it is recorded with complete answers only"]));
    assert_eq!(found["passages"].as_array().map(Vec::len), Some(1));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_an_erased_person_the_steps_are_told_and_no_text(db: PgPool) {
    let provider = Provider::answering(deltas(&["Fourteen days."])).await;
    let app = app_with(&db, &provider).await;
    let (staff, superuser) = (writer(&app).await, app.superuser().await);
    let project = staff.project("P").await;
    staff.text_document(&project, "Zinc", "Zinc is given for a fortnight.").await;
    let chat = staff.chat(&project).await;
    let message = answer(&staff, &chat, "How long is zinc given to little Binu?").await;
    superuser.post("/users/meera/erase", json!({})).await.is(204, "");
    let found = eventually("it is erased", async || {
        let found = provenance(&superuser, &chat, &message).await;
        (found["question"]["text"] == "[erased]").then_some(found)
    })
    .await;
    assert_eq!(found["text"], "[erased]");
    assert_eq!(found["prompt"]["missing"], json!(["the question: the person was erased"]));
    assert_eq!(found["prompt"]["messages"], Value::Null);
    let steps = replay(&superuser, &chat).await;
    assert_eq!(of_kind(&steps, "answer_written")[0]["text"], "[erased]");
    assert!(!json!(steps).to_string().contains("Binu") && !json!(steps).to_string().contains("Fourteen"));
}
