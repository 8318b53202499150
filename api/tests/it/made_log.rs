//! The log that `make bench-audit` measures on is one that the program takes for its own.

#[path = "../../benches/measure/hospital.rs"]
mod hospital;

use std::sync::Arc;

use api::rebuild::rebuild;
use commands::{
    clock::SystemClock,
    event_log::{Codec, EventLog, MasterKey, Moment, PastStates, Replayed},
};
use domain::{
    AggregateType,
    chat::{Chat, Home, Said},
    values::ERASED,
};
use projections::projectors;
use sqlx::PgPool;
use tokio::task::JoinSet;

use crate::installation::Installation;
use hospital::{Plan, Written};

const MASTER_KEY: &str = "5555555555555555555555555555555555555555555555555555555555555555";
const PLAN: Plan = Plan { events: 3_000, seed: 1, long_chat: 200 };

/// The log is made; its background work ends with the second value.
async fn make(pool: &PgPool) -> (EventLog, JoinSet<()>, Written) {
    let key = MasterKey::from_hex(MASTER_KEY).expect("a key");
    let (log, background) = EventLog::open(pool.clone(), key, Arc::new(SystemClock)).await.expect("the log opens");
    let mut tasks = JoinSet::new();
    tasks.spawn(background);
    let written = hospital::write(pool, log.keys().clone(), &PLAN).await.expect("the log is written");
    (log, tasks, written)
}

/// What the real program says, if all is well.
fn run(here: &Installation, arguments: &[&str]) -> String {
    let mut command = here.command();
    let output = command
        .args(arguments)
        .env("MASTER_KEY", MASTER_KEY)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .output()
        .expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_made_log_passes_the_audit_its_chats_load_and_its_views_can_be_built(pool: PgPool) {
    let (log, _tasks, written) = make(&pool).await;
    assert!((PLAN.events..PLAN.events + 20).contains(&written.events), "{written:?}");
    let here = Installation::new(&pool).await;
    run(&here, &["audit", "publish"]);
    let said = run(&here, &["audit", "verify"]);
    assert!(said.contains(&format!("positions 1 to {} are as the chain says", written.events)), "{said}");
    assert!(said.contains(&format!("positions 1 to {} are those of the published log", written.events)), "{said}");

    for chat in [written.long_chat].iter().chain(&written.chats) {
        let loaded = log.load::<Chat>(*chat).await.expect("the chat loads");
        match loaded.aggregate {
            Chat::Open(chat) => assert!(matches!(chat.home, Home::Project(_))),
            Chat::Deleted { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let states = PastStates::new(pool.clone(), Codec::new(log.keys().clone()));
    let was = states.at((AggregateType::Chat, written.long_chat), Moment::Time(written.until), false).await;
    let messages = was.expect("it was").messages.expect("a chat has messages");
    assert_eq!(messages.len() as u64, PLAN.long_chat);
    let is_readable = |said: &Said| match said {
        Said::Question { question, .. } => ![ERASED, ""].contains(&question.text.as_str()),
        Said::Answer { completion, .. } => ![ERASED, ""].contains(&completion.text.as_str()),
        Said::Notice { text, .. } => !text.is_empty(),
    };
    assert!(messages.iter().all(|message| is_readable(&message.said)), "all text can be read");

    for projector in projectors() {
        let name = projector.name();
        rebuild(projector, &log, &pool, Arc::new(Replayed::default())).await.expect(name);
    }
    let parked: i64 = count(&pool, "SELECT count(*) FROM parked_events").await;
    let started =
        count(&pool, "SELECT count(*) FROM events WHERE event_type = 'Started' AND aggregate_type = 'chat'").await;
    let deleted =
        count(&pool, "SELECT count(*) FROM events WHERE event_type = 'Deleted' AND aggregate_type = 'chat'").await;
    assert_eq!((parked, count(&pool, "SELECT count(*) FROM views.chats").await), (0, started - deleted));
}

async fn count(pool: &PgPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.expect("it can be counted")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_log_with_events_gets_no_made_ones(pool: PgPool) {
    let (log, _tasks, written) = make(&pool).await;
    let refused = hospital::write(&pool, log.keys().clone(), &PLAN).await.expect_err("there are events");
    assert!(refused.to_string().contains("has events"), "{refused}");
    assert_eq!(count(&pool, "SELECT count(*) FROM events").await.unsigned_abs(), written.events);
}
