//! What people do with an installation: everything that takes a secret or a personal text.

use reqwest::{Method, multipart::Part};
use serde_json::{Value, json};

use super::{PERSONAL, SECRET, World};
use crate::{
    installation::until,
    support::{Answer, Person, multipart},
};

/// What was made, and whom to erase.
pub(super) struct Planted {
    /// Secrets that the server has made: tokens, keys, codes.
    pub(super) secrets: Vec<String>,
    pub(super) usernames: Vec<String>,
    pub(super) key_chats: Vec<String>,
}

fn password(number: u32) -> String {
    format!("{SECRET}-password-{number}")
}

fn email(name: &str) -> String {
    format!("{PERSONAL}.{name}@example.com")
}

fn text(answer: &Answer, status: u16, field: &str) -> String {
    answer.json(status)[field].as_str().expect("the field is a text").to_owned()
}

pub(super) async fn plant(world: &World) -> Planted {
    let mut planted = Planted { secrets: vec![world.admin.token().to_owned()], usernames: vec![], key_chats: vec![] };
    let project = project(world).await;
    let asha = accounts(world, &mut planted).await;
    chats(&asha, &project).await;
    keys(world, &mut planted).await;
    ratings(world, &asha, &project).await;
    planted
}

async fn log_in(world: &World, email: &str, password: &str, planted: &mut Planted) -> Person {
    let answer = world.nobody.post("/auth/login", json!({ "email": email, "password": password })).await;
    let token = text(&answer, 200, "token");
    planted.secrets.push(token.clone());
    world.nobody.with_token(&token)
}

