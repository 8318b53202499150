//! Bundles on the command line, by the real binary: exported beside a server, verified where there is nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use reqwest::multipart::Form;
use serde_json::{Value, json};

use super::process::{DataFolder, Ended, PASSWORD};

const ZINC: &str = "Zinc is given for fourteen days.";

/// A published log with a conversation in it.
pub(super) struct Ward {
    pub(super) folder: DataFolder,
    public: tempfile::TempDir,
    pub(super) project: String,
    pub(super) chat: String,
    person: String,
    pub(super) key: String,
}

impl Ward {
    pub(super) async fn new() -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let folder = DataFolder::new();
        folder.make_superuser("asha@example.com", "asha").await.succeeded();
        folder.make_superuser("binu@example.com", "binu").await.succeeded();
        let project = folder.make_project("Ward").await;
        let server = folder.serve(&[]).await;
        let token = server.log_in("asha@example.com", PASSWORD).await.expect("the account is there");
        let documents = folder.documents(&[("zinc.md", ZINC)]);
        let import = ["import-documents", documents.to_str().expect("a plain name"), "--project", &project];
        folder.run(&import, "").await.succeeded();
        let chats = format!("/api/projects/{project}/chats");
        let chat = server.make(&chats, &token, json!({ "title": "New" })).await;
        let question = Form::new().text("text", "How long is zinc given to my <b>son</b>?").text("stream", "false");
        server.post(&format!("{chats}/{chat}/converse"), &token, question).await;
        server.terminate().await;
        let public = tempfile::tempdir().expect("a folder");
        let mut ward = Self { folder, public, project, chat, person: String::new(), key: String::new() };
        ward.publish().await;
        let json = ward.folder.run(&["audit", "timeline", "chat", &ward.chat, "--json"], "").await.succeeded();
        let page: Value = serde_json::from_str(&json).expect("JSON");
        let who = page["events"][0]["actor"]["who"].as_str().expect("somebody").to_owned();
        who.strip_prefix("user:").expect("a person").clone_into(&mut ward.person);
        ward
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.public.path().join(name)
    }

    pub(super) async fn publish(&mut self) {
        let log = self.path("log");
        let said =
            self.folder.run(&["audit", "publish", "--folder", log.to_str().expect("a path")], "").await.succeeded();
        let key = said.lines().find_map(|line| line.strip_prefix("verifier key: ")).expect("a key");
        key.clone_into(&mut self.key);
    }

    pub(super) async fn export(&self, name: &str, arguments: &[&str]) -> Ended {
        let (to, log) = (self.path(name), self.path("log"));
        let command = ["audit", "export", to.to_str().expect("a path"), "--published", log.to_str().expect("a path")];
        self.folder.run(&[&command[..], arguments].concat(), "").await
    }

    /// Verifies where there is no database: nothing but the bundle and the key.
    pub(super) async fn verify(&self, name: &str) -> Ended {
        let bundle = self.path(name);
        let command = ["audit", "verify-bundle", bundle.to_str().expect("a path"), "--key", &self.key];
        DataFolder::new().run(&command, "").await
    }

    pub(super) fn lines(&self, name: &str, file: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path(name).join(file)).expect("it is there");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    fn manifest(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(name).join("manifest.json")).expect("it is there")).expect("JSON")
    }
}

