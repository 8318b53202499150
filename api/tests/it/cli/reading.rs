//! A document that takes long to read: by the real program, with the processes that it starts.

use std::{
    fs,
    time::{Duration, Instant},
};

use reqwest::{
    Client,
    multipart::{Form, Part},
};
use serde_json::Value;

use super::process::{DataFolder, PASSWORD, Server};

/// `pdftotext` computes until its limit, half a minute.
const ENDLESS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/documents/files/pdf-billion-forms.pdf");
/// Much less than that.
const SOON: Duration = Duration::from_secs(8);

/// The processes with this parent, and theirs: numbers and command lines.
fn below(parent: u32) -> Vec<(u32, String)> {
    let processes = fs::read_dir("/proc").expect("there are processes").filter_map(Result::ok);
    let numbers: Vec<u32> = processes.filter_map(|process| process.file_name().to_str()?.parse().ok()).collect();
    let parent_of = |pid: &u32| -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let families: Vec<(u32, u32)> = numbers.iter().filter_map(|pid| Some((*pid, parent_of(pid)?))).collect();
    let mut found = vec![parent];
    let mut at = 0;
    while at < found.len() {
        let parent = found[at];
        found.extend(families.iter().filter(|family| family.1 == parent).map(|family| family.0));
        at += 1;
    }
    let line = |pid: u32| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default().replace('\0', " ");
    found[1..].iter().map(|pid| (*pid, line(*pid))).collect()
}

async fn until(what: &str, patience: Duration, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < patience, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Adds the document, and waits until `pdftotext` is at it. Its address, and the processes that read it.
async fn being_read(server: &Server, client: &Client, token: &str, project: &str) -> (String, Vec<u32>) {
    let file = Part::bytes(fs::read(ENDLESS).expect("it is in the repository")).file_name("ward-secret.pdf");
    let form = Form::new().text("title", "A file").text("document_type", "1").part("file", file);
    let path = format!("{}/api/projects/{project}/documents", server.url);
    let request = client.post(&path).header("Authorization", format!("Token {token}")).multipart(form);
    let answer: Value = request.send().await.expect("it answers").json().await.expect("JSON");
    let id = answer["external_id"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let is_read = || below(server.pid()).iter().any(|(_, line)| line.starts_with("pdftotext"));
    until("it is read", Duration::from_mins(1), is_read).await;
    let processes = below(server.pid());
    assert!(processes.iter().all(|(_, line)| !line.contains("ward-secret")), "no name is shown: {processes:?}");
    let readers = processes.into_iter().filter(|(_, line)| line.contains("sandbox read") || line.contains("pdftotext"));
    (format!("{path}/{id}"), readers.map(|(pid, _)| pid).collect())
}

fn are_gone(readers: &[u32]) -> bool {
    let is_alive = |pid: &u32| {
        fs::read_to_string(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| line.contains("read") || line.contains("pdftotext"))
    };
    !readers.iter().any(is_alive)
}

#[tokio::test]
async fn what_reads_a_document_ends_with_its_deletion_and_with_the_server() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let project = folder.make_project("Ward 3").await;
    let server = folder.serve(&[]).await;
    let token = server.log_in("asha@example.com", PASSWORD).await.expect("the account is there");
    let client = Client::builder().no_proxy().build().expect("a client can be made");

    let (document, readers) = being_read(&server, &client, &token, &project).await;
    assert_eq!(readers.len(), 2, "the reader and pdftotext");
    let deleted = client.delete(document).header("Authorization", format!("Token {token}")).send().await;
    assert_eq!(deleted.expect("it answers").status(), 204);
    until("its readers are gone", SOON, || are_gone(&readers)).await;

    let (_, readers) = being_read(&server, &client, &token, &project).await;
    let asked = Instant::now();
    let (code, said) = server.terminate().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(asked.elapsed() < Duration::from_secs(15), "it took {:?}", asked.elapsed());
    assert!(are_gone(&readers));
    assert!(!said.contains("ERROR"), "{said}");
}
