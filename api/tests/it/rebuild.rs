//! A view is made anew from the log while it is read and written, and nothing else happens.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use api::rebuild::{AbandonedRebuilds, rebuild};
use commands::{
    clock::SystemClock,
    documents::EmbeddingHandler,
    event_log::{EventLog, MasterKey, Replayable, Replayed},
};
use domain::user::Roles;
use projections::projectors;
use serde_json::json;
use sqlx::{Acquire as _, PgPool};
use tokio::task::JoinSet;

use crate::support::{Person, TestApp, eventually};

/// The log, as another process opens it.
async fn log(db: &PgPool) -> EventLog {
    let key = MasterKey::from_hex(&"5".repeat(64)).expect("the key of the tests");
    EventLog::open(db.clone(), key, Arc::new(SystemClock)).await.expect("the log can be opened").0
}

/// Rebuilds a view as another process does; how many events were to be replayed.
async fn rebuild_view(name: &str, db: &PgPool) -> anyhow::Result<u64> {
    let projector = projectors().into_iter().find(|projector| projector.name() == name).expect("there is such a view");
    let replayed = Arc::new(Replayed::default());
    rebuild(projector, &log(db).await, db, replayed.clone()).await?;
    Ok(replayed.expected())
}

async fn rebuild_all(db: &PgPool) {
    for projector in projectors() {
        rebuild_view(projector.name(), db).await.expect("a view can be rebuilt");
    }
}

/// One column of texts.
async fn texts(db: &PgPool, sql: &str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(db).await.expect("the query is valid")
}

async fn execute(db: &PgPool, sql: &str) {
    sqlx::raw_sql(sql).execute(db).await.expect("the statement is valid");
}

/// Every row of every table of a schema, in an order of their own.
async fn rows(db: &PgPool, schema: &str) -> Vec<String> {
    let tables = format!(
        "SELECT format('SELECT %L || row_to_json(t)::text FROM %I.%I AS t', tablename, schemaname, tablename)
         FROM pg_tables WHERE schemaname = '{schema}' AND tablename <> 'heartbeats'"
    );
    let mut rows = Vec::new();
    for table in texts(db, &tables).await {
        rows.extend(texts(db, &table).await);
    }
    rows.sort();
    rows
}

/// Whatever the catalogue says of the views' tables, but for the numbers that it gives them.
async fn definitions(db: &PgPool) -> Vec<String> {
    texts(
        db,
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'views'
         UNION ALL
         SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
         WHERE connamespace = 'views'::regnamespace
         UNION ALL
         SELECT concat_ws(' ', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull,
                          pg_get_expr(adbin, adrelid))
         FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
         LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
         WHERE relnamespace = 'views'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
         UNION ALL
         SELECT concat_ws(' ', relname, pg_get_userbyid(relowner),
                          (SELECT array_agg(item::text ORDER BY item::text) FROM unnest(relacl) AS item))
         FROM pg_class
         WHERE relnamespace = 'views'::regnamespace AND relkind = 'r'
         ORDER BY 1",
    )
    .await
}

async fn schemas(db: &PgPool) -> Vec<String> {
    texts(db, "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'next%'").await
}

/// A ward with something in every view; the path of its chats.
async fn busy_ward(app: &TestApp) -> (Person, String) {
    let staff = app.staff().await;
    let project = staff.project("P").await;
    staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    let chat = staff.chat(&project).await;
    let answer = staff.ask(&chat, "Zinc?").await.json(200)["external_id"].clone();
    staff.post("/feedback", json!({ "chat_message": answer, "liked": true, "message": "Clear" })).await.json(201);
    let service = staff.service("North", true).await;
    staff.client_of(&service).await;
    eventually("all work is done", async || (texts(&app.db, "SELECT kind FROM jobs").await.is_empty()).then_some(()))
        .await;
    (staff, format!("/projects/{project}/chats"))
}

/// Starts chats and reads them back at once; how many.
async fn keep_writing(writer: usize, staff: Person, chats: String, is_over: Arc<AtomicBool>) -> i64 {
    let mut written = 0;
    while !is_over.load(Ordering::Relaxed) {
        let title = format!("W{writer} {written}");
        let made = staff.post(&chats, json!({ "title": title })).await;
        let chat = format!("{chats}/{}", made.id());
        assert_eq!(staff.get(&chat).await.json(200)["title"], title);
        staff.ask(&chat, "Zinc?").await.json(200);
        assert_eq!(staff.get(&chat).await.json(200)["chats"].as_array().map(Vec::len), Some(2));
        written += 1;
    }
    written
}

