//! Connections that break or fall silent in the worst moments.

use std::time::Duration;

use adapters::lexical::MODEL;
use commands::{
    event_log::{AppendError, Committed},
    execute::{Context, ExecuteError},
    passage_store::{KeptReading, VectorsByModel},
};
use domain::{
    chat::Chat,
    ids::{ChunkId, DocumentId, ProjectId},
    user::{User, UserError},
};
use futures::future::join_all;
use knowledge::retrieval::{passages::StoredPassage, ranking::Parameters};
use sqlx::{
    Connection, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::{Instant, timeout};

use crate::{
    proxy::{COMMIT, Fault, Proxy},
    support::{Node, assert_log_is_sound, new_id, number, passage_store, rare_row, register, start, system, until},
};

/// In which an append must be answered, whatever the database does.
const BOUND: Duration = Duration::from_secs(20);

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_append_whose_commit_was_not_answered_is_written_once(_: PgPoolOptions, options: PgConnectOptions) {
    for fault in [Fault::CutAfter, Fault::CutBefore] {
        let proxy = Proxy::start(&options).await;
        let node = Node::start(&proxy.options).await;
        let before = number(&node.pool, "SELECT count(*) FROM events").await;
        let context = system();
        // The first two want the same address, so that one of the batch is refused.
        let mut commits = Vec::new();
        for name in ["anna", "anna", "bert"] {
            let (id, email) = (new_id(), format!("{name}-{before}@example.com"));
            let mut unit = node.commands.unit(&context);
            unit.stage::<User>(id, register(name, &email)).await.expect("the user is new");
            unit.rows = node.claims(id, &email, &format!("{name}-{before}"));
            commits.push(unit.commit(id));
        }
        proxy.arm(COMMIT, fault);
        let results = join_all(commits).await;

        assert!(proxy.is_sprung());
        let [Ok(first), Err(AppendError::Taken(_)), Ok(last)] = results.as_slice() else {
            panic!("{fault:?}: {results:?}")
        };
        assert_eq!(first.positions[0].position, before + 1, "{fault:?}");
        assert_eq!(last.positions[0].position, before + 2, "{fault:?}");
        assert_eq!(number(&node.pool, "SELECT count(*) FROM events").await, before + 2, "{fault:?}");
        assert_log_is_sound(&node.pool).await;
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_search_whose_connection_falls_silent_does_not_keep_the_others(_: PgPoolOptions, options: PgConnectOptions) {
    let proxy = Proxy::start(&options).await;
    let node = Node::start(&proxy.options).await;
    let passage_store = passage_store(&node.pool);
    passage_store.prepare().await.expect("the database is there");
    let (project, document) = (ProjectId::new(new_id()), DocumentId::new(new_id()));
    let passage = StoredPassage {
        chunk_id: ChunkId::new(new_id()),
        document_id: document,
        document_version: 1,
        title: "Gout".to_owned(),
        headings: String::new(),
        page: None,
        text: "uric acid".to_owned(),
        overlap: 0,
        content_hash: "hash".to_owned(),
    };
    let vectors = VectorsByModel::from([(MODEL.to_owned(), vec![vec![1.0]])]);
    let reading = KeptReading { version: 1, parts: vec![], notes: vec![] };
    passage_store
        .replace_document(project, document, vec![passage], &vectors, &reading)
        .await
        .expect("the database is there");
    let search = || timeout(BOUND, passage_store.search(project, "acid", 10, Parameters::default()));

    // Once while the texts are read, and once while the vectors are: without these the words are searched.
    for stalled in 0..2 {
        proxy.arm(COMMIT, Fault::Stall);
        drop(search().await.expect("it is answered in time"));
        assert!(proxy.is_sprung(), "copy {stalled} was not read");
    }
    let next = search().await.expect("it is answered in time").expect("the database is there");
    assert_eq!(next.passages.len(), 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_lost_connection_in_the_middle_of_an_append_goes_unnoticed(_: PgPoolOptions, options: PgConnectOptions) {
    let proxy = Proxy::start(&options).await;
    let node = Node::start(&proxy.options).await;
    proxy.arm("UPDATE log_head", Fault::CutBefore);
    register_by_steps(&node).await.expect("tried again");

    assert!(proxy.is_sprung());
    assert_eq!(number(&node.pool, "SELECT count(*) FROM events").await, 1);
    assert_log_is_sound(&node.pool).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn appends_whose_only_round_trip_was_not_answered_are_written_once(_: PgPoolOptions, options: PgConnectOptions) {
    let proxy = Proxy::start(&options).await;
    let node = Node::start(&proxy.options).await;
    let context = system();
    let mut written = 0;
    for fault in [Fault::CutAfter, Fault::CutBefore] {
        let mut commits = Vec::new();
        for _ in 0..3 {
            let id = new_id();
            let mut unit = node.commands.unit(&context);
            unit.stage::<Chat>(id, start()).await.expect("the chat is new");
            commits.push(unit.commit(id));
        }
        // The type of the events, in the message that carries their values.
        proxy.arm("Started", fault);
        let results = join_all(commits).await;
        assert!(proxy.is_sprung());
        let positions: Vec<i64> =
            results.into_iter().map(|result| result.expect("found or tried again").positions[0].position).collect();
        assert_eq!(positions, [written + 1, written + 2, written + 3], "{fault:?}");
        written += 3;
        assert_eq!(number(&node.pool, "SELECT count(*) FROM events").await, written, "{fault:?}");
        assert_log_is_sound(&node.pool).await;
    }
}

/// An append with rows that the database's function does not write: it takes several round trips.
async fn register_by_steps(node: &Node) -> Result<Committed, ExecuteError<UserError>> {
    let (id, email) = (new_id(), "anna@example.com");
    let mut rows = node.claims(id, email, "anna");
    rows.push(rare_row());
    node.commands.execute_with::<User>(id, register("anna", email), rows, &system()).await
}

/// Many appends while the database is away, and one after it is back.
async fn append_through(proxy: &Proxy, node: &Node, context: &Context, go_away: impl Fn(&Proxy)) {
    let mut commits = Vec::new();
    for _ in 0..20 {
        let id = new_id();
        let mut unit = node.commands.unit(context);
        unit.stage::<Chat>(id, start()).await.expect("the chat is new");
        commits.push(unit.commit(id));
    }
    go_away(proxy);
    let results = timeout(BOUND, join_all(commits)).await.expect("every append is answered in time");
    assert!(results.iter().all(|result| matches!(result, Err(AppendError::Unavailable(_)))), "{results:?}");

    proxy.come_back();
    node.start_chat(new_id()).await.expect("the database is back");
    assert_eq!(number(&node.pool, "SELECT count(*) FROM events").await, 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn appends_are_answered_in_time_when_the_database_is_down(_: PgPoolOptions, options: PgConnectOptions) {
    let proxy = Proxy::start(&options).await;
    let node = Node::start(&proxy.options).await;
    append_through(&proxy, &node, &system(), Proxy::go_down).await;
    assert!(proxy.refused() > 0, "it has tried to connect anew");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn appends_are_answered_in_time_when_the_database_does_not_answer(_: PgPoolOptions, options: PgConnectOptions) {
    let proxy = Proxy::start(&options).await;
    let node = Node::start(&proxy.options).await;
    append_through(&proxy, &node, &system(), Proxy::go_silent).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_process_that_stalls_in_its_append_does_not_stop_the_others(_: PgPoolOptions, options: PgConnectOptions) {
    let proxy = Proxy::start(&options).await;
    let mut stalled = Node::start(&proxy.options).await;
    let healthy = Node::start(&options).await;
    proxy.arm("UPDATE log_head", Fault::Stall);
    let (commands, id) = (stalled.commands.clone(), new_id());
    let mut rows = stalled.claims(id, "anna@example.com", "anna");
    rows.push(rare_row());
    stalled.spawn(async move {
        // Whether this one succeeds on its next connection is another test's question.
        drop(commands.execute_with::<User>(id, register("anna", "anna@example.com"), rows, &system()).await);
    });
    until("the append holds the lock and stalls", async || proxy.is_sprung()).await;

    let begun = Instant::now();
    healthy.start_chat(new_id()).await.expect("the lock is taken from the stalled process");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_log_is_sound(&healthy.pool).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_lock_that_is_held_too_long_is_not_waited_for(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let (id, context) = (new_id(), system());
    let mut unit = node.commands.unit(&context);
    unit.stage::<Chat>(id, start()).await.expect("the chat is new");

    let mut other = PgConnection::connect_with(&options).await.expect("connected");
    let mut tx = other.begin().await.expect("begun");
    sqlx::query("SELECT 1 FROM log_head FOR UPDATE").execute(&mut *tx).await.expect("locked");
    let result = timeout(BOUND, unit.commit(id)).await.expect("answered in time");
    assert!(matches!(result, Err(AppendError::Unavailable(_))), "{result:?}");

    tx.rollback().await.expect("released");
    node.start_chat(new_id()).await.expect("the log is free again");
}
