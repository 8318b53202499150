//! Signed heads: what they prove that the chain alone does not, and a file that nobody can change unseen.

use std::fs;

use chrono::{DateTime, Utc};
use commands::{
    clock::{Clock as _, SystemClock},
    event_log::{Audit, Fault, HeadSigner, HeadsError, HeadsFile, IncarnationError, PublicKey, audit},
};
use serde_json::{Value, json};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::{MASTER_KEY, Node, number, stored_events, tamper};

fn now() -> DateTime<Utc> {
    SystemClock.now()
}

/// An installation: a process, its folder, and what signs there.
pub(crate) struct Signing {
    pub(crate) node: Node,
    pub(crate) signer: HeadSigner,
    pub(crate) folder: TempDir,
}

impl Signing {
    pub(crate) async fn start(options: &PgConnectOptions) -> Self {
        let node = Node::start(options).await;
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let signer = HeadSigner::open(node.log().keys(), folder.path()).expect("the folder is ours");
        Self { node, signer, folder }
    }

    /// A log with signed heads at 12 and 24, and six events behind them.
    pub(crate) async fn with_a_log(options: &PgConnectOptions) -> Self {
        let signing = Self::start(options).await;
        for events in [6, 6, 3] {
            signing.node.write_chats(2, events).await;
            if events == 6 {
                assert!(signing.sign().await);
            }
        }
        assert_eq!(number(&signing.node.pool, "SELECT position FROM log_head").await, 30);
        signing
    }

    pub(crate) async fn sign(&self) -> bool {
        self.signer.sign(&self.node.pool, now()).await.expect("the log is the one that was signed")
    }

    /// What an auditor finds who has only the file and the public key.
    pub(crate) async fn audit(&self) -> Audit {
        let key: PublicKey = self.signer.public_key().to_string().parse().expect("it is printed as it is read");
        let heads = HeadsFile::in_folder(self.folder.path()).read(&key).expect("the file is sound");
        audit(&self.node.pool, 1, None, &heads, None).await.expect("the log can be read")
    }

    fn heads_text(&self) -> String {
        fs::read_to_string(self.signer.file().path()).expect("there is a file")
    }

    fn set_heads_text(&self, text: &str) -> Result<usize, HeadsError> {
        fs::write(self.signer.file().path(), text).expect("it is ours");
        self.signer.file().read(&self.signer.public_key()).map(|heads| heads.len())
    }
}