/// Sees never less than before.
async fn keep_reading(staff: Person, chats: String, is_over: Arc<AtomicBool>) -> i64 {
    let mut seen = 1;
    while !is_over.load(Ordering::Relaxed) {
        let count = staff.get(&chats).await.json(200)["count"].as_i64().expect("a page has a count");
        assert!(count >= seen, "the view went back from {seen} chats to {count}");
        seen = count;
    }
    0
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_rebuild_under_readers_and_writers_fails_no_read_and_loses_no_write(db: PgPool) {
    let app = TestApp::start_with(&db, &["--limit-converse", "0"]).await;
    let (staff, chats) = busy_ward(&app).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let mut busy = JoinSet::new();
    for writer in 0..3 {
        busy.spawn(keep_writing(writer, staff.clone(), chats.clone(), is_over.clone()));
        busy.spawn(keep_reading(staff.clone(), chats.clone(), is_over.clone()));
    }
    for _ in 0..3 {
        rebuild_all(&db).await;
    }
    is_over.store(true, Ordering::Relaxed);
    let written: i64 = busy.join_all().await.into_iter().sum();
    assert!(written > 0);
    assert_eq!(staff.get(&chats).await.json(200)["count"], 1 + written);

    let kept = rows(&db, "views").await;
    rebuild_all(&db).await;
    assert_eq!(rows(&db, "views").await, kept, "a fresh fold of the log differs");
    assert_eq!(schemas(&db).await, [""; 0]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_rebuild_mends_what_was_damaged_by_hand(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, chats) = busy_ward(&app).await;
    let sound = rows(&db, "views").await;
    execute(&db, "DELETE FROM views.messages; UPDATE views.chats SET title = 'damaged', is_deleted = true").await;
    assert_eq!(staff.get(&chats).await.json(200)["count"], 0);
    rebuild_view("chats", &db).await.expect("the view can be rebuilt");
    assert_eq!(rows(&db, "views").await, sound);
    assert_eq!(staff.get(&chats).await.json(200)["count"], 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_rebuilt_tables_are_defined_and_named_as_the_old_ones_were(db: PgPool) {
    execute(&db, "GRANT SELECT ON views.chats TO PUBLIC; GRANT SELECT ON views.users TO pg_monitor").await;
    execute(&db, "ALTER TABLE views.users DROP COLUMN is_active, ADD COLUMN is_active boolean NOT NULL DEFAULT true")
        .await;
    let before = definitions(&db).await;
    assert!(before.iter().any(|definition| definition.contains("chats_of_owner")), "{before:#?}");
    for _ in 0..2 {
        rebuild_all(&db).await;
        assert_eq!(definitions(&db).await, before);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn other_processes_go_on_after_the_switch(db: PgPool) {
    let (app, other) = (TestApp::start(&db).await, TestApp::start(&db).await);
    let (staff, chats) = busy_ward(&app).await;
    for round in 1..4 {
        rebuild_all(&db).await;
        let title = format!("T{round}");
        let through_other = other.nobody.with_token(staff.token());
        let made = through_other.post(&chats, json!({ "title": title })).await;
        assert_eq!(made.header("x-views-behind"), "");
        assert_eq!(staff.get(&format!("{chats}/{}", made.id())).await.json(200)["title"], title);
        assert_eq!(through_other.get(&chats).await.json(200)["count"], 1 + round);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_was_parked_is_parked_again_or_takes_effect(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, chats) = busy_ward(&app).await;
    let chat = staff.chat(chats.trim_start_matches("/projects/").trim_end_matches("/chats")).await;
    execute(&db, "ALTER TABLE views.chats ADD CONSTRAINT no_poison CHECK (title NOT LIKE 'poison%')").await;
    for title in ["poison", "poison, but less"] {
        staff.patch(&chat, json!({ "title": title })).await;
    }
    let parked = "SELECT concat_ws(' ', consumer, position, aggregate_id, error IS NULL) FROM parked_events ORDER BY 1";
    // Others may be at work meanwhile.
    let counts = "SELECT concat_ws(' ', aggregate_type, partition, position, applied, parked, dropped)
                  FROM checkpoints WHERE consumer = 'chats' ORDER BY 1";
    eventually("it is parked", async || (texts(&db, parked).await.len() == 2).then_some(())).await;
    let before = (texts(&db, parked).await, texts(&db, counts).await);
    rebuild_view("chats", &db).await.expect("the view can be rebuilt");
    assert_eq!((texts(&db, parked).await, texts(&db, counts).await), before);
    assert_eq!(staff.get(&chat).await.json(200)["title"], "New");

    execute(&db, "ALTER TABLE views.chats DROP CONSTRAINT no_poison").await;
    rebuild_view("chats", &db).await.expect("the view can be rebuilt");
    assert_eq!(texts(&db, parked).await, [""; 0]);
    let waiting = "SELECT partition::text FROM checkpoints WHERE parked > 0 OR dropped > 0";
    assert_eq!(texts(&db, waiting).await, [""; 0]);
    assert_eq!(staff.get(&chat).await.json(200)["title"], "poison, but less");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_rebuild_changes_nothing_but_views(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, _) = busy_ward(&app).await;
    app.reset_code(&staff.email).await;
    let open = "SELECT kind FROM jobs
                UNION ALL
                SELECT consumer FROM checkpoints WHERE EXISTS
                    (SELECT FROM events WHERE events.aggregate_type = checkpoints.aggregate_type
                        AND events.partition = checkpoints.partition AND events.position > checkpoints.position)";
    eventually("all work is done", async || texts(&db, open).await.is_empty().then_some(())).await;
    let (before, mails) = (rows(&db, "public").await, app.mails());
    rebuild_all(&db).await;
    assert_eq!(
        rows(&db, "public").await,
        before,
        "an event, a job, a key, a file: whatever it is, nobody asked for it"
    );
    assert_eq!(app.mails(), mails);
}

/// Whether a type can be replayed, decided when this is compiled: `is` is ambiguous, and an error, for one that can.
trait NotReplayable<Ambiguity> {
    fn is() {}
}
impl<T: ?Sized> NotReplayable<()> for T {}
impl<T: ?Sized + Replayable> NotReplayable<u8> for T {}

#[test]
fn a_handler_cannot_be_replayed() {
    <EmbeddingHandler as NotReplayable<_>>::is();
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_view_is_rebuilt_by_one_process_at_a_time(db: PgPool) {
    let mut other = db.acquire().await.expect("a connection");
    let lock = "SELECT pg_advisory_lock(hashtextextended('ayushma rebuild chats', 0))";
    sqlx::raw_sql(lock).execute(&mut *other).await.expect("the lock is free");
    let refused = rebuild_view("chats", &db).await.expect_err("somebody else is at it");
    assert_eq!(refused.to_string(), "chats is being rebuilt already");
    rebuild_view("users", &db).await.expect("another view can be rebuilt meanwhile");
}

/// A rebuild of the chats that was cut off when all was there but the switch.
async fn cut_off(db: &PgPool) -> u64 {
    let mut connection = db.acquire().await.expect("a connection");
    let mut reader = connection.begin().await.expect("a transaction");
    sqlx::raw_sql("SELECT FROM views.chats").execute(&mut *reader).await.expect("the view can be read");
    let replayed = Arc::new(Replayed::default());
    let projector = projectors().into_iter().find(|it| it.name() == "chats").expect("there is one");
    let log = log(db).await;
    tokio::select! {
        result = rebuild(projector, &log, db, replayed.clone()) => panic!("it cannot switch: {result:?}"),
        () = eventually("everything is replayed", async || {
            (replayed.done() > 0 && replayed.done() == replayed.expected()).then_some(())
        }) => {}
    }
    let held = "SELECT 'held' FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND database =
                    (SELECT oid FROM pg_database WHERE datname = current_database()) AND mode = 'ExclusiveLock'";
    eventually("the lock is free", async || texts(db, held).await.is_empty().then_some(())).await;
    reader.rollback().await.expect("it ends");
    replayed.expected()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_rebuild_that_was_cut_off_goes_on_where_it_was(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, chats) = busy_ward(&app).await;
    let sound = rows(&db, "views").await;
    let all = cut_off(&db).await;
    assert_eq!(rows(&db, "views").await, sound, "the view is as it was");
    staff.post(&chats, json!({ "title": "Later" })).await.json(201);
    assert!(all > 1);
    assert_eq!(rebuild_view("chats", &db).await.expect("it goes on"), 1, "only what is new is replayed");
    assert_eq!(staff.get(&chats).await.json(200)["count"], 2);
    assert_eq!(schemas(&db).await, [""; 0]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_an_abandoned_rebuild_holds_does_not_outlive_an_erasure(db: PgPool) {
    let app = TestApp::start(&db).await;
    busy_ward(&app).await;
    let all = cut_off(&db).await;
    let abandoned = AbandonedRebuilds(db.clone());
    assert_eq!(abandoned.remove().await.expect("it looks"), 0, "it can be gone on with");
    app.person("asha", Roles::default()).await;
    let root = app.person("root", Roles { is_superuser: true, ..Roles::default() }).await;
    root.post("/users/asha/erase", json!({})).await.is(204, "");

    let mut other = db.acquire().await.expect("a connection");
    let lock = "pg_advisory_lock(hashtextextended('ayushma rebuild chats', 0))";
    sqlx::raw_sql(&format!("SELECT {lock}")).execute(&mut *other).await.expect("the lock is free");
    assert_eq!(abandoned.remove().await.expect("it looks"), 0, "whoever is at work applies the erasure");
    other.close().await.expect("it can be closed");
    eventually("what was left is gone", async || (abandoned.remove().await.ok()? == 1).then_some(())).await;
    assert_eq!(schemas(&db).await, [""; 0]);

    cut_off(&db).await;
    execute(&db, "COMMENT ON SCHEMA next_chats IS 'of before, after erasure 0'").await;
    assert!(rebuild_view("chats", &db).await.expect("it starts over") >= all);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_another_program_has_begun_is_begun_anew(db: PgPool) {
    let app = TestApp::start(&db).await;
    busy_ward(&app).await;
    let sound = rows(&db, "views").await;
    let all = cut_off(&db).await;
    execute(&db, "COMMENT ON SCHEMA next_chats IS 'another program'; UPDATE next_chats.chats SET title = 'other'")
        .await;
    assert_eq!(rebuild_view("chats", &db).await.expect("it starts over"), all);
    assert_eq!(rows(&db, "views").await, sound);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_schema_that_is_migrated_meanwhile_is_not_switched_back(db: PgPool) {
    let app = TestApp::start(&db).await;
    busy_ward(&app).await;
    let mut connection = db.acquire().await.expect("a connection");
    let mut migration = connection.begin().await.expect("a transaction");
    sqlx::raw_sql("SELECT FROM views.chats").execute(&mut *migration).await.expect("the view can be read");
    let migrate = async {
        let is_filled = "SELECT 'it is' FROM pg_indexes WHERE schemaname = 'next_chats' AND indexname = 'chats_of_key'";
        eventually("the next version is filled", async || (!texts(&db, is_filled).await.is_empty()).then_some(()))
            .await;
        let step = "ALTER TABLE views.chats ADD COLUMN colour text;
                    INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                    VALUES (99999999, 'newer', true, '', 0)";
        sqlx::raw_sql(step).execute(&mut *migration).await.expect("the step is valid");
        migration.commit().await.expect("the step is done");
    };
    let (rebuilt, ()) = tokio::join!(rebuild_view("chats", &db), migrate);
    let refused = rebuilt.expect_err("the next version is of the schema before");
    assert!(refused.to_string().contains("run this again"), "{refused:#}");
    let columns = "SELECT column_name::text FROM information_schema.columns
                   WHERE table_schema = 'views' AND table_name = 'chats' AND column_name = 'colour'";
    assert_eq!(texts(&db, columns).await, ["colour"]);
    rebuild_view("chats", &db).await.expect("it starts over");
    assert_eq!(texts(&db, columns).await, ["colour"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_reader_who_does_not_let_go_delays_the_switch_and_nobody_else(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, chats) = busy_ward(&app).await;
    let mut connection = db.acquire().await.expect("a connection");
    let mut reader = connection.begin().await.expect("a transaction");
    sqlx::raw_sql("SELECT FROM views.chats").execute(&mut *reader).await.expect("the view can be read");
    let work = async {
        for round in 1..8 {
            staff.post(&chats, json!({ "title": format!("T{round}") })).await.json(201);
            assert_eq!(staff.get(&chats).await.json(200)["count"], 1 + round);
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
        reader.rollback().await.expect("it ends");
        tokio::time::Instant::now()
    };
    let rebuilding = async {
        rebuild_view("chats", &db).await.expect("the view can be rebuilt");
        tokio::time::Instant::now()
    };
    let (let_go, rebuilt) = tokio::join!(work, rebuilding);
    assert!(rebuilt > let_go);
    assert_eq!(staff.get(&chats).await.json(200)["count"], 8);
}
