//! Commands that only read: they change no schema, make no key, and an auditor needs no more rights than to select.

use std::fs;

use sqlx::{Executor as _, PgPool};

use super::{
    databases::{name_and_url, postgres, use_database},
    process::DataFolder,
};

/// A database of this name, which is removed at the end of a test that succeeds.
struct Other<'a> {
    name: String,
    url: String,
    db: &'a PgPool,
}

impl<'a> Other<'a> {
    /// An empty one, without what the template of the tests has.
    async fn empty(db: &'a PgPool, prefix: &str) -> Self {
        let (name, url) = name_and_url(db).await;
        let other = format!("{prefix}_{}", &name[name.len() - 32..]);
        db.execute(format!("CREATE DATABASE \"{other}\" TEMPLATE template0").as_str()).await.expect("a superuser may");
        Self { url: url.replace(&name, &other), name: other, db }
    }

    async fn tables(&self) -> i64 {
        let pool = PgPool::connect(&self.url).await.expect("it is there");
        let tables = "SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
                      WHERE relkind IN ('r', 'S', 'v', 'i') AND nspname !~ '^pg_' AND nspname <> 'information_schema'";
        let count = sqlx::query_scalar(tables).fetch_one(&pool).await.expect("it answers");
        pool.close().await;
        count
    }

    async fn drop(self) {
        let statement = format!("DROP DATABASE \"{}\" WITH (FORCE)", self.name);
        self.db.execute(statement.as_str()).await.expect("nobody needs it");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_auditor_who_may_only_select_from_the_tables_of_the_log_can_verify_it(db: PgPool) {
    let (name, url) = name_and_url(&db).await;
    let folder = DataFolder::new();
    use_database(&folder, &url);
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let role = format!("auditor_{}", &name[name.len() - 32..]);
    for statement in [
        format!("CREATE ROLE \"{role}\" LOGIN PASSWORD 'lantern'"),
        format!("ALTER ROLE \"{role}\" SET default_transaction_read_only = on"),
        format!("GRANT SELECT ON log_head TO \"{role}\""),
    ] {
        db.execute(statement.as_str()).await.expect("a superuser may");
    }
    let (_, server) = url.split_once('@').expect("it names a user");
    let auditor = DataFolder::new();
    use_database(&auditor, &format!("postgres://{role}:lantern@{server}"));

    let refused = auditor.run(&["audit", "verify"], "").await.failed();
    assert!(refused.contains("(GRANT SELECT)") && refused.contains("permission denied for table events"), "{refused}");
    db.execute(format!("GRANT SELECT ON events TO \"{role}\"").as_str()).await.expect("a superuser may");
    let said = auditor.run(&["audit", "verify"], "").await.succeeded();
    assert!(said.contains("positions 1 to ") && !said.contains("WARNING"), "{said}");
    let beside_it: Vec<_> = fs::read_dir(auditor.path()).expect("it is ours").filter_map(Result::ok).collect();
    assert_eq!(beside_it.len(), 1, "only its settings: no key was made, no folder of heads: {beside_it:?}");

    // An altered event is found as well.
    db.execute("ALTER TABLE events DISABLE TRIGGER events_are_kept").await.expect("a superuser may");
    db.execute("UPDATE events SET payload = '{}' WHERE position = 1").await.expect("a superuser may");
    let found = auditor.run(&["audit", "verify"], "").await;
    assert_eq!(found.code(), Some(3), "{}", found.stderr());
    assert!(found.stdout().contains("BROKEN: altered"), "{}", found.stdout());
    db.execute(format!("DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\"").as_str()).await.expect("nobody needs it");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_copy_of_the_two_tables_of_the_log_can_be_verified(db: PgPool) {
    let (_, url) = name_and_url(&db).await;
    let folder = DataFolder::new();
    use_database(&folder, &url);
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let dump = folder.path().join("two-tables.dump");
    let dump = dump.to_str().expect("it is text");
    let tables = ["--table=events", "--table=log_head", "--section=pre-data", "--section=data"];
    postgres("pg_dump", &[&["--format=custom", "--file", dump], &tables[..], &[&url]].concat()).await;

    let copy = Other::empty(&db, "copy").await;
    postgres("pg_restore", &["--exit-on-error", "--dbname", &copy.url, dump]).await;
    let auditor = DataFolder::new();
    use_database(&auditor, &copy.url);
    let before = copy.tables().await;
    let said = auditor.run(&["audit", "verify"], "").await.succeeded();
    assert!(said.contains("positions 1 to "), "{said}");
    assert!(said.contains("WARNING: the trigger events_are_kept"), "a copy refuses no change: {said}");
    // Heads prove something only with their key, which a copy does not have.
    fs::create_dir(auditor.path().join("heads")).expect("it is ours");
    fs::write(auditor.path().join("heads/heads.jsonl"), "{}\n").expect("it is ours");
    let refused = auditor.run(&["audit", "verify"], "").await.failed();
    assert!(refused.contains("name it with --public-key"), "{refused}");
    assert_eq!(copy.tables().await, before);
    copy.drop().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_command_that_only_reads_makes_no_schema_and_says_which_one_it_found(db: PgPool) {
    let empty = Other::empty(&db, "empty").await;
    let folder = DataFolder::new();
    use_database(&folder, &empty.url);
    let refused = folder.run(&["audit", "verify"], "").await.failed();
    assert!(refused.contains("not one that this program can audit") && refused.contains("log_head"), "{refused}");
    let commands: [&[&str]; 4] = [&["status"], &["parked", "list"], &["stream", "parked"], &["service", "list"]];
    for command in commands {
        let refused = folder.run(command, "").await.failed();
        assert!(refused.contains("this database has no schema of Ayushma"), "{command:?}: {refused}");
    }
    assert_eq!(empty.tables().await, 0);
    empty.drop().await;

    use_database(&folder, &name_and_url(&db).await.1);
    for command in commands {
        let said = folder.run(command, "").await;
        assert!(!said.stderr().contains("schema"), "{command:?}: {}", said.stderr());
    }
    // As a newer program has left it, and then an older one.
    let step = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                VALUES (9999, 'of tomorrow', true, '', 0)";
    db.execute(step).await.expect("a superuser may");
    for command in commands {
        let refused = folder.run(command, "").await.failed();
        assert!(refused.contains("is at step 9999, and this program knows"), "{command:?}: {refused}");
    }
    folder.run(&["audit", "verify"], "").await.succeeded();
    let steps = "DELETE FROM _sqlx_migrations WHERE version >= (SELECT max(version) FROM _sqlx_migrations WHERE version < 9999)";
    db.execute(steps).await.expect("a superuser may");
    let refused = folder.run(&["status"], "").await.failed();
    assert!(refused.contains("`ayushma migrate` brings it up to date"), "{refused}");
    db.execute("UPDATE _sqlx_migrations SET checksum = '' WHERE version = 1").await.expect("a superuser may");
    let refused = folder.run(&["status"], "").await.failed();
    assert!(refused.contains("step 1 of the schema of this database is not the one"), "{refused}");
}