/// Changes an event and makes the chain fit from there on, as somebody does who knows how it is made.
async fn forge(pool: &PgPool, position: i64) {
    tamper(pool, &format!("UPDATE events SET event_version = '2' WHERE position = {position}")).await;
    let mut previous = vec![0; 32];
    let mut sql = Vec::new();
    for event in stored_events(pool).await {
        previous = event.chain_hash(&previous).to_vec();
        sql.push(format!("UPDATE events SET hash = '\\x{}' WHERE position = {};", hex(&previous), event.position));
    }
    tamper(pool, &format!("{} {FITTING_END}", sql.concat())).await;
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Makes the record of the log's end fit the last event.
pub(crate) const FITTING_END: &str =
    "UPDATE log_head SET (position, hash) = (SELECT position, hash FROM events ORDER BY position DESC LIMIT 1)";

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_head_is_signed_when_it_has_moved(_: PgPoolOptions, options: PgConnectOptions) {
    let signing = Signing::start(&options).await;
    assert!(signing.sign().await, "an empty log has a beginning that can be signed");
    assert!(!signing.sign().await);
    signing.node.write_chats(1, 3).await;
    assert!(signing.sign().await);
    assert!(!signing.sign().await);
    assert_eq!(signing.heads_text().lines().count(), 2);
    assert_eq!(signing.audit().await.proved.map(|head| head.position), Some(3));
    assert!(!signing.heads_text().contains(MASTER_KEY));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chain_that_was_computed_anew_is_found_up_to_the_newest_head(_: PgPoolOptions, options: PgConnectOptions) {
    let signing = Signing::with_a_log(&options).await;
    let found = signing.audit().await;
    assert_eq!((found.fault, found.proved.map(|head| head.position)), (None, Some(24)));
    for (position, fault) in [
        // Of what was appended after the newest head nothing is proved.
        (27, None),
        (15, Some(Fault::Recomputed { from: 13, to: 24 })),
        (24, Some(Fault::Recomputed { from: 13, to: 24 })),
        (5, Some(Fault::Recomputed { from: 1, to: 12 })),
    ] {
        forge(&signing.node.pool, position).await;
        assert_eq!(signing.audit().await.fault, fault, "{position}");
    }
    let refused = signing.signer.sign(&signing.node.pool, now()).await;
    assert!(matches!(refused, Err(HeadsError::Fenced(IncarnationError::Altered(24)))), "{refused:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_end_that_was_cut_off_is_found_up_to_the_newest_head(_: PgPoolOptions, options: PgConnectOptions) {
    let signing = Signing::with_a_log(&options).await;
    let cut = async |after: i64| {
        tamper(&signing.node.pool, &format!("DELETE FROM events WHERE position > {after}; {FITTING_END}")).await;
        signing.audit().await.fault
    };
    assert_eq!(cut(26).await, None);
    assert_eq!(cut(20).await, Some(Fault::CutOff { position: 21, reached: 24 }));
    let refused = signing.signer.check(&signing.node.pool).await;
    assert!(matches!(refused, Err(HeadsError::Fenced(IncarnationError::Behind { end: 20, known: 24 }))), "{refused:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_log_under_another_id_is_not_the_one_that_was_signed(_: PgPoolOptions, options: PgConnectOptions) {
    let signing = Signing::with_a_log(&options).await;
    tamper(&signing.node.pool, "UPDATE log_head SET log_id = gen_random_uuid()").await;
    assert!(matches!(signing.audit().await.fault, Some(Fault::OtherLog { .. })));
    let refused = signing.signer.check(&signing.node.pool).await;
    assert!(matches!(refused, Err(HeadsError::Fenced(IncarnationError::OtherLog { .. }))), "{refused:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_part_of_the_log_is_proved_by_a_head_in_it(_: PgPoolOptions, options: PgConnectOptions) {
    let signing = Signing::with_a_log(&options).await;
    let heads = signing.signer.file().read(&signing.signer.public_key()).expect("sound");
    let part = async |from, to| audit(&signing.node.pool, from, Some(to), &heads, None).await.expect("readable");
    for (from, to, proved) in
        [(14, 23, None), (14, 24, Some(24)), (13, 20, Some(12)), (2, 12, Some(12)), (26, 30, None)]
    {
        let found = part(from, to).await;
        assert_eq!((found.fault, found.proved.map(|head| head.position)), (None, proved), "{from} to {to}");
    }
    forge(&signing.node.pool, 3).await;
    assert_eq!(part(5, 12).await.fault, Some(Fault::Recomputed { from: 1, to: 12 }));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_line_that_was_not_written_to_its_end_is_no_head_and_goes(_: PgPoolOptions, options: PgConnectOptions) {
    let signing = Signing::with_a_log(&options).await;
    let whole = signing.heads_text();
    for torn in ["{", "{\"log_id\":\"0198", "\0\0\0\0", whole.lines().next().expect("a line")] {
        assert_eq!(signing.set_heads_text(&format!("{whole}{torn}")).expect("the other lines are sound"), 2);
        assert!(signing.sign().await);
        assert!(signing.heads_text().starts_with(&whole));
        assert_eq!(signing.heads_text().lines().count(), 3);
        assert_eq!(signing.audit().await.proved.map(|head| head.position), Some(30));
    }
    assert_eq!(signing.set_heads_text("{\"log").expect("no line, no head"), 0);
    assert!(signing.sign().await);
    assert_eq!(signing.heads_text().lines().count(), 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn lines_that_were_changed_exchanged_or_signed_with_another_key_are_refused(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let signing = Signing::with_a_log(&options).await;
    let whole = signing.heads_text();
    let lines: Vec<&str> = whole.lines().collect();
    for (field, value) in [
        ("log_id", json!(Uuid::nil())),
        ("position", json!(11)),
        ("hash", json!("0".repeat(64))),
        ("time", json!("2026-01-01T00:00:00.000Z")),
        ("signature", json!("0".repeat(128))),
    ] {
        let mut head: Value = serde_json::from_str(lines[0]).expect("a line is JSON");
        assert_ne!(std::mem::replace(&mut head[field], value), Value::Null);
        let refused = signing.set_heads_text(&format!("{head}\n{}\n", lines[1]));
        assert!(matches!(refused, Err(HeadsError::NotSigned { .. })), "{field}: {refused:?}");
    }
    let refused = signing.set_heads_text(&format!("{}\n{}\n", lines[1], lines[0]));
    assert!(matches!(refused, Err(HeadsError::Unordered { .. })), "{refused:?}");
    let refused = signing.set_heads_text(&format!("{}\nnothing\n{}\n", lines[0], lines[1]));
    assert!(matches!(refused, Err(HeadsError::Malformed { .. })), "{refused:?}");

    signing.set_heads_text(&whole).expect("as it was");
    let other: PublicKey = "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29".parse().expect("a key");
    let refused = signing.signer.file().read(&other);
    assert!(matches!(refused, Err(HeadsError::NotSigned { .. })), "{refused:?}");
    assert!("3b6a27".parse::<PublicKey>().is_err());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn processes_that_share_a_folder_sign_with_one_key_and_in_order(_: PgPoolOptions, options: PgConnectOptions) {
    let one = Signing::start(&options).await;
    let other = Node::start(&options).await;
    let signer = HeadSigner::open(other.log().keys(), one.folder.path()).expect("the folder is there");
    assert_eq!(signer.public_key(), one.signer.public_key());
    for _ in 0..10 {
        let writing = futures::future::join(one.node.write_chats(2, 3), other.write_chats(2, 3));
        let signing = futures::future::join(one.sign(), signer.sign(&other.pool, now()));
        let (_, (_, result)) = futures::future::join(writing, signing).await;
        result.expect("the log is the one that was signed");
    }
    one.sign().await;
    assert_eq!(one.audit().await.proved.map(|head| head.position), Some(120));
}
