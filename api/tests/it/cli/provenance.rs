//! Conversations and answers as auditors read them on the command line, by the real binary beside a server.

use reqwest::multipart::Form;
use serde_json::{Value, json};

use super::process::{DataFolder, PASSWORD};

#[tokio::test]
async fn an_auditor_reads_how_a_conversation_went_and_what_an_answer_was_made_from() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let project = folder.make_project("Ward").await;
    let server = folder.serve(&[]).await;
    let token = server.log_in("asha@example.com", PASSWORD).await.expect("the account is there");
    let documents = folder.documents(&[("zinc.md", "Zinc is given for fourteen days.")]);
    let import = ["import-documents", documents.to_str().expect("a plain name"), "--project", &project];
    folder.run(&import, "").await.succeeded();
    let chats = format!("/api/projects/{project}/chats");
    let chat = server.make(&chats, &token, json!({ "title": "New" })).await;
    let question = Form::new().text("text", "How long is zinc given?").text("stream", "false");
    let asked = server.post(&format!("{chats}/{chat}/converse"), &token, question).await;
    let answered: Value = asked.json().await.expect("JSON");
    let answer = answered["external_id"].as_str().expect("an id");

    let said = folder.run(&["audit", "replay", "chat", &chat], "").await.succeeded();
    let steps = ["chat started", "question asked", "passages retrieved, ", "prompt unused", "answer written, "];
    let places: Vec<Option<usize>> = steps.iter().map(|step| said.find(step)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{said}");
    for line in ["    | Zinc is given for fourteen days.", ": stored\n", "    the built-in answerer quotes passages"] {
        assert!(said.contains(line), "{line}\n{said}");
    }

    // The command line and the API show the same.
    let json = folder.run(&["audit", "replay", "chat", &chat, "--json"], "").await.succeeded();
    let over_http = server.get(&format!("/api/audit/chat/{chat}/replay"), &token).await;
    assert_eq!(serde_json::from_str::<Value>(&json).expect("JSON"), over_http);
    let json = folder.run(&["audit", "provenance", answer, "--json"], "").await.succeeded();
    let over_http = server.get(&format!("/api/audit/chat/{chat}/answers/{answer}/provenance"), &token).await;
    assert_eq!(serde_json::from_str::<Value>(&json).expect("JSON"), over_http);
    assert_eq!(over_http["passages"][0]["text"], "Zinc is given for fourteen days.");
    let named = folder.run(&["audit", "provenance", answer, "--chat", &chat], "").await.succeeded();
    assert!(named.starts_with(&format!("answer {answer} of chat {chat}, project {project}\n")), "{named}");

    let position = over_http["events"][0]["position"].to_string();
    let until = folder.run(&["audit", "replay", "chat", &chat, "--at", &position], "").await.succeeded();
    assert!(until.contains("question asked") && !until.contains("answer written"), "{until}");
    for (arguments, named) in [
        (vec!["replay", "chat", &chat, "--at", "999999"], "the log ends at position"),
        (vec!["replay", "chat", &chat, "--at", "2001-01-01T00:00:00Z"], "the log begins at"),
        (vec!["replay", "chat", &project], "the log has no chat with the id"),
        (vec!["provenance", &project], "name its chat with --chat"),
        (vec!["provenance", &project, "--chat", &chat], "has no answer with the id"),
    ] {
        let refused = folder.run(&[&["audit"][..], &arguments].concat(), "").await.failed();
        assert!(refused.contains(named), "{arguments:?}: {refused}");
    }
    let malformed = folder.run(&["audit", "replay", "chat", &chat, "--at", "yesterday"], "").await;
    assert_eq!(malformed.code(), Some(2), "{}", malformed.stderr());
}
