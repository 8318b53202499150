//! What users see when a serving process is asked to end.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::process::{DataFolder, PASSWORD, Server};
use crate::{installation::until, support::SlowProvider};

/// What `--help` says, and a moment for the signal.
const LONGEST_END: Duration = Duration::from_millis(10_500);

/// A stream of frames that has begun.
struct Frames {
    bytes: std::pin::Pin<Box<dyn futures::Stream<Item = reqwest::Result<Vec<u8>>>>>,
    text: String,
}

impl Frames {
    async fn first(response: reqwest::Response) -> Self {
        let bytes = response.bytes_stream().map(|bytes| bytes.map(|bytes| bytes.to_vec()));
        let mut frames = Self { bytes: Box::pin(bytes), text: String::new() };
        while !frames.text.contains("first") {
            let bytes = frames.bytes.next().await.expect("it goes on").expect("it can be read");
            frames.text.push_str(&String::from_utf8(bytes).expect("frames are ASCII"));
        }
        frames
    }

    async fn last(mut self) -> Value {
        while let Some(Ok(bytes)) = self.bytes.next().await {
            self.text.push_str(&String::from_utf8(bytes).expect("frames are ASCII"));
        }
        let last =
            self.text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().expect("there are frames");
        serde_json::from_str(last).expect("a frame is JSON")
    }
}

/// A server whose model says "first " and no more, and a chat in which somebody waits for the rest.
async fn in_the_middle_of_an_answer(folder: &DataFolder) -> (SlowProvider, Server, String, Frames) {
    let provider = SlowProvider::start().await;
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let with_provider = ["--openai-base-url", &provider.url, "--openai-api-key", "sk-test", "--text-to-speech", "none"];
    let server = folder.serve(&with_provider).await;
    let token = server.log_in("asha@example.com", PASSWORD).await.expect("the account is there");
    let project = server.make("/api/projects", &token, json!({ "title": "Ward", "prompt": "From {reference}" })).await;
    let chats = format!("/api/projects/{project}/chats");
    let chat = format!("{chats}/{}", server.make(&chats, &token, json!({ "title": "Questions" })).await);
    let answer = server.post(&format!("{chat}/converse"), &token, Form::new().text("text", "How is zinc given?")).await;
    (provider, server, chat, Frames::first(answer).await)
}

#[tokio::test]
async fn an_open_stream_gets_a_last_frame_and_the_conversation_a_notice_and_the_process_ends_in_time() {
    let folder = DataFolder::new();
    let (_provider, server, chat, frames) = in_the_middle_of_an_answer(&folder).await;
    let asked = Instant::now();
    server.ask_to_end().await;
    let last = frames.last().await;
    assert_eq!((&last["stop"], &last["error"]), (&json!(true), &json!(true)), "{last}");
    assert!(last["message"].as_str().is_some_and(|message| message.contains("restarted")), "{last}");
    let (code, said) = server.ended().await;
    assert!(asked.elapsed() < LONGEST_END, "it took {:?}: {said}", asked.elapsed());
    assert_eq!(code, Some(0), "{said}");
    assert!(!folder.database_runs());

    let server = folder.serve(&[]).await;
    let token = server.log_in("asha@example.com", PASSWORD).await.expect("the account is there");
    let shown = server.get(&chat, &token).await;
    assert!(shown.to_string().contains("[Streaming] Something went wrong"), "{shown}");
    server.terminate().await;
}

#[tokio::test]
async fn closing_the_terminal_ends_an_answer_in_good_order() {
    for signal in ["-HUP", "-QUIT"] {
        let folder = DataFolder::new();
        let (provider, server, _, frames) = in_the_middle_of_an_answer(&folder).await;
        server.signal(signal).await;
        provider.go_on();
        let last = frames.last().await;
        assert_eq!((&last["stop"], &last["error"]), (&json!(true), &json!(false)), "{signal}: {last}");
        assert_eq!(server.ended().await.0, Some(0), "{signal}");
        assert!(!folder.database_runs());
    }
}

#[tokio::test]
async fn a_server_that_was_started_with_nohup_outlives_its_terminal() {
    let folder = DataFolder::new();
    let mut server = folder.begin_to_serve_after("trap '' HUP");
    server.begins_to_serve().await;
    server.signal("-HUP").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(server.look("/health/live").await.0, 200);
    let (code, said) = server.terminate().await;
    assert_eq!(code, Some(0));
    assert_eq!(said.matches("asked to end").count(), 1, "{said}");
}

#[tokio::test]
async fn an_answer_that_is_finished_soon_after_the_signal_is_complete() {
    let folder = DataFolder::new();
    let (provider, server, _, frames) = in_the_middle_of_an_answer(&folder).await;
    server.ask_to_end().await;
    provider.go_on();
    let last = frames.last().await;
    assert_eq!((&last["stop"], &last["error"]), (&json!(true), &json!(false)), "{last}");
    assert_eq!(last["message"], "first second");
    assert_eq!(server.ended().await.0, Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let folder = DataFolder::new();
    let (_provider, mut server, _, _frames) = in_the_middle_of_an_answer(&folder).await;
    server.ask_to_end().await;
    server.line_with("a second time ends at once").await;
    let asked = Instant::now();
    server.ask_to_end().await;
    assert_eq!(server.ended().await.0, Some(143));
    assert!(asked.elapsed() < Duration::from_secs(2), "it took {:?}", asked.elapsed());
}

#[tokio::test]
async fn a_document_that_is_being_read_neither_holds_up_the_end_nor_waits_for_a_lease_afterwards() {
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let slow = folder.path().join("slow-reader");
    let began = folder.path().join("began");
    let (program, at) = (env!("CARGO_BIN_EXE_ayushma"), began.display());
    let reads = "[ \"$1 $2\" = \"sandbox read\" ]";
    let script = format!("#!/bin/sh\n{reads} || exec {program} \"$@\"\n: > {at}\nexec /bin/sleep 600\n");
    fs::write(&slow, script).expect("it is ours");
    fs::set_permissions(&slow, Permissions::from_mode(0o755)).expect("it is ours");
    let server = folder.serve(&["--document-reader", slow.to_str().expect("it is text")]).await;
    let token = server.log_in("asha@example.com", PASSWORD).await.expect("the account is there");
    let project = server.make("/api/projects", &token, json!({ "title": "Ward", "prompt": "From {reference}" })).await;
    let documents = format!("/api/projects/{project}/documents");
    let file = Part::text("# Zinc\n\nFor fourteen days.\n").file_name("zinc.md");
    let form = Form::new().text("title", "Zinc").text("document_type", "1").part("file", file);
    let made: Value = server.post(&documents, &token, form).await.json().await.expect("the answer is JSON");
    until("it is being read", async || began.exists().then_some(())).await;

    let asked = Instant::now();
    let (code, said) = server.terminate().await;
    assert!(asked.elapsed() < LONGEST_END, "it took {:?}: {said}", asked.elapsed());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("unfinished jobs were given back"), "{said}");

    let server = folder.serve(&[]).await;
    let token = server.log_in("asha@example.com", PASSWORD).await.expect("the account is there");
    let document = format!("{documents}/{}", made["external_id"].as_str().expect("it has an id"));
    until("it is read by the next process", async || {
        (server.get(&document, &token).await["state"] == "indexed").then_some(())
    })
    .await;
    server.terminate().await;
}
