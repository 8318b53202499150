//! The audit of the log: whatever somebody with all rights over the database does to it, the first place is named.

use commands::event_log::{Audit, AuditError, Fault, audit};
use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::support::{Node, new_id, number, tamper};

/// Events of the logs that are tampered with.
const EVENTS: i64 = 24;

/// A log of [`EVENTS`] events of several aggregates.
async fn a_log(options: &PgConnectOptions) -> Node {
    let node = Node::start(options).await;
    node.write_chats(4, 6).await;
    assert_eq!(number(&node.pool, "SELECT position FROM log_head").await, EVENTS);
    node
}

async fn found(pool: &PgPool) -> Audit {
    audit(pool, 1, None, &[], None).await.expect("the log can be read")
}

/// What is found after each of these was done to the same log, one at a time.
async fn assert_found(pool: &PgPool, cases: impl IntoIterator<Item = (String, Fault)>) {
    sqlx::raw_sql("CREATE TABLE kept AS SELECT * FROM events").execute(pool).await.expect("copied");
    for (sql, fault) in cases {
        tamper(pool, &sql).await;
        assert_eq!(found(pool).await.fault, Some(fault), "{sql}");
        tamper(pool, "TRUNCATE events; INSERT INTO events SELECT * FROM kept").await;
    }
    assert_eq!(found(pool).await.fault, None);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_log_that_nobody_touched_is_sound_and_so_is_an_empty_one(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    assert!(found(&node.pool).await.walked.is_empty());
    node.write_chats(8, 5).await;
    let found = found(&node.pool).await;
    assert_eq!((found.walked, found.end, found.fault), (1..=40, 40, None));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_edit_of_any_column_is_named(_: PgPoolOptions, options: PgConnectOptions) {
    let node = a_log(&options).await;
    let edits = [
        "aggregate_type = 'project'",
        "aggregate_id = gen_random_uuid()",
        "sequence = sequence + 100",
        "event_type = 'Deleted'",
        "event_version = '2'",
        "payload = (payload::text || ' ')::json",
        "payload = '{}'",
        "metadata = (metadata::text || ' ')::json",
        "partition = partition + 1",
        "command_id = gen_random_uuid()",
        "hash = set_byte(hash, 0, 255 - get_byte(hash, 0))",
        "hash = ''",
    ];
    let cases = edits.iter().flat_map(|edit| {
        [1, 13, EVENTS].map(|position| {
            (format!("UPDATE events SET {edit} WHERE position = {position}"), Fault::Altered { position })
        })
    });
    assert_found(&node.pool, cases).await;
    // The columns of the table are those that were edited here, and the position.
    let columns =
        "SELECT count(*) FROM information_schema.columns WHERE table_name = 'events' AND table_schema = 'public'";
    assert_eq!(number(&node.pool, columns).await, 11);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_column_that_was_emptied_is_named(_: PgPoolOptions, options: PgConnectOptions) {
    let node = a_log(&options).await;
    for column in ["payload", "hash", "event_type"] {
        let sql = format!(
            "ALTER TABLE events ALTER COLUMN {column} DROP NOT NULL; UPDATE events SET {column} = NULL WHERE position = 7"
        );
        tamper(&node.pool, &sql).await;
        assert_eq!(found(&node.pool).await.fault, Some(Fault::Altered { position: 7 }));
        tamper(&node.pool, &format!("UPDATE events SET {column} = '{{}}' WHERE position = 7")).await;
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn removed_inserted_and_moved_events_are_named(_: PgPoolOptions, options: PgConnectOptions) {
    let node = a_log(&options).await;
    let shift = |from: i64, by: i64| {
        format!(
            "UPDATE events SET position = position + 1000 WHERE position >= {from}; \
             UPDATE events SET position = position - 1000 + ({by}) WHERE position > 1000;"
        )
    };
    let copy = |position: i64, hash: &str| {
        format!(
            "INSERT INTO events SELECT aggregate_type, aggregate_id, 900, event_type, event_version, payload, metadata, \
             {position}, partition, command_id, {hash} FROM events WHERE position = 1"
        )
    };
    let cases = [
        ("DELETE FROM events WHERE position = 1".to_owned(), Fault::Removed { position: 1, count: 1 }),
        ("DELETE FROM events WHERE position BETWEEN 9 AND 11".to_owned(), Fault::Removed { position: 9, count: 3 }),
        (format!("DELETE FROM events WHERE position = 9; {}", shift(10, -1)), Fault::Removed { position: 9, count: 1 }),
        (format!("DELETE FROM events WHERE position = {EVENTS}"), Fault::Removed { position: EVENTS, count: 1 }),
        ("DELETE FROM events WHERE position > 20".to_owned(), Fault::Removed { position: 21, count: 4 }),
        ("TRUNCATE events".to_owned(), Fault::Removed { position: 1, count: EVENTS }),
        (format!("{} {}", shift(9, 1), copy(9, "'\\x00'")), Fault::Inserted { position: 9, count: 1 }),
        (copy(EVENTS + 1, "'\\x00'"), Fault::Inserted { position: EVENTS + 1, count: 1 }),
        (
            "UPDATE events SET position = position + 1000 WHERE position IN (5, 19);
             UPDATE events SET position = 1024 - position WHERE position > 1000"
                .to_owned(),
            Fault::Reordered { position: 5, stands_at: 19 },
        ),
        (
            "UPDATE events SET position = 100 WHERE position = 6".to_owned(),
            Fault::Reordered { position: 6, stands_at: 100 },
        ),
    ];
    assert_found(&node.pool, cases).await;

    let without_order = "ALTER TABLE events DROP CONSTRAINT events_position_key;";
    tamper(&node.pool, &format!("{without_order} {}", copy(9, "'\\x00'"))).await;
    assert_eq!(found(&node.pool).await.fault, Some(Fault::Inserted { position: 9, count: 1 }));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_end_that_does_not_fit_the_last_event_is_named(_: PgPoolOptions, options: PgConnectOptions) {
    let node = a_log(&options).await;
    tamper(&node.pool, "UPDATE log_head SET hash = '\\x00'").await;
    assert_eq!(found(&node.pool).await.fault, Some(Fault::WrongEnd { position: EVENTS }));
    tamper(&node.pool, "UPDATE log_head SET position = 20").await;
    assert_eq!(found(&node.pool).await.fault, Some(Fault::Inserted { position: 21, count: 1 }));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_part_of_the_log_is_held_against_the_hash_before_it(_: PgPoolOptions, options: PgConnectOptions) {
    let node = a_log(&options).await;
    let part = async |from, to| audit(&node.pool, from, to, &[], None).await.expect("it can be read");
    tamper(&node.pool, "UPDATE events SET event_version = '2' WHERE position = 10").await;
    for (from, to) in [(1, Some(9)), (11, None), (11, Some(EVENTS)), (EVENTS, None), (12, Some(500))] {
        assert_eq!(part(from, to).await.fault, None, "{from} to {to:?}");
    }
    for (from, to) in [(1, None), (10, None), (10, Some(10)), (2, Some(11))] {
        assert_eq!(part(from, to).await.fault, Some(Fault::Altered { position: 10 }), "{from} to {to:?}");
    }
    assert_eq!(part(3, Some(7)).await.walked, 3..=7);
    tamper(&node.pool, "DELETE FROM events WHERE position IN (10, 15)").await;
    assert_eq!(part(11, None).await.fault, Some(Fault::Removed { position: 10, count: 1 }));
    assert_eq!(part(12, Some(15)).await.fault, Some(Fault::Removed { position: 15, count: 1 }));
    let beyond = audit(&node.pool, EVENTS + 1, None, &[], None).await;
    assert!(matches!(beyond, Err(AuditError::BeyondEnd(EVENTS))), "{beyond:?}");
}

/// A database that a role without any other right owns, as that of an operator's DATABASE_URL does.
async fn owned_database(server: &PgConnectOptions, name: &str) -> PgConnectOptions {
    let mut superuser = server.connect().await.expect("a superuser can connect");
    for sql in [
        format!("CREATE ROLE {name} LOGIN PASSWORD 'lantern'"),
        format!("CREATE DATABASE {name} OWNER {name} TEMPLATE template0"),
    ] {
        superuser.execute(sql.as_str()).await.expect("a superuser may");
    }
    superuser.close().await.expect("closed");
    server.clone().username(name).password("lantern").database(name)
}

async fn drop_database(server: &PgConnectOptions, name: &str) {
    let mut superuser = server.connect().await.expect("a superuser can connect");
    for sql in [format!("DROP DATABASE {name} WITH (FORCE)"), format!("DROP ROLE {name}")] {
        superuser.execute(sql.as_str()).await.expect("a superuser may");
    }
}

const CHANGES: [&str; 4] = [
    "UPDATE events SET event_version = '2' WHERE position = 3",
    "UPDATE events SET event_version = '2' WHERE false",
    "DELETE FROM events WHERE position = 3",
    "TRUNCATE events",
];

async fn assert_events_are_kept(connection: &mut PgConnection) {
    for sql in CHANGES {
        let refused = connection.execute(sql).await.expect_err("stored events are never changed");
        let code = refused.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned));
        assert_eq!(code.as_deref(), Some("42501"), "{sql}: {refused}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn not_even_the_owner_or_a_superuser_changes_an_event_by_mistake(_: PgPoolOptions, options: PgConnectOptions) {
    let node = a_log(&options).await;
    assert_events_are_kept(&mut node.pool.acquire().await.expect("connected")).await;
    assert_eq!(found(&node.pool).await.fault, None);

    let name = format!("ayushma_owner_{}", new_id().simple());
    let owner = owned_database(&options, &name).await;
    let mut connection = owner.connect().await.expect("the owner can connect");
    migrations::MIGRATOR.run(&mut connection).await.expect("the owner can make the schema");
    let owned = a_log(&owner).await;
    assert_events_are_kept(&mut connection).await;
    // Not for the trigger's sake only: the right is not there.
    assert!(found(&owned.pool).await.is_guarded);
    connection.execute("ALTER TABLE events DISABLE TRIGGER USER").await.expect("the owner may");
    assert!(!found(&owned.pool).await.is_guarded);
    assert_events_are_kept(&mut connection).await;
    assert_eq!(found(&owned.pool).await.fault, None);
    drop(owned);
    drop_database(&options, &name).await;
}