async fn accounts(world: &World, planted: &mut Planted) -> Person {
    let name = format!("{PERSONAL}1");
    let body = json!({
        "username": name, "email": email("one"), "full_name": format!("Asha {PERSONAL}"), "password": password(1),
        "recaptcha": format!("{SECRET}-captcha")
    });
    world.nobody.post("/auth/register", body.clone()).await.is(201, "");
    world.nobody.post("/auth/register", body).await.json(400);
    planted.usernames.push(name);
    let asha = log_in(world, &email("one"), &password(1), planted).await;
    // What is refused must not be told elsewhere either.
    world.nobody.post("/auth/login", json!({ "email": email("one"), "password": password(99) })).await.json(400);
    let broken = format!(r#"{{"email": "{}", "password": "{}"#, email("one"), password(98));
    world.nobody.post_raw("/auth/login", "application/json", broken).await.json(400);
    world.nobody.with_authorization(&format!("Token {SECRET}-token")).get("/users/me").await.json(401);
    world.nobody.with_api_key(&format!("ak-{SECRET}")).get("/chats").await.json(401);

    asha.patch("/users/me", json!({ "full_name": format!("Dr. {PERSONAL}"), "password": password(2) })).await.json(200);
    world.nobody.post("/auth/forgot", json!({ "email": email("one") })).await.is(200, "");
    let code = until("the code is mailed", async || code_in(&world.here.data_dir.path().join("mail"))).await;
    // Six digits may stand anywhere; a code stands alone.
    planted.secrets.push(format!("\"{code}\""));
    let body = json!({ "email": email("one"), "token": code, "password": password(3) });
    let reset = world.nobody.post("/auth/reset", body).await;
    assert!(reset.status < 300, "{}", reset.body);
    world.admin.patch(&format!("/users/{PERSONAL}1"), json!({ "email": email("changed") })).await.json(200);

    let name = format!("{PERSONAL}2");
    let body = json!({
        "username": name, "email": email("two"), "full_name": format!("Ravi {PERSONAL}"), "password": password(4)
    });
    world.admin.post("/users", body).await.json(201);
    world.admin.patch(&format!("/users/{name}"), json!({ "is_reviewer": true })).await.json(200);
    planted.usernames.push(name);
    log_in(world, &email("changed"), &password(3), planted).await
}

fn code_in(folder: &std::path::Path) -> Option<String> {
    let mail = std::fs::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .find_map(|file| std::fs::read_to_string(file.path()).ok())?;
    let mut lines = mail.lines().map(str::trim);
    lines.find(|line| line.len() == 6 && line.bytes().all(|digit| digit.is_ascii_digit())).map(str::to_owned)
}

async fn project(world: &World) -> String {
    let body = json!({
        "title": "Ward", "prompt": "From {reference}", "open_ai_key": format!("sk-{SECRET}-project"), "stt_engine": 2
    });
    let project = world.admin.post("/projects", body).await.id();
    let body = json!({ "open_ai_key": format!("sk-{SECRET}-second") });
    world.admin.patch(&format!("/projects/{project}"), body).await.json(200);
    project
}

async fn chats(asha: &Person, project: &str) {
    let chats = format!("/projects/{project}/chats");
    let key = || format!("sk-{SECRET}-header");
    let begun = asha.request(Method::POST, &chats).header("OpenAI-Key", key());
    let id = asha.send(begun.json(&json!({ "title": format!("The {PERSONAL}") }))).await.id();
    let chat = format!("{chats}/{id}");
    let converse = format!("{chat}/converse");
    let asked = async |texts: &[(&str, &str)], audio: bool| {
        let recording = || Part::bytes(b"RIFF".as_slice()).file_name(format!("{PERSONAL}.wav"));
        let form = multipart(texts);
        let form = if audio { form.part("audio", recording()) } else { form };
        let request = asha.request(Method::POST, &converse).header("OpenAI-Key", key()).multipart(form);
        asha.send(request).await
    };
    let question = format!("What does the {PERSONAL} eat?");
    let answer = asked(&[("text", &question), ("stream", "false"), ("noonce", "nonce-1")], false).await;
    let message = text(&answer, 200, "external_id");
    asked(&[("text", &question), ("generate_audio", "true")], false).await.frames();
    asked(&[("text", &format!("{PERSONAL} क्या खाता है?")), ("language", "hi"), ("stream", "false")], false)
        .await
        .json(200);
    asked(&[("language", "en"), ("stream", "false")], true).await.json(200);
    // Refused.
    asked(&[("text", &question), ("stream", "false"), ("noonce", "nonce-1")], false).await.json(400);
    asked(&[("text", &question), ("temperature", PERSONAL)], false).await.json(400);
    let recording = Part::bytes(b"RIFF".as_slice()).file_name(format!("{PERSONAL}.wav"));
    let form = multipart(&[("language", "en")]).part("audio", recording);
    asha.post_form(&format!("{chat}/speech_to_text"), form).await.json(200);
    asha.patch(&chat, json!({ "title": format!("More on the {PERSONAL}") })).await.json(200);
    let feedback = json!({ "chat_message": message, "liked": false, "message": format!("No {PERSONAL} eats that") });
    asha.post("/feedback", feedback).await.json(201);
    asha.get(&format!("{chats}?search={PERSONAL}")).await.json(200);
    asha.get(&chat).await.json(200);
}

async fn keys(world: &World, planted: &mut Planted) {
    let service = world.admin.service("Tablets", true).await;
    let client = world.nobody.with_api_key(world.admin.client_of(&service).await.api_key());
    planted.secrets.push(client.api_key().to_owned());
    let token = client.post("/temptokens", json!({ "ip": super::ADDRESS })).await;
    planted.secrets.push(text(&token, 201, "token"));
    let body =
        json!({ "title": format!("Of {PERSONAL}"), "prompt": format!("You know the {PERSONAL}. {{reference}}") });
    let chat = client.post("/chats", body).await.id();
    let path = format!("/chats/{chat}");
    client
        .patch(&path, json!({ "prompt": format!("You are a {PERSONAL}. {{reference}}"), "title": PERSONAL }))
        .await
        .json(200);
    let question = multipart(&[("text", &format!("Where is the {PERSONAL}?")), ("stream", "false")]);
    client.post_form(&format!("{path}/converse"), question).await.json(200);
    let recording = Part::bytes(b"RIFF".as_slice()).file_name(format!("{PERSONAL}.wav"));
    let form = multipart(&[("engine", "google"), ("language", "en")]).part("audio", recording);
    client.post_form("/chats/transcribe", form).await.json(200);
    let messages = json!([{ "role": "user", "content": format!("The {PERSONAL} has a fever.") }]);
    client.post("/chats/completion", json!({ "task": "ai_form_fill", "messages": messages })).await.json(200);
    planted.key_chats.push(chat);
}

/// A reviewer is who was made by an administrator.
async fn ratings(world: &World, _: &Person, project: &str) {
    let ravi = log_in_as_reviewer(world).await;
    let suite = world.admin.post("/tests/suites", json!({ "name": "Ward", "temperature": 0.1, "topk": 3 })).await.id();
    let suite = format!("/tests/suites/{suite}");
    let question = json!({ "question": "Zinc?", "human_answer": "Fourteen days" });
    world.admin.post(&format!("{suite}/questions"), question).await.json(201);
    let run = world.admin.post(&format!("{suite}/runs"), json!({ "project": project, "models": [1] })).await.id();
    let run = format!("{suite}/runs/{run}");
    let result = until("the run is complete", async || {
        let shown: Value = world.admin.get(&run).await.json(200);
        (shown["status"] == 2).then(|| shown["test_results"][0]["external_id"].as_str().map(str::to_owned)).flatten()
    })
    .await;
    let notes = json!({ "test_result_id": result, "rating": 2, "notes": format!("Says {PERSONAL}") });
    let given = ravi.post(&format!("{run}/feedback"), notes).await.json(201);
    assert!(given["notes"].as_str().is_some_and(|notes| notes.contains(PERSONAL)), "{given}");
    let number = world.feedback_number(given["external_id"].as_str().expect("an id")).await;
    let notes = json!({ "notes": format!("Still says {PERSONAL}") });
    ravi.patch(&format!("{run}/feedback/{number}"), notes).await.json(200);
}

async fn log_in_as_reviewer(world: &World) -> Person {
    let body = json!({ "email": email("two"), "password": password(4) });
    let token = text(&world.nobody.post("/auth/login", body).await, 200, "token");
    world.nobody.with_token(&token)
}
