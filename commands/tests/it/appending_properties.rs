//! Appends of several processes in any interleaving, held against a simple model of the log.
//!
//! What may be in which order is free; what counts is that the order of the positions explains every outcome: the accepted
//! appends, one after the other in that order, are those that the model accepts, and a refused one is refused by the model
//! somewhere between its question and its answer.

#![expect(clippy::disallowed_methods, reason = "a test's tasks are waited for by the test")]

mod checks;
mod model;

use std::{
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use commands::{
    event_log::{AppendError, Committed, Loaded, Reservation},
    execute::{Context, IdempotencyKey},
};
use cqrs_es::{AggregateError, EventStore};
use domain::chat::{Chat, ChatCommand, ChatEvent};
use futures::future::join_all;
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use self::{
    checks::{Answer, Entry, check},
    model::{Change, Refusal, Repeatable, Request, Stream, sensible},
};
use crate::support::{Node, new_id, number, start, system, title};

const CASES: u32 = 20;
const NODES: usize = 3;
/// Chats that several appends want to write at once, and users who want the same names.
const CHATS: usize = 3;
const USERS: usize = 2;

/// What is tried at once, and afterwards rows without an event, alone: they leave no position that tells their place.
#[derive(Debug, Clone)]
struct Round {
    together: Vec<Plan>,
    alone: Option<(usize, Vec<Wish>)>,
}

#[derive(Debug, Clone)]
enum Plan {
    /// As use cases append: a chat of its own, and some of those that all want.
    Unit { node: usize, pause: u64, touched: Vec<(usize, i64)>, wishes: Vec<Wish>, repeatable: Option<(u8, u8)> },
    /// As cqrs-es appends: on any version, also one that is not there yet.
    Versioned { node: usize, pause: u64, chat: usize, skew: i64, events: i64 },
}

#[derive(Debug, Clone)]
enum Wish {
    Claim {
        set: Reservation,
        value: u8,
        user: usize,
    },
    Release {
        set: Reservation,
        user: usize,
    },
    ReleaseEmail {
        value: u8,
    },
    /// The chat that the append starts.
    Own {
        user: usize,
    },
    /// The first chat that is touched.
    HandOver {
        user: usize,
    },
    GiveUp,
    OwnsNothing {
        user: usize,
    },
}

fn wish() -> impl Strategy<Value = Wish> {
    let names = || select(vec![Reservation::Email, Reservation::Username]);
    let sets = select(vec![Reservation::Email, Reservation::Username, Reservation::Nonce]);
    prop_oneof![
        4 => (sets, 0..2_u8, 0..USERS).prop_map(|(set, value, user)| Wish::Claim { set, value, user }),
        2 => (names(), 0..USERS).prop_map(|(set, user)| Wish::Release { set, user }),
        1 => (0..2_u8).prop_map(|value| Wish::ReleaseEmail { value }),
        3 => (0..USERS).prop_map(|user| Wish::Own { user }),
        2 => (0..USERS).prop_map(|user| Wish::HandOver { user }),
        1 => Just(Wish::GiveUp),
        2 => (0..USERS).prop_map(|user| Wish::OwnsNothing { user }),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let touched = proptest::sample::subsequence((0..CHATS).collect::<Vec<_>>(), 0..=2)
        .prop_flat_map(|chats| chats.into_iter().map(|chat| (Just(chat), 1..3_i64)).collect::<Vec<_>>());
    let repeatable = proptest::option::weighted(0.4, (0..2_u8, 0..2_u8));
    let unit = (0..NODES, 0..4_u64, touched, vec(wish(), 0..4), repeatable)
        .prop_map(|(node, pause, touched, wishes, repeatable)| Plan::Unit { node, pause, touched, wishes, repeatable });
    let skew = select(vec![-1, 0, 0, 0, 0, 1]);
    let versioned = (0..NODES, 0..4_u64, 0..CHATS, skew, 1..3_i64)
        .prop_map(|(node, pause, chat, skew, events)| Plan::Versioned { node, pause, chat, skew, events });
    prop_oneof![3 => unit, 1 => versioned]
}

/// Every other round is a burst in one process: its appends come into one transaction.
fn round() -> impl Strategy<Value = Round> {
    let alone = proptest::option::of((0..NODES, vec(wish(), 1..3)));
    (vec(plan(), 1..16), alone, any::<bool>()).prop_map(|(mut together, alone, is_burst)| {
        for plan in &mut together {
            let (Plan::Unit { node, pause, .. } | Plan::Versioned { node, pause, .. }) = plan;
            if is_burst {
                (*node, *pause) = (0, 0);
            }
        }
        Round { together, alone }
    })
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_order_of_the_log_explains_every_outcome(_: PgPoolOptions, options: PgConnectOptions) {
    // On several threads, so that the processes really run side by side.
    let tested = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
        let nodes: Vec<Arc<Node>> =
            runtime.block_on(join_all((0..NODES).map(async |_| Arc::new(Node::start(&options).await))));
        let config = Config { cases: CASES, max_shrink_iters: 64, source_file: Some(file!()), ..Config::default() };
        TestRunner::new(config).run(&vec(round(), 1..5), |rounds| {
            runtime.block_on(try_case(&nodes, rounds));
            Ok(())
        })
    });
    if let Err(failure) = tested.await.expect("the runner catches panics") {
        panic!("{failure}");
    }
}

/// One case, with names of its own: all of them share the log.
struct Case {
    id: Uuid,
    nodes: Vec<Arc<Node>>,
    chats: Vec<Uuid>,
    users: Vec<Uuid>,
    ticks: AtomicU64,
}

async fn try_case(nodes: &[Arc<Node>], rounds: Vec<Round>) {
    let case = Arc::new(Case {
        id: new_id(),
        nodes: nodes.to_vec(),
        chats: (0..CHATS).map(|_| new_id()).collect(),
        users: (0..USERS).map(|_| new_id()).collect(),
        ticks: AtomicU64::default(),
    });
    let mut entries = Vec::new();
    for index in 0..CHATS {
        entries.push(case.start(index).await);
    }
    for Round { together, alone } in rounds {
        let racers = together.into_iter().map(|plan| {
            let case = case.clone();
            tokio::spawn(async move { case.carry_out(plan).await })
        });
        // All are started before the first is waited for.
        let racers: Vec<_> = racers.collect();
        for racer in racers {
            entries.push(racer.await.expect("no append panics"));
        }
        if let Some((node, wishes)) = alone {
            entries.push(case.write_rows(node, wishes).await);
        }
    }
    check(&nodes[0].pool, case.id, entries).await;
}

impl Case {
    fn tick(&self) -> u64 {
        self.ticks.fetch_add(1, Ordering::SeqCst)
    }

    /// Every case begins with its chats, and with users who have names.
    async fn start(&self, index: usize) -> Entry {
        let value = 10 + u8::try_from(index).expect("few");
        let wish = (index < USERS).then_some(Wish::Claim { set: Reservation::Username, value, user: index });
        let changes = self.changes(wish.into_iter().collect(), self.chats[index], None);
        self.append(0, 0, Some(self.chats[index]), vec![], changes, None).await
    }

    async fn carry_out(&self, plan: Plan) -> Entry {
        match plan {
            Plan::Unit { node, pause, touched, wishes, repeatable } => {
                let own = new_id();
                let touched: Vec<_> = touched.into_iter().map(|(chat, events)| (self.chats[chat], events)).collect();
                let changes = self.changes(wishes, own, touched.first().map(|(chat, _)| *chat));
                self.append(node, pause, Some(own), touched, changes, repeatable).await
            }
            Plan::Versioned { node, pause, chat, skew, events } => {
                self.append_on(node, pause, self.chats[chat], skew, events).await
            }
        }
    }

    async fn write_rows(&self, node: usize, wishes: Vec<Wish>) -> Entry {
        let changes = self.changes(wishes, new_id(), None);
        self.append(node, 0, None, vec![], changes, None).await
    }

    /// Appends through a unit. The chat of its own comes first and takes the process's turn, so that nothing orders the others.
    async fn append(
        &self,
        node: usize,
        pause: u64,
        own: Option<Uuid>,
        touched: Vec<(Uuid, i64)>,
        changes: Vec<Change>,
        repeatable: Option<(u8, u8)>,
    ) -> Entry {
        let node = &self.nodes[node];
        let resource = own.unwrap_or_else(new_id);
        let repeatable = repeatable.map(|(key, body)| Repeatable { key: format!("{}-{key}", self.id), body, resource });
        let idempotency =
            repeatable.as_ref().map(|it| IdempotencyKey { holder: None, key: it.key.clone(), request: vec![it.body] });
        let context = Context { idempotency, ..system() };
        let mut unit = node.commands.unit(&context);
        let mut streams = Vec::new();
        if let Some(id) = own {
            unit.stage::<Chat>(id, start()).await.expect("the chat is new");
            streams.push(Stream { id, expected: 0..=0, events: 1 });
        }
        for (id, events) in touched {
            let before = version(node, id).await;
            let commands = (0..events).map(|_| ChatCommand::Retitle(title("New"))).collect();
            unit.stage_all::<Chat>(id, commands).await.expect("the chat is open");
            streams.push(Stream { id, expected: before..=version(node, id).await, events });
        }
        unit.rows = changes.iter().map(Into::into).collect();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let invoked = self.tick();
        let result = unit.commit(resource).await;
        let answered = self.tick();
        let end = number(&node.pool, "SELECT position FROM log_head").await;
        let request = Request { streams, changes, repeatable };
        Entry { request, invoked, answered, end, answer: answer(result) }
    }

    /// Appends through cqrs-es's `EventStore`, on a version that is off by `skew`.
    async fn append_on(&self, node: usize, pause: u64, id: Uuid, skew: i64, events: i64) -> Entry {
        let node = &self.nodes[node];
        let seen = node.log().load::<Chat>(id).await.expect("readable");
        let command_id = new_id();
        let ids = [("event_id", new_id()), ("command_id", command_id), ("correlation_id", new_id())];
        let rest = [("actor", "system:test"), ("recorded_at", "2026-11-22T09:02:31.906984Z")];
        let metadata = ids.map(|(name, id)| (name.to_owned(), id.to_string())).into_iter();
        let metadata = metadata.chain(rest.map(|(name, text)| (name.to_owned(), text.to_owned()))).collect();
        let expected = (seen.sequence + skew).max(0);
        let loaded = Loaded { sequence: expected, ..seen };
        let retitled = (0..events).map(|_| ChatEvent::Retitled { title: title("New").into() }).collect();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let invoked = self.tick();
        let result = node.log().commit(retitled, loaded, metadata).await;
        let answered = self.tick();
        let end = number(&node.pool, "SELECT position FROM log_head").await;
        let answer = match result {
            Ok(_) => Answer::Accepted { command_id, positions: None },
            Err(AggregateError::AggregateConflict) => Answer::Refused(Refusal::Conflict),
            Err(error) => panic!("{error}"),
        };
        let streams = vec![Stream { id, expected: exactly(expected), events }];
        Entry { request: Request { streams, changes: vec![], repeatable: None }, invoked, answered, end, answer }
    }

    fn changes(&self, wishes: Vec<Wish>, own: Uuid, touched: Option<Uuid>) -> Vec<Change> {
        let value = |number: u8| [self.id.as_bytes().as_slice(), &[number]].concat();
        sensible(wishes.into_iter().flat_map(|wish| match wish {
            Wish::Claim { set, value: number, user } => vec![Change::Claim((set, value(number)), self.users[user])],
            Wish::Release { set, user } => vec![Change::Release(set, self.users[user])],
            Wish::ReleaseEmail { value: number } => vec![Change::ReleaseValue((Reservation::Email, value(number)))],
            Wish::Own { user } => vec![Change::Own { user: self.users[user], thing: own }],
            Wish::HandOver { user } => touched.map_or_else(Vec::new, |thing| {
                vec![Change::ReleaseValue(model::possession(thing)), Change::Own { user: self.users[user], thing }]
            }),
            Wish::GiveUp => touched.map(|thing| Change::ReleaseValue(model::possession(thing))).into_iter().collect(),
            Wish::OwnsNothing { user } => vec![Change::OwnsNothing(self.users[user])],
        }))
    }
}

async fn version(node: &Node, id: Uuid) -> i64 {
    node.log().load::<Chat>(id).await.expect("readable").sequence
}

const fn exactly(version: i64) -> RangeInclusive<i64> {
    version..=version
}

fn answer(result: Result<Committed, AppendError>) -> Answer {
    Answer::Refused(match result {
        Ok(Committed { command_id, repeats: None, positions }) => {
            return Answer::Accepted { command_id: command_id.value(), positions: Some(positions) };
        }
        Ok(Committed { repeats: Some(resource), positions, .. }) => return Answer::Repeated { resource, positions },
        Err(AppendError::VersionConflict) => Refusal::Conflict,
        Err(AppendError::Taken(sets)) => Refusal::Taken(sets),
        Err(AppendError::NoSuchOwner) => Refusal::NoSuchOwner,
        Err(AppendError::StillOwns) => Refusal::StillOwns,
        Err(AppendError::KeyReused) => Refusal::KeyReused,
        Err(error) => panic!("{error:?}"),
    })
}
