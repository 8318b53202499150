//! Holds the views against a fresh fold of the log.

use sqlx::{Connection as _, PgConnection, PgPool, postgres::PgConnectOptions};

use super::{
    checker::Violations,
    fleet::{DATABASE, Fleet},
    servers::{Postgres, free_port},
};

const FRESH: &str = "fresh";

/// Copies the database, empties the copy's views and lets one process fold the log anew, without Kafka. Compares each row
/// of each view. No process may be at work on the database. Says how many rows there are.
pub(super) async fn check(fleet: &Fleet, postgres: &Postgres, violations: &mut Violations) -> usize {
    let mut server = connect(&postgres.options("postgres")).await;
    end_sessions(&mut server).await;
    execute(&mut server, format!("CREATE DATABASE {FRESH} TEMPLATE {DATABASE}")).await;
    let mut fresh = connect(&postgres.options(FRESH)).await;
    let tables = tables(&mut fresh).await;
    for table in &tables {
        execute(&mut fresh, format!("TRUNCATE views.{table}")).await;
    }
    execute(&mut fresh, "DELETE FROM checkpoints; DELETE FROM parked_events".to_owned()).await;
    let mut grown = connect(&postgres.options(DATABASE)).await;
    let process = fleet.spawn("fresh.log", "projectors", free_port(), &Postgres::url(postgres.port, FRESH), "");
    let pool = PgPool::connect_with(postgres.options(FRESH)).await.expect("it can be connected to");
    let folded = super::settle::until_consumed(&pool, projections::projectors().len()).await;
    drop(process);
    pool.close().await;
    if let Err(reason) = folded {
        violations.add(format!("the fresh fold does not come to its end: {reason}"));
    }
    let mut rows = 0;
    for table in &tables {
        let (ours, theirs) = (dump(&mut grown, table).await, dump(&mut fresh, table).await);
        rows += theirs.len();
        for (row, which) in differences(&ours, &theirs) {
            violations.add(format!("views.{table}: only {which}: {row}"));
        }
    }
    rows
}

/// Ends what processes have left behind: a session whose connection fell silent before its process was killed lasts until
/// PostgreSQL asks whether anybody is there, and no database with a session can be copied.
async fn end_sessions(server: &mut PgConnection) {
    let sql = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = $1";
    let ended: i64 =
        sqlx::query_scalar(sql).bind(DATABASE).fetch_one(server).await.expect("a superuser may end sessions");
    if ended > 0 {
        println!("{ended} sessions of processes that were killed are ended");
    }
}

async fn connect(options: &PgConnectOptions) -> PgConnection {
    PgConnection::connect_with(options).await.expect("PostgreSQL answers")
}

async fn execute(connection: &mut PgConnection, sql: String) {
    sqlx::raw_sql(&sql).execute(connection).await.expect("it is allowed");
}

async fn tables(connection: &mut PgConnection) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.tables
         WHERE table_schema = 'views' AND table_type = 'BASE TABLE' ORDER BY 1",
    )
    .fetch_all(connection)
    .await
    .expect("the catalogue can be read");
    assert!(!tables.is_empty(), "there are views");
    tables
}

async fn dump(connection: &mut PgConnection, table: &str) -> Vec<String> {
    let sql = format!("SELECT row_to_json(t)::text FROM views.{table} AS t ORDER BY 1");
    sqlx::query_scalar(&sql).fetch_all(connection).await.expect("the view can be read")
}

/// The rows that only one of two sorted lists has.
fn differences<'a>(ours: &'a [String], theirs: &'a [String]) -> Vec<(&'a String, &'static str)> {
    let only = |these: &'a [String], those: &[String], which| {
        let those: std::collections::HashSet<&String> = those.iter().collect();
        these.iter().filter(move |row| !those.contains(row)).map(|row| (row, which)).collect::<Vec<_>>()
    };
    let mut all = only(ours, theirs, "in the view");
    all.extend(only(theirs, ours, "in the fold"));
    all
}
