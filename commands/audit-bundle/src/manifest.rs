//! What a bundle holds, where it comes from, and what of it is proved.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The name of the format.
pub(crate) const FORMAT: &str = "ayushma bundle";
/// The version of the format; a reader refuses every other one.
pub(crate) const VERSION: u32 = 1;

/// What the checkpoint proves, in words.
const PROVED: [&str; 3] = [
    "Each line of events.jsonl is an event of the log, at its position and unaltered: its columns give its leaf, and its proof leads \
     from the leaf to the root of the checkpoint.",
    "Each file in files/ is the one that an event names by its SHA-256.",
    "Personal text is proved as ciphertext only.",
];
/// What has to be believed of whoever signed the manifest.
const ASSERTED: [&str; 3] = [
    "The selection is complete. (Of one chat no event between the first and the last is missing, and of a span of time no position is: \
     that is verified.)",
    "text.jsonl is what the ciphertext of the events says.",
    "index.html shows what the other files hold.",
];

/// The part of the log that a bundle has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Selection {
    /// The events of a chat.
    Chat { id: Uuid },
    /// The events of the account of a person and of the person's chats, those in which the person acted or that have text
    /// of the person, and the records of accesses to what is the person's.
    User { id: Uuid },
    /// The events of a project, and of its documents, chats and test runs with their ratings.
    Project { id: Uuid },
    /// All events from the first that was recorded at or after a time up to the last that was recorded before another.
    Span { from: DateTime<Utc>, until: DateTime<Utc> },
}

impl fmt::Display for Selection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |time: &DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        match self {
            Self::Chat { id } => write!(formatter, "chat {id}"),
            Self::User { id } => write!(formatter, "user {id}"),
            Self::Project { id } => write!(formatter, "project {id}"),
            Self::Span { from, until } => write!(formatter, "{} until {}", text(from), text(until)),
        }
    }
}

/// Who made a bundle of what, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub log_id: Uuid,
    pub selection: Selection,
    /// `user:…` or `system:…`.
    pub exporter: String,
    pub exported_at: DateTime<Utc>,
    /// In the exporter's words.
    pub reason: Option<String>,
    /// The position of the event that records the export.
    pub recorded_at_position: u64,
}

/// The events of a bundle; both positions are `None` if there are none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    pub count: u64,
    pub first: Option<u64>,
    pub last: Option<u64>,
}

/// A file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedFile {
    pub path: String,
    pub size: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// A file that an event names: a document's, or the speech of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// The position of the event.
    pub position: u64,
    pub name: String,
    pub size: u64,
    /// In hexadecimal digits.
    pub sha256: String,
    /// Its path in the bundle; null if it is not there.
    pub path: Option<String>,
    /// Why it is not there; null if it is.
    pub missing: Option<String>,
}

/// The manifest, `manifest.json`, which the seal beside it binds to the log's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: String,
    pub version: u32,
    pub log_id: Uuid,
    /// The name of the log's key, which is the origin of its checkpoints.
    pub origin: String,
    /// The verifier key of the log. Nobody should take it from here: a verifier is told it.
    pub key: String,
    /// The number of events of the log that the checkpoint is of; later ones are not in the bundle.
    pub checkpoint_size: u64,
    pub selection: Selection,
    pub exporter: String,
    pub exported_at: DateTime<Utc>,
    pub reason: Option<String>,
    /// The position of the event that records the export; it is behind the selection.
    pub recorded_at_position: u64,
    pub events: Events,
    /// What the checkpoint proves.
    pub proved: Vec<String>,
    /// What only the signer of the manifest says.
    pub asserted: Vec<String>,
    /// All files but the manifest and its seal, in the order of their paths.
    pub files: Vec<ListedFile>,
    /// In the order of their events.
    pub attachments: Vec<Attachment>,
}

impl Manifest {
    pub(crate) fn new(about: About, origin: String, key: String, checkpoint_size: u64) -> Self {
        let About { log_id, selection, exporter, exported_at, reason, recorded_at_position } = about;
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            log_id,
            origin,
            key,
            checkpoint_size,
            selection,
            exporter,
            exported_at,
            reason,
            recorded_at_position,
            events: Events::default(),
            proved: PROVED.map(str::to_owned).to_vec(),
            asserted: ASSERTED.map(str::to_owned).to_vec(),
            files: vec![],
            attachments: vec![],
        }
    }

    /// Returns the entry of a file.
    pub fn file(&self, path: &str) -> Option<&ListedFile> {
        self.place(path).ok().and_then(|place| self.files.get(place))
    }

    fn place(&self, path: &str) -> Result<usize, usize> {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path))
    }

    /// Says that the file of a format of others is not proved.
    pub(crate) fn assert_format(&mut self, path: &str) {
        self.asserted.push(format!("{path} says what the events say."));
    }

    /// Adds the entry of a file that has none yet.
    pub(crate) fn add_file(&mut self, file: ListedFile) {
        let place = self.place(&file.path).unwrap_or_else(|place| place);
        self.files.insert(place, file);
    }
}

impl Events {
    /// Counts one more event.
    pub(crate) fn add(&mut self, position: u64) {
        self.count += 1;
        self.first.get_or_insert(position);
        self.last = Some(position);
    }
}
