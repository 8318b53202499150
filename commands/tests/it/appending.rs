//! Appends that race, conflict, repeat each other or cannot be stored.

use commands::{
    accounts::AccountRow,
    event_log::{AppendError, NewJob, Reservation, Row},
    execute::{Context, ExecuteError, IdempotencyKey},
};
use domain::{
    chat::{Chat, ChatCommand, ChatError},
    ids::{SessionId, UserId},
    user::User,
};
use futures::future::join_all;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::support::{Node, assert_log_is_sound, new_id, number, register, start, stored_events, system, title};

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_many_registrations_for_one_email_exactly_one_succeeds(_: PgPoolOptions, options: PgConnectOptions) {
    let nodes = [Node::start(&options).await, Node::start(&options).await];
    let emails = ["nurse@example.com", "Nurse@Example.com", "NURSE@EXAMPLE.COM"];
    let racers = nodes.iter().cycle().zip(emails.into_iter().cycle()).take(24);
    let results = join_all(racers.map(|(node, email)| async move {
        let id = new_id();
        let rows = node.claims(id, email, "nurse");
        node.commands.execute_with::<User>(id, register("nurse", email), rows, &system()).await
    }))
    .await;

    let (winners, losers): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((winners.len(), losers.len()), (1, 23));
    for loser in losers {
        let Err(ExecuteError::Append(AppendError::Taken(sets))) = loser else { panic!("{loser:?}") };
        assert_eq!(sets, [Reservation::Email, Reservation::Username]);
    }
    let pool = &nodes[0].pool;
    assert_eq!(number(pool, "SELECT count(*) FROM events").await, 1);
    assert_eq!(number(pool, "SELECT count(*) FROM reservations").await, 2);
    assert_eq!(number(pool, "SELECT count(*) FROM passwords").await, 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_email_that_its_owner_gave_up_can_be_claimed_in_the_same_append(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    let (first, second) = (new_id(), new_id());
    let claims = |owner| node.claims(owner, "ward@example.com", "ward");
    node.commands
        .execute_with::<User>(first, register("ward", "ward@example.com"), claims(first), &system())
        .await
        .expect("nobody holds the address");

    // Claimed before it is released: the order of the rows must not matter.
    let mut rows = claims(second);
    rows.extend([Reservation::Email, Reservation::Username].map(|set| Row::Release { set, owner: first }));
    node.commands
        .execute_with::<User>(second, register("ward", "ward@example.com"), rows, &system())
        .await
        .expect("the owner gives it up");
    let owners: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT DISTINCT owner FROM reservations").fetch_all(&node.pool).await.expect("readable");
    assert_eq!(owners, [second]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn many_writers_in_two_processes_leave_one_unbroken_chain(_: PgPoolOptions, options: PgConnectOptions) {
    let nodes = [Node::start(&options).await, Node::start(&options).await];
    join_all(nodes.iter().map(|node| node.write_chats(16, 6))).await;

    assert_eq!(number(&nodes[0].pool, "SELECT count(*) FROM events").await, 2 * 16 * 6);
    assert_log_is_sound(&nodes[0].pool).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn commands_that_meet_on_one_aggregate_are_all_executed(_: PgPoolOptions, options: PgConnectOptions) {
    let nodes = [Node::start(&options).await, Node::start(&options).await];
    let chat = new_id();
    nodes[0].start_chat(chat).await.expect("the chat is new");
    let titles: Vec<String> = (0..8).map(|number| format!("Title {number}")).collect();
    join_all(nodes.iter().cycle().zip(&titles).map(|(node, title)| node.retitle(chat, title))).await;

    assert_eq!(nodes[1].log().load::<Chat>(chat).await.expect("readable").sequence, 9);
    assert_log_is_sound(&nodes[0].pool).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_decision_that_was_overtaken_is_refused_as_a_conflict(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let (chat, context) = (new_id(), system());
    node.start_chat(chat).await.expect("the chat is new");
    let mut unit = node.commands.unit(&context);
    unit.stage::<Chat>(chat, ChatCommand::Retitle(title("Too late"))).await.expect("the chat is open");
    node.retitle(chat, "Faster").await;

    assert!(matches!(unit.commit(chat).await, Err(AppendError::VersionConflict)));
    assert_eq!(number(&node.pool, "SELECT count(*) FROM events").await, 2);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_a_decision_relies_on_is_still_so_when_it_is_written(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let (chat, other, context) = (new_id(), new_id(), system());
    node.start_chat(other).await.expect("the chat is new");
    let seen = node.commands.log().load::<Chat>(other).await.expect("the chat can be loaded");
    let relying = async || {
        let mut unit = node.commands.unit(&context);
        unit.stage::<Chat>(chat, start()).await.expect("the chat is new");
        unit.rely_on(&seen);
        unit.commit(chat).await
    };
    node.retitle(other, "Something else").await;
    assert!(matches!(relying().await, Err(AppendError::VersionConflict)));
    assert_eq!(number(&node.pool, "SELECT count(*) FROM events").await, 2, "nothing of it is written");

    let is_there = |other: &Chat| if *other == Chat::Absent { Err(ChatError::NotFound) } else { Ok(()) };
    let commands = &node.commands;
    let on_nothing =
        commands.execute_relying_on::<Chat, _, _>((chat, start()), vec![], (new_id(), is_there), &context).await;
    assert!(matches!(on_nothing, Err(ExecuteError::Refused(ChatError::NotFound))));
    let on_another =
        commands.execute_relying_on::<Chat, _, _>((chat, start()), vec![], (other, is_there), &context).await;
    assert_eq!(on_another.expect("the other one is there").positions.len(), 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_append_that_cannot_be_stored_leaves_its_neighbours_alone(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let session = SessionId::new(new_id());
    let (user, hash) = (UserId::new(new_id()), "hash".to_owned());
    let token =
        |byte| AccountRow::Token { token_hash: vec![byte; 32], user, session, password_hash: hash.clone() }.into();
    let job = |arguments| {
        let (job_id, subject_id) = (new_id(), new_id());
        Row::Job(NewJob { job_id, kind: "test", subject_id, arguments, leased_by: None })
    };
    let rows: Vec<Vec<Row>> = (0..12)
        .map(|number| match number {
            // PostgreSQL's jsonb refuses this character.
            4 => vec![job(serde_json::json!("fine")), job(serde_json::json!("\u{0}"))],
            // A session has one token.
            9 => vec![AccountRow::Password { user, hash: hash.clone() }.into(), token(1), token(2)],
            _ => vec![job(serde_json::json!({ "number": number }))],
        })
        .collect();
    let context = system();
    let mut units = Vec::new();
    for rows in rows {
        let id = new_id();
        let mut unit = node.commands.unit(&context);
        unit.stage::<Chat>(id, start()).await.expect("the chat is new");
        unit.rows = rows;
        units.push(unit.commit(id));
    }
    // All of them wait before the appender runs for the first time: they are one batch.
    let results = join_all(units).await;

    for (number, result) in results.iter().enumerate() {
        match number {
            4 | 9 => assert!(matches!(result, Err(AppendError::Unavailable(_))), "{number}: {result:?}"),
            _ => assert!(result.is_ok(), "{number}: {result:?}"),
        }
    }
    assert_eq!(number(&node.pool, "SELECT count(*) FROM jobs").await, 10);
    assert_eq!(number(&node.pool, "SELECT count(*) FROM tokens").await, 0);
    assert_eq!(number(&node.pool, "SELECT count(*) FROM events").await, 10);
    assert_log_is_sound(&node.pool).await;
}

fn request(key: &str, body: &str) -> Context {
    Context {
        idempotency: Some(IdempotencyKey { holder: None, key: key.to_owned(), request: body.into() }),
        ..system()
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_repeated_request_is_answered_with_what_the_first_has_made(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let (first, second) = (new_id(), new_id());
    let made = node.commands.execute::<Chat>(first, start(), &request("key", "body")).await.expect("executed");
    let repeated = node.commands.execute::<Chat>(second, start(), &request("key", "body")).await.expect("answered");
    let other = node.commands.execute::<Chat>(new_id(), start(), &request("key", "other body")).await;

    assert_eq!((made.repeats, made.positions.len()), (None, 1));
    assert_eq!((repeated.repeats, repeated.positions), (Some(first), made.positions));
    assert!(matches!(other, Err(ExecuteError::Append(AppendError::KeyReused))));
    assert_eq!(number(&node.pool, "SELECT count(*) FROM events").await, 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_expired_idempotency_key_may_be_used_for_something_else(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    node.commands.execute::<Chat>(new_id(), start(), &request("key", "body")).await.expect("executed");
    sqlx::query("UPDATE idempotency_keys SET expires_at = now()").execute(&node.pool).await.expect("expired");

    let made = node.commands.execute::<Chat>(new_id(), start(), &request("key", "other body")).await;
    assert_eq!(made.expect("executed").repeats, None);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_many_equal_requests_at_once_one_is_executed(_: PgPoolOptions, options: PgConnectOptions) {
    let nodes = [Node::start(&options).await, Node::start(&options).await];
    let results = join_all(nodes.iter().cycle().take(16).map(|node| async {
        let committed = node.commands.execute::<Chat>(new_id(), start(), &request("key", "body")).await;
        committed.expect("executed or answered").repeats
    }))
    .await;

    let events = stored_events(&nodes[0].pool).await;
    let [event] = events.as_slice() else { panic!("{} events", events.len()) };
    let repeats: Vec<String> = results.into_iter().flatten().map(|id| id.to_string()).collect();
    assert_eq!(repeats, vec![event.aggregate_id.clone(); 15]);
}

/// cqrs-es's own framework works on our store: it loads and appends by the same rules.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_framework_of_cqrs_es_runs_on_the_log(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let chat = new_id();
    let metadata = |actor: &str| {
        let ids = ["event_id", "command_id", "correlation_id"].map(|name| (name.to_owned(), new_id().to_string()));
        let rest = [("actor", actor), ("recorded_at", "2026-11-22T09:02:31.906984Z")];
        let rest = rest.map(|(name, value)| (name.to_owned(), value.to_owned()));
        ids.into_iter().chain(rest).collect()
    };
    let framework = cqrs_es::CqrsFramework::<Chat, _>::new(node.commands.log().clone(), vec![], ());
    framework.execute_with_metadata(&chat.to_string(), start(), metadata("system:test")).await.expect("executed");
    let repeated = framework.execute_with_metadata(&chat.to_string(), start(), metadata("system:test")).await;

    assert!(matches!(repeated, Err(cqrs_es::AggregateError::UserError(_))));
    let loaded = node.commands.log().load::<Chat>(chat).await.expect("the chat can be loaded");
    assert_eq!(loaded.sequence, 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_login_with_a_password_that_has_just_been_changed_gets_no_living_token(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    let (user, context) = (UserId::new(new_id()), system());
    let token = |byte, hash: &str| AccountRow::Token {
        token_hash: vec![byte; 32],
        user,
        session: SessionId::new(new_id()),
        password_hash: hash.to_owned(),
    };
    let password = AccountRow::Password { user, hash: "new".to_owned() };
    let rows = [password, token(1, "old"), token(2, "new")].map(Row::from).to_vec();
    node.commands.execute_with::<Chat>(new_id(), start(), rows, &context).await.expect("executed");

    let kept: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT token_hash FROM tokens").fetch_all(&node.pool).await.expect("tokens can be read");
    assert_eq!(kept, vec![vec![2; 32]]);
}