fn texts(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["text"]["text"].as_str()).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("readable").filter_map(Result::ok);
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_chat_is_exported_with_its_proofs_and_verified_where_there_is_nothing_else() {
    let mut ward = Ward::new().await;
    let chat = ward.chat.clone();
    let of_chat = ["--chat", &chat];
    let said = ward.export("plain", &of_chat).await.succeeded();
    assert!(said.contains(" events in ") && said.contains(&format!("verifier key: {}", ward.key)), "{said}");
    let proved = ward.verify("plain").await.succeeded();
    assert!(proved.contains("no event of the chat is missing") && proved.contains("reason: not given"), "{proved}");
    assert_eq!(
        names(&ward.path("plain")),
        ["checkpoint", "events.jsonl", "index.html", "manifest.json", "manifest.note"]
    );
    for file in names(&ward.path("plain")) {
        let content = fs::read_to_string(ward.path("plain").join(&file)).expect("text");
        assert!(!content.contains("zinc given") && !content.contains("fourteen"), "{file} has text in clear");
    }

    let said = ward.export("told", &[&of_chat[..], &["--text", "--reason", "complaint 17"]].concat()).await.succeeded();
    assert!(said.contains("it has personal text in clear"), "{said}");
    let proved = ward.verify("told").await.succeeded();
    assert!(proved.contains("only its ciphertext is proved") && proved.contains("\"complaint 17\""), "{proved}");
    let decoded = ward.lines("told", "text.jsonl");
    assert!(texts(&decoded)[0].starts_with("How long is zinc given to my <b>son</b>?"), "{decoded:?}");
    assert!(texts(&decoded).iter().any(|text| text.contains("built-in extractive answerer")), "{decoded:?}");
    let page = fs::read_to_string(ward.path("told/index.html")).expect("it is there");
    assert!(page.contains("my &lt;b&gt;son&lt;/b&gt;?") && page.contains("complaint 17"), "{page}");
    let (plain, told) = (ward.lines("plain", "events.jsonl"), ward.lines("told", "events.jsonl"));
    assert_eq!(plain, told, "the same events are proved, with or without their text");

    // The exports are events themselves, at the positions that the manifests name.
    let json = ward.folder.run(&["audit", "accesses", "--object", &chat, "--json"], "").await.succeeded();
    let page: Value = serde_json::from_str(&json).expect("JSON");
    let [first, second] = page["accesses"].as_array().expect("a list").as_slice() else { panic!("{json}") };
    assert_eq!((&first["what"], &first["reason"]), (&json!("export"), &Value::Null));
    assert_eq!(
        (&second["request"], &second["reason"]),
        (&json!("ayushma audit export --chat {id} --text"), &json!("complaint 17"))
    );
    assert_eq!((&first["reader"], &first["is_granted"]), (&json!("system:command-line"), &json!(true)));
    assert_eq!(first["objects"][0]["owner"], json!(ward.person));
    assert_eq!(second["position"], ward.manifest("told")["recorded_at_position"]);

    // After the person's erasure the same events are proved, and say nothing any more.
    ward.folder.run(&["user", "erase", "--email", "asha@example.com", "--yes"], "").await.succeeded();
    ward.publish().await;
    ward.export("erased", &[&of_chat[..], &["--text"]].concat()).await.succeeded();
    ward.verify("erased").await.succeeded();
    let decoded = ward.lines("erased", "text.jsonl");
    assert!(texts(&decoded).iter().all(|text| *text == "[erased]"), "{decoded:?}");
    assert!(decoded.iter().all(|line| line["is_erased"] == json!(true)), "{decoded:?}");
    ward.verify("told").await.succeeded();
    let columns = |lines: &[Value]| lines.iter().map(|line| line["payload"].clone()).collect::<Vec<_>>();
    assert_eq!(columns(&ward.lines("erased", "events.jsonl"))[..plain.len()], columns(&plain));
}

#[tokio::test]
async fn projects_people_and_spans_of_time_are_exported_with_what_belongs_to_them() {
    let ward = Ward::new().await;
    ward.export("project", &["--project", &ward.project]).await.succeeded();
    let proved = ward.verify("project").await.succeeded();
    assert!(proved.contains("that no event was left out is not proved"), "{proved}");
    let manifest = ward.manifest("project");
    let document = &manifest["attachments"][0];
    assert_eq!(document["path"], format!("files/{}", document["sha256"].as_str().expect("a hash")));
    let kept = fs::read_to_string(ward.path("project").join(document["path"].as_str().expect("it is there")));
    assert_eq!(kept.expect("it is there"), ZINC);
    let kinds = |name: &str| {
        let lines = ward.lines(name, "events.jsonl");
        let mut kinds: Vec<_> =
            lines.iter().map(|line| line["aggregate_type"].as_str().expect("a type").to_owned()).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    };
    assert_eq!(kinds("project"), ["chat", "document", "project"]);

    // Of a person: the account, the chat, and that it was exported before.
    ward.folder
        .run(&["audit", "publish", "--folder", ward.path("log").to_str().expect("a path")], "")
        .await
        .succeeded();
    ward.export("person", &["--user", &ward.person, "--text"]).await.succeeded();
    ward.verify("person").await.succeeded();
    assert_eq!(kinds("person"), ["access", "chat", "user"]);
    let decoded = ward.lines("person", "text.jsonl");
    assert!(decoded.iter().all(|line| line["subject"] == json!(ward.person)), "nobody else's text: {decoded:?}");

    let span = ["--from", "2001-01-01T00:00:00Z", "--until", "2101-01-01T00:00:00Z"];
    ward.export("span", &span).await.succeeded();
    let proved = ward.verify("span").await.succeeded();
    assert!(proved.contains("all positions between the first and the last event are there"), "{proved}");
    let manifest = ward.manifest("span");
    assert_eq!((&manifest["events"]["first"], &manifest["events"]["last"]), (&json!(1), &manifest["checkpoint_size"]));
    let said = ward.export("span 2", &span).await.succeeded();
    assert!(said.contains("not in it, because the published checkpoint does not have them"), "{said}");
}

