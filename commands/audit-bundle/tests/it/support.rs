//! A published log of chats in a folder, and bundles of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use audit_bundle::{
    About, BundleWriter, Columns, Manifest, Prover, Refusal, Selection, TextLine, Verified, WriteError, verify,
};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use transparency_log::{
    note::{KeyName, Note, SigningKey},
    tiles::{Folder, ReadFiles as _},
    writer::LogWriter,
};
use uuid::Uuid;

pub(crate) const ORIGIN: &str = "hospital.example/log/0190c1a2";
pub(crate) const SPEECH: &[u8] = b"an answer that can be heard";
/// The chats take turns in the log.
pub(crate) const CHATS: u64 = 3;

pub(crate) fn key(of: &str) -> SigningKey {
    SigningKey::new(KeyName::parse(of).expect("a good name"), &[7; 32])
}

pub(crate) fn at(position: u64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_796_113_800 + i64::try_from(position).expect("small"), 123_456_000).expect("a time")
}

pub(crate) fn chat(number: u64) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

/// The event at a position; every seventh is an answer that can be heard.
pub(crate) fn columns(position: u64) -> Columns {
    let time = at(position).format("%Y-%m-%dT%H:%M:%S%.6fZ");
    let (event_type, payload) = if position.is_multiple_of(7) {
        let sha256 = hex::encode(Sha256::digest(SPEECH));
        let audio = format!(r#"{{"name":"speech-{position}.mp3","size":{},"sha256":"{sha256}"}}"#, SPEECH.len());
        ("AnswerSpoken", format!(r#"{{"audio":{audio},"type":"AnswerSpoken"}}"#))
    } else {
        ("QuestionAsked", format!(r#"{{"text":"c2VhbGVk{position}","type":"QuestionAsked"}}"#))
    };
    Columns {
        position,
        aggregate_type: "chat".to_owned(),
        aggregate_id: chat((position - 1) % CHATS).to_string(),
        sequence: i64::try_from((position - 1) / CHATS + 1).expect("small"),
        event_type: event_type.to_owned(),
        event_version: "1".to_owned(),
        payload,
        metadata: format!(r#"{{"actor":"user:x","recorded_at":"{time}"}}"#),
        partition: i32::try_from(position % 16).expect("small"),
        command_id: Uuid::from_u128(u128::from(position)),
    }
}

/// A folder with a published log, in which bundles can be made.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) size: u64,
}

impl World {
    pub(crate) fn new(size: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Folder::new(folder.path().join("log"));
        let mut writer = LogWriter::open(files, key(ORIGIN)).expect("the log can be opened");
        let records = (1..=size).map(|position| columns(position).leaf().expect("a record").to_string());
        writer.append(records).expect("the entries can be appended");
        writer.publish().expect("it can be published");
        Self { folder, size }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn files(&self) -> Folder {
        Folder::new(self.path("log"))
    }

    pub(crate) fn checkpoint(&self) -> Note {
        Note::parse(&self.files().read("checkpoint").expect("readable").expect("it is there")).expect("a note")
    }

    pub(crate) fn begin(&self, name: &str, selection: Selection) -> Result<BundleWriter, WriteError> {
        BundleWriter::begin(&self.path(name), about(selection), &self.checkpoint(), key(ORIGIN), true)
    }

    /// A bundle of these positions, with text and speech.
    pub(crate) fn bundle(&self, name: &str, selection: Selection, positions: impl Iterator<Item = u64>) -> Manifest {
        let files = self.files();
        let mut prover = Prover::new(&files, self.size);
        let mut writer = self.begin(name, selection).expect("it can be begun");
        for position in positions {
            let proof = prover.prove(position - 1).expect("it is in the log");
            let text = text_of(position);
            for file in writer.event(columns(position), &proof, text.as_ref()).expect("it is proved") {
                let part = (!writer.has(&file)).then(|| {
                    let mut part = writer.part().expect("writable");
                    part.write(SPEECH).expect("writable");
                    part
                });
                writer.attach(position, file, part).expect("writable");
            }
        }
        writer.finish().expect("it can be finished")
    }

    /// The events of the first chat.
    pub(crate) fn chat_bundle(&self, name: &str) -> Manifest {
        let positions = (1..=self.size).step_by(usize::try_from(CHATS).expect("small"));
        self.bundle(name, Selection::Chat { id: chat(0) }, positions)
    }

    pub(crate) fn verify(&self, name: &str) -> Result<Verified, Refusal> {
        verify(&self.path(name), key(ORIGIN).verifier())
    }

    /// What the program in plain Python says.
    pub(crate) fn ask_python(&self, name: &str) -> Result<String, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/proof/verify_bundle.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(self.path(name)).arg(key(ORIGIN).verifier().to_string());
        let output = command.output().expect("python3 can be run");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }
}

pub(crate) fn about(selection: Selection) -> About {
    About {
        log_id: Uuid::from_u128(4711),
        selection,
        exporter: "system:command-line".to_owned(),
        exported_at: at(1_000_000),
        reason: Some("complaint <17>".to_owned()),
        recorded_at_position: 900,
    }
}

fn text_of(position: u64) -> Option<TextLine> {
    let text = [("text".to_owned(), format!("How much zinc? <b>{position}</b>"))].into();
    (!position.is_multiple_of(7)).then(|| TextLine { position, subject: Uuid::from_u128(8), is_erased: false, text })
}

/// The whole text of an error, with its reasons.
pub(crate) fn reason(refusal: &Refusal) -> String {
    let mut text = refusal.to_string();
    let mut source = std::error::Error::source(refusal);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

pub(crate) fn read(folder: &Path, path: &str) -> Vec<u8> {
    fs::read(folder.join(path)).expect("readable")
}

/// Signs the manifest anew, as only whoever has the log's key can, after a file was changed.
pub(crate) fn reseal(folder: &Path, change: impl FnOnce(&mut Manifest)) {
    let mut manifest: Manifest = serde_json::from_slice(&read(folder, "manifest.json")).expect("a manifest");
    for file in &mut manifest.files {
        if let Ok(content) = fs::read(folder.join(&file.path)) {
            (file.size, file.sha256) = (content.len() as u64, hex::encode(Sha256::digest(&content)));
        }
    }
    change(&mut manifest);
    let json = serde_json::to_vec_pretty(&manifest).expect("JSON");
    // As docs/proof-formats.md says.
    let text = format!("ayushma bundle v1\n{ORIGIN}\n{}\n{}\n", json.len(), hex::encode(Sha256::digest(&json)));
    fs::write(folder.join("manifest.note"), Note::sign(text, &key(ORIGIN)).expect("a good text").to_string())
        .expect("writable");
    fs::write(folder.join("manifest.json"), json).expect("writable");
}
