//! Many writers whose connections are cut in COMMIT again and again, and batches of which the database refuses a part.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use commands::{
    accounts::AccountRow,
    event_log::{AppendError, Reservation, Row},
    execute::{Context, ExecuteError, IdempotencyKey},
    uploads::KeepUpload,
};
use domain::{
    chat::{Chat, ChatCommand},
    ids::UserId,
};
use futures::future::{join, join_all};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use crate::{
    proxy::{COMMIT, Fault, Proxy},
    support::{Node, assert_log_is_sound, new_id, number, rare_row, start, stored_events, system, title},
};

const WRITERS: usize = 8;
const CUTS: usize = 12;

/// What a writer was told: the positions of each chat that was acknowledged, and of those that were not, their ids.
#[derive(Default)]
struct Told {
    acknowledged: HashMap<Uuid, Vec<i64>>,
    unavailable: Vec<Uuid>,
}

/// Starts chats, each with a request key of its own, and renames them, until it is told to stop.
async fn write(node: &Node, stop: &AtomicBool) -> Told {
    let mut told = Told::default();
    while !stop.load(Ordering::Relaxed) {
        let (mut id, request) = (new_id(), new_id());
        let key = IdempotencyKey { holder: None, key: request.to_string(), request: request.as_bytes().to_vec() };
        let context = Context { idempotency: Some(key), ..system() };
        // By either way, in a transaction of several statements.
        let row = if told.acknowledged.len() % 2 == 0 { rare_row() } else { KeepUpload("scan.png".to_owned()).into() };
        let ask = |id| node.commands.execute_with::<Chat>(id, start(), vec![row.clone()], &context);
        let mut outcome = ask(id).await;
        if matches!(outcome, Err(ExecuteError::Append(AppendError::Unavailable(_)))) {
            // As a client asks again: under the same key, but the server takes another id.
            told.unavailable.push(id);
            id = new_id();
            outcome = ask(id).await;
        }
        let Ok(started) = outcome else {
            told.unavailable.push(id);
            continue;
        };
        let chat = started.repeats.unwrap_or(id);
        let mut positions: Vec<i64> = started.positions.iter().map(|event| event.position).collect();
        let renaming = ChatCommand::Retitle(title("Renamed"));
        if let Ok(renamed) = node.commands.execute::<Chat>(chat, renaming, &system()).await {
            positions.extend(renamed.positions.iter().map(|event| event.position));
        }
        told.acknowledged.insert(chat, positions);
    }
    told
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn connections_cut_in_commit_lose_nothing_and_repeat_nothing(_: PgPoolOptions, options: PgConnectOptions) {
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let proxy = Proxy::start(&options).await;
        nodes.push((Node::start(&proxy.options).await, proxy));
    }
    let stop = AtomicBool::new(false);
    let cutting = async {
        let mut cuts = 0;
        for (round, (_, proxy)) in nodes.iter().cycle().enumerate().take(CUTS) {
            let fault = if round % 3 == 2 { Fault::CutBefore } else { Fault::CutAfter };
            proxy.arm(COMMIT, fault);
            tokio::time::sleep(Duration::from_millis(150)).await;
            cuts += usize::from(proxy.is_sprung());
            proxy.disarm();
        }
        stop.store(true, Ordering::Relaxed);
        cuts
    };
    let writers = nodes.iter().cycle().take(WRITERS).map(|(node, _)| write(node, &stop));
    let (cuts, told) = join(cutting, join_all(writers)).await;

    assert!(cuts >= CUTS / 2, "only {cuts} connections were cut");
    let pool = &nodes[0].0.pool;
    assert_log_is_sound(pool).await;
    let events = stored_events(pool).await;
    let mut by_chat: HashMap<Uuid, Vec<i64>> = HashMap::new();
    let mut by_command: HashMap<Uuid, usize> = HashMap::new();
    for event in &events {
        let chat = event.aggregate_id.parse().expect("an id");
        by_chat.entry(chat).or_default().push(event.position);
        *by_command.entry(event.command_id).or_default() += 1;
    }
    assert!(by_command.values().all(|events| *events == 1), "a command took effect twice");
    for told in told {
        for (chat, positions) in told.acknowledged {
            let mut stored = by_chat.remove(&chat).unwrap_or_default();
            // A repeated request is told how far the chat has come.
            stored.retain(|position| positions.contains(position) || positions.len() == 1);
            assert!(positions.iter().all(|position| stored.contains(position)), "{positions:?} but {stored:?}");
            assert!(stored.len() <= 2, "{stored:?}");
        }
        for chat in told.unavailable {
            by_chat.remove(&chat);
        }
    }
    assert!(by_chat.is_empty(), "made without anybody being told: {by_chat:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_a_batch_in_which_some_cannot_be_stored_all_others_are(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let taken = new_id();
    node.start_chat(taken).await.expect("the chat is new");
    let context = system();
    let mut units = Vec::new();
    for number in 0..40_u8 {
        let id = if number == 20 { taken } else { new_id() };
        let mut unit = node.commands.unit(&context);
        let command = if number == 20 { ChatCommand::Retitle(title("Stale")) } else { start() };
        unit.stage::<Chat>(id, command).await.expect("it may be decided");
        match number {
            // Larger than what an index takes; of random bytes, so that it cannot be compressed.
            5 => {
                let value = (0..500).flat_map(|_| new_id().into_bytes()).collect();
                unit.rows = vec![Row::Claim { set: Reservation::Nonce, value, owner: id }];
            }
            // A character that no text of PostgreSQL's may have.
            30 => unit.rows = vec![AccountRow::Password { user: UserId::new(id), hash: "\u{0}".to_owned() }.into()],
            _ => {}
        }
        units.push((id, unit));
    }
    // Somebody is faster with one of them.
    let other = Node::start(&options).await;
    other.retitle(taken, "Faster").await;
    let ids: Vec<Uuid> = units.iter().map(|(id, _)| *id).collect();
    let results = join_all(units.into_iter().map(|(id, unit)| unit.commit(id))).await;

    for (number, result) in results.iter().enumerate() {
        match number {
            5 | 30 => assert!(matches!(result, Err(AppendError::Unavailable(_))), "{number}: {result:?}"),
            20 => assert!(matches!(result, Err(AppendError::VersionConflict)), "{number}: {result:?}"),
            _ => assert!(result.is_ok(), "{number}: {result:?}"),
        }
    }
    let stored = stored_events(&node.pool).await;
    for (number, id) in ids.iter().enumerate() {
        let events = stored.iter().filter(|event| event.aggregate_id == id.to_string()).count();
        let expected = match number {
            5 | 30 => 0,
            20 => 2,
            _ => 1,
        };
        assert_eq!(events, expected, "{number}");
    }
    assert_eq!(number(&node.pool, "SELECT count(*) FROM reservations").await, 0);
    assert_eq!(number(&node.pool, "SELECT count(*) FROM passwords").await, 0);
    assert_log_is_sound(&node.pool).await;
}
