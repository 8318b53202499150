//! Which tables the views are made of, and how a projector's statements find them.

use std::collections::BTreeSet;

use domain::ids::UserId;
use projections::{
    SEARCH_PATH, projectors,
    steps::{TABLES, ViewTable, projection_of},
};
use sqlx::{Connection as _, Executor as _, PgPool};

use crate::history::{History, number, registered};

async fn names(db: &PgPool, sql: &'static str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(db).await.expect("the catalogue can be read")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_table_of_the_views_has_one_projector(db: PgPool) {
    let written: Vec<&str> = projectors().iter().flat_map(|projector| projector.tables()).copied().collect();
    let all = names(&db, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'views'").await;
    assert_eq!(written.iter().copied().collect::<BTreeSet<_>>(), all.iter().map(String::as_str).collect());
    assert_eq!(written.len(), all.len(), "a table has two projectors");
}

/// An auditor asks why a row of any of them looks so.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_table_of_the_views_is_known_to_auditors_with_its_primary_key(db: PgPool) {
    let keys = "SELECT format('%s %s', relname, string_agg(attname, ':' ORDER BY array_position(conkey, attnum)))
                FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid JOIN pg_attribute ON attrelid = conrelid
                WHERE connamespace = 'views'::regnamespace AND contype = 'p' AND attnum = ANY (conkey)
                GROUP BY relname";
    let all: BTreeSet<String> = names(&db, keys).await.into_iter().collect();
    let key_of = |table: &ViewTable| table.key.iter().map(|column| column.name).collect::<Vec<_>>().join(":");
    assert_eq!(TABLES.iter().map(|table| format!("{} {}", table.name, key_of(table))).collect::<BTreeSet<_>>(), all);
    for table in TABLES {
        let projector = projection_of(table).expect("a projector writes it");
        assert!(projector.aggregate_types().contains(&table.made_by), "{}", table.name);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn no_table_of_the_views_hides_behind_one_of_the_write_side(db: PgPool) {
    let hidden = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'views'
                  INTERSECT SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(names(&db, hidden).await, [""; 0]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_connection_that_has_written_one_version_of_a_view_writes_the_other_as_well(db: PgPool) {
    let mut connection = db.acquire().await.expect("the database takes connections");
    for sql in ["CREATE SCHEMA other", "CREATE TABLE other.users (LIKE views.users INCLUDING ALL)"] {
        connection.execute(sql).await.expect("a second version can be made");
    }
    let projector = projectors().into_iter().find(|projector| projector.name() == "users").expect("there is one");
    // The statement is prepared under the first path, and planned for good after some uses.
    for (path, people) in [(SEARCH_PATH.1, 1..9), ("other, public", 9..12), (SEARCH_PATH.1, 12..14)] {
        let mut history = History::default();
        for person in people {
            history.user(UserId::new(number(person)), registered("asha"));
        }
        let mut tx = connection.begin().await.expect("a transaction can be begun");
        tx.execute(format!("SET LOCAL search_path = {path}").as_str()).await.expect("a path can be set");
        projector.project_all(history.events(), &mut tx).await.expect("the rows can be written");
        tx.commit().await.expect("the rows can be kept");
    }
    drop(connection);
    let count = "SELECT concat((SELECT count(*) FROM views.users), ' ', (SELECT count(*) FROM other.users))";
    assert_eq!(names(&db, count).await, ["10 3"]);
}