#[tokio::test]
async fn an_altered_or_cut_bundle_is_refused_with_a_reason_and_so_is_a_wrong_request() {
    let ward = Ward::new().await;
    let chat = ["--chat", &ward.chat];
    ward.export("bundle", &chat).await.succeeded();
    let events = ward.path("bundle/events.jsonl");
    let good = fs::read_to_string(&events).expect("it is there");
    for (altered, says) in [
        (
            good.replacen("\"sequence\":2", "\"sequence\":3", 1),
            "events.jsonl, line 2 is refused: its leaf is not the record of its columns",
        ),
        (good[..good.len() - 20].to_owned(), "its end is cut"),
        (good.split_inclusive('\n').skip(1).collect(), "event 1 is missing before it"),
        (good.replacen("QuestionAsked", "QuestionAsxed", 1), "is refused"),
    ] {
        fs::write(&events, altered).expect("writable");
        let refused = ward.verify("bundle").await.failed();
        assert!(refused.contains("bundle is refused: ") && refused.contains(says), "{says}: {refused}");
    }
    fs::write(&events, &good).expect("writable");
    ward.verify("bundle").await.succeeded();

    let there = ward.export("bundle", &chat).await.failed();
    assert!(there.contains("is there already"), "{there}");
    let nobody = ward.export("none", &["--chat", &ward.project]).await.failed();
    assert!(nobody.contains("the log has no chat with the id"), "{nobody}");
    let other = ward.export("none", &[&chat[..], &["--proofs-origin", "other.example"]].concat()).await.failed();
    assert!(other.contains("the published checkpoint is refused"), "{other}");
    for wrong in [
        vec![],
        vec!["--chat", &ward.chat, "--user", &ward.person],
        vec!["--from", "2026-01-01T00:00:00Z"],
        vec!["--chat", &ward.chat, "--reason", " "],
    ] {
        let ended = ward.export("none", &wrong).await;
        assert_eq!(ended.code(), Some(2), "{wrong:?}: {}", ended.stderr());
    }
    // A log whose tiles were damaged proves nothing, and nothing half-written is left.
    let tile = fs::read_dir(ward.path("log/tile/0/000.p")).expect("readable").filter_map(Result::ok);
    for tile in tile {
        let mut content = fs::read(tile.path()).expect("readable");
        content[40] ^= 1;
        fs::write(tile.path(), content).expect("writable");
    }
    let damaged = ward.export("none", &["--project", &ward.project]).await.failed();
    assert!(damaged.contains("the export is on record, but no bundle was made"), "{damaged}");
    assert_eq!(names(ward.public.path()), ["bundle", "log"]);
}

/// The formats' own programs, and one in plain Python.
#[tokio::test]
async fn programs_that_are_not_ours_accept_bundles_and_the_receipts_in_them() {
    let ward = Ward::new().await;
    ward.export("bundle", &["--chat", &ward.chat, "--text"]).await.succeeded();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    let run = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let bundle = ward.path("bundle");
    let said = run(&root.join("scripts/proof/verify_bundle.py"), &[bundle.to_str().expect("a path"), &ward.key]);
    assert!(said.contains("events are in the log"), "{said}");

    // A receipt is made of a line of the bundle and its checkpoint, by joining texts alone.
    let checkpoint = fs::read_to_string(bundle.join("checkpoint")).expect("it is there");
    fs::write(ward.path("key"), format!("{}\n", ward.key)).expect("writable");
    fs::create_dir(ward.path("receipts")).expect("writable");
    fs::create_dir(ward.path("notes")).expect("writable");
    fs::copy(bundle.join("manifest.note"), ward.path("notes/manifest.note")).expect("writable");
    fs::copy(bundle.join("checkpoint"), ward.path("log/checkpoint")).expect("writable");
    let events = ward.lines("bundle", "events.jsonl");
    for event in &events {
        let position = event["position"].as_u64().expect("a number");
        let hashes = event["proof"].as_array().expect("a list").iter();
        let hashes: Vec<_> = hashes.map(|hash| format!("{}\n", hash.as_str().expect("base64"))).collect();
        let receipt = format!("c2sp.org/tlog-proof@v1\nindex {}\n{}\n{checkpoint}", position - 1, hashes.concat());
        fs::write(ward.path("receipts").join(format!("{position}.tlog-proof")), receipt).expect("writable");
        let leaf = event["leaf"].as_str().expect("a record");
        fs::write(ward.path("receipts").join(format!("{position}.entry")), leaf).expect("writable");
    }
    // scripts/proof/proof.sh installs it.
    let foreign = run(&root.join("scripts/proof/proof.sh"), &["path"]);
    let said = run(Path::new(foreign.trim()), &[ward.public.path().to_str().expect("a path")]);
    for agrees in [
        format!("{} receipts (receipts): torchwood agrees", events.len()),
        "transparency-dev/formats agrees".to_owned(),
        "Tessera agrees".to_owned(),
        "1 notes that are no checkpoints: golang.org/x/mod agrees".to_owned(),
    ] {
        assert!(said.contains(&agrees), "{agrees}: {said}");
    }
}
