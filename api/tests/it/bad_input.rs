//! Requests that make no sense: always a 4xx, never a 500, and nothing stays broken.

use std::io::{Read, Write};

use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::json;
use sqlx::PgPool;

use crate::support::{NIL, TestApp};

const PARSE: &str =
    r#"{"detail":"JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"}"#;

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn malformed_json_is_located(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    for path in ["/projects", "/auth/login", "/auth/register"] {
        staff.post_raw(path, "application/json", "{").await.is(400, PARSE);
        let list = r#"{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}"#;
        staff.post_raw(path, "application/json", "[1]").await.is(400, list);
        let plain = r#"{"detail":"Unsupported media type \"text/plain\" in request."}"#;
        staff.post_raw(path, "text/plain", "hi").await.is(415, plain);
    }
    let one = format!("/projects/{}", staff.project("P").await);
    let request = staff.request(Method::PATCH, &one).header("content-type", "application/json").body("{bad");
    staff.send(request).await.is(400, PARSE);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn json_that_is_too_deep_or_no_text_is_a_bad_request(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let deep = format!(r#"{{"title":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for body in [deep.into_bytes(), b"{\"title\":\"\xff\"}".to_vec()] {
        let answer = staff.post_raw("/projects", "application/json", body).await;
        assert!(answer.json(400)["detail"].as_str().is_some_and(|detail| detail.starts_with("JSON parse error - ")));
    }
    let huge = r#"{"title":"x","model":1e400}"#;
    assert_eq!(staff.post_raw("/projects", "application/json", huge).await.status, 400);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn multipart_that_is_cut_in_the_middle_is_a_bad_request(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let chat = staff.chat(&project).await;
    let cut = "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhal";
    for path in ["/auth/login", "/projects"] {
        let answer = staff.post_raw(path, "multipart/form-data; boundary=b", cut).await.json(400);
        let detail = answer["detail"].as_str().expect("a detail");
        assert!(detail.starts_with("Multipart form parse error - "), "{detail}");
    }
    // The form of documents maps over whatever it finds, which would be a white page for a text.
    let documents = format!("/projects/{project}/documents");
    let answer = staff.post_raw(&documents, "multipart/form-data; boundary=b", cut).await.json(400);
    let [message] = answer["non_field_errors"].as_array().expect("a list").as_slice() else { panic!("{answer}") };
    assert!(message.as_str().is_some_and(|text| text.starts_with("Multipart form parse error - ")), "{answer}");
    assert!(answer["detail"].is_null(), "{answer}");
    let converse = format!("{chat}/converse");
    let answer = staff.post_raw(&converse, "multipart/form-data; boundary=b", cut).await.json(400);
    assert!(answer["error"].is_string(), "{answer}");
    for content_type in ["multipart/form-data", "multipart/form-data; boundary="] {
        assert_eq!(staff.post_raw("/projects", content_type, cut).await.status, 400);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_client_that_goes_away_in_the_middle_of_its_request_harms_nobody(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let head = format!(
        "POST /api/projects HTTP/1.1\r\nHost: x\r\nAuthorization: Token {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"title\":",
        staff.token()
    );
    let mut socket = std::net::TcpStream::connect(app.host()).expect("the server takes connections");
    socket.write_all(head.as_bytes()).expect("the head can be sent");
    socket.shutdown(std::net::Shutdown::Write).expect("the socket can be half closed");
    let mut answer = String::new();
    let read = tokio::task::spawn_blocking(move || socket.read_to_string(&mut answer).map(|_| answer)).await;
    let answer = read.expect("nothing panics").expect("the answer is text");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(staff.get("/projects").await.titles().is_empty());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn bodies_over_the_limit_are_413(db: PgPool) {
    let app = TestApp::start_with(&db, &["--max-upload-mb", "1"]).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let chat = staff.chat(&project).await;
    let message = "The request body is too large.";
    // The form of documents maps over lists, also over `detail`.
    let of_file = json!({ "file": [message], "non_field_errors": [message] }).to_string();
    staff.upload(&project, "a.txt", &vec![b'a'; 1_100_000]).await.is(413, &of_file);
    let document = staff.upload(&project, "a.txt", &vec![b'a'; 900_000]).await.id();
    let suite = staff.post("/tests/suites", json!({ "name": "S", "temperature": 0, "topk": 5 })).await.id();
    let questions = format!("/tests/suites/{suite}/questions");
    let question = json!({ "question": "Q", "human_answer": "A" });
    let question = staff.post(&questions, question).await.id();
    for path in
        [format!("/projects/{project}/documents/{document}/versions"), format!("{questions}/{question}/documents")]
    {
        let file = Part::bytes(vec![b'a'; 1_100_000]).file_name("a.txt");
        staff.post_form(&path, Form::new().part("file", file)).await.is(413, &of_file);
    }
    let of_project = json!({ "detail": message, "non_field_errors": [message], "title": [message] }).to_string();
    staff.post("/projects", json!({ "title": "x", "prompt": "p".repeat(3_000_000) })).await.is(413, &of_project);
    let of_question = json!({ "detail": message, "error": message }).to_string();
    staff.ask(&chat, &"q".repeat(1_100_000)).await.is(413, &of_question);
    let fields = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n".repeat(5_000) + "--b--\r\n";
    let answer = staff.post_raw("/projects", "multipart/form-data; boundary=b", fields).await;
    answer.is(400, r#"{"detail":"More than 1000 fields were sent."}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_nul_is_refused_or_dropped_and_poisons_nothing(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let refused = |field: &str| format!(r#"{{"{field}":["Null characters are not allowed."]}}"#);
    for field in ["title", "description", "prompt", "assistant_id", "open_ai_key"] {
        let mut body = json!({ "title": "x" });
        body[field] = json!("a\0b");
        staff.post("/projects", body).await.is(400, &refused(field));
    }
    let questions = json!({ "title": "x", "preset_questions": ["a\0b"] });
    staff
        .post("/projects", questions)
        .await
        .is(400, r#"{"preset_questions":{"0":["Null characters are not allowed."]}}"#);
    let chat = staff.chat(&staff.project("P").await).await;
    staff.ask(&chat, "Zi\0nc?").await.json(200);
    let detail = staff.get(&chat).await.json(200);
    assert_eq!((&detail["title"], &detail["chats"][0]["message"]), (&json!("Zinc?"), &json!("Zinc?")));
    staff.patch("/users/me", json!({ "full_name": "a\0b" })).await.is(400, &refused("full_name"));
    staff.patch("/users/me", json!({ "password": "lantern\0orbit-7" })).await.is(400, &refused("password"));
    let login = json!({ "email": "a\0@example.com", "password": "a\0b" });
    assert_eq!(app.nobody.post("/auth/login", login).await.status, 400);
    staff.get("/projects?search=a%00b&ordering=%00&archived=%00&limit=%00&offset=%00").await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_longest_texts_that_are_allowed_can_be_read_back(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let title = "😀".repeat(50);
    let project = staff.project(&title).await;
    assert_eq!(staff.get(&format!("/projects/{project}")).await.json(200)["title"], title);
    let chat = staff.chat(&project).await;
    let question = "é\u{301}\u{202e}\t".repeat(2_500);
    let answer = staff.ask(&chat, &question).await;
    answer.json(200);
    assert_eq!(staff.get(&chat).await.json(200)["chats"][0]["message"], question.trim_end());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn unknown_paths_and_odd_numbers_of_pages_are_harmless(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    for path in ["/", "/nothing", "/projects/", "/auth/login/", &format!("/projects/{NIL}/nothing")] {
        staff.get(path).await.is(404, r#"{"detail":"Not found."}"#);
    }
    let huge = "9".repeat(40);
    let page = staff.get(&format!("/projects?limit={huge}&offset={huge}")).await.json(200);
    assert_eq!(page["results"], json!([]));
    staff.get("/projects?limit=-5&offset=-5&search=%25%5C_&ordering=;drop").await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_preflight_needs_nobody_and_errors_can_be_read_by_pages(db: PgPool) {
    let app = TestApp::start(&db).await;
    let preflight = app
        .nobody
        .request(Method::OPTIONS, "/projects")
        .header("origin", "http://page.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,openai-key,baggage");
    let answer = app.nobody.send(preflight).await;
    answer.is(200, "");
    assert_eq!(answer.header("access-control-allow-origin"), "http://page.example");
    assert!(answer.header("access-control-allow-headers").contains("OpenAI-Key"));
    let failing = app.nobody.request(Method::GET, "/projects").header("origin", "http://page.example");
    let answer = app.nobody.send(failing).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (401, "http://page.example"));
}
