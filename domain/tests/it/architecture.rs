//! The invariants of the workspace that a test can hold: who may depend on whom, and what is done in one place only.
//!
//! Each failure names file and line. An exception belongs into the test, with its reason.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

use crate::sources::{Source, rust_sources, sql_sources};

const MAX_LINES: usize = 400;

/// Of a crate: the names of what it depends on; of one kind, ours or not.
pub(crate) fn dependencies(kind: Option<&str>, ours: bool) -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs this test, so it can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    packages
        .iter()
        .map(|package| {
            let all = package["dependencies"].as_array().expect("a list of dependencies");
            let wanted = all.iter().filter(|it| it["kind"].as_str() == kind && it["path"].is_string() == ours);
            (text(&package["name"]), wanted.map(|it| text(&it["name"])).collect())
        })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("names are texts").to_owned()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// No line of the sources outside of these folders is a hit.
fn assert_only_in(folders: &[&str], rule: &str, sources: &[Source], hits: impl Fn(&Source) -> Vec<String>) {
    let found: Vec<_> = sources.iter().filter(|source| !source.is_below(folders)).flat_map(hits).collect();
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn crates_depend_on_each_other_only_as_designed() {
    let designed = BTreeMap::from([
        ("adapters".to_owned(), names(&["domain", "knowledge", "ports"])),
        (
            "api".to_owned(),
            names(&[
                "adapters",
                "audit_bundle",
                "audit_exchange",
                "commands",
                "domain",
                "embedded_postgres",
                "http_api",
                "knowledge",
                "migrations",
                "ports",
                "projections",
                "transparency_log",
            ]),
        ),
        ("audit_bundle".to_owned(), names(&["transparency_log"])),
        ("audit_exchange".to_owned(), names(&["domain"])),
        ("commands".to_owned(), names(&["domain", "event_log", "knowledge", "ports", "transparency_log"])),
        ("domain".to_owned(), names(&[])),
        ("embedded_postgres".to_owned(), names(&[])),
        ("event_log".to_owned(), names(&["domain"])),
        ("http_api".to_owned(), names(&["commands", "domain", "knowledge", "ports", "projections"])),
        ("knowledge".to_owned(), names(&["domain"])),
        ("migrations".to_owned(), names(&[])),
        ("ports".to_owned(), names(&["domain", "knowledge"])),
        ("projections".to_owned(), names(&["domain"])),
        ("transparency_log".to_owned(), names(&[])),
    ]);
    assert_eq!(dependencies(None, true), designed);
}

#[test]
fn tests_add_no_edge_between_crates_but_to_the_migrations_and_the_adapters() {
    let normal = dependencies(None, true);
    for (name, ours) in dependencies(Some("dev"), true) {
        let added: Vec<_> = ours
            .difference(&normal[&name])
            .filter(|other| !["adapters", "migrations"].contains(&other.as_str()))
            .collect();
        assert!(added.is_empty(), "the tests of {name} depend on {added:?}");
    }
}

#[test]
fn the_domain_depends_on_nothing_that_does_io_or_chance() {
    let direct = &dependencies(None, false)["domain"];
    let banned =
        names(&["axum", "hyper", "object_store", "rand", "rdkafka", "reqwest", "sqlx", "tokio", "tower", "tracing"]);
    let found: Vec<_> = direct.intersection(&banned).collect();
    assert!(found.is_empty(), "the domain depends on {found:?}");
}

#[test]
fn the_domain_reads_no_clock_no_chance_and_no_machine() {
    let domain: Vec<_> = rust_sources().into_iter().filter(|source| source.is_below(&["domain/src/"])).collect();
    let impure =
        ["::now(", "now_v7", "new_v4", "std::env", "std::fs", "std::io", "std::net", "std::process", "std::thread"];
    assert_only_in(&[], "time and ids come in with the command, and nothing else does", &domain, |source| {
        source.lines_with(&impure)
    });
}

#[test]
fn only_the_event_log_knows_kafka() {
    assert_only_in(&["commands/event-log/src"], "only the event log knows Kafka", &rust_sources(), |source| {
        source.lines_with(&["rdkafka"])
    });
}

#[test]
fn only_the_event_log_inserts_events() {
    let insert = ["insert", "into", "events"];
    let sources = sql_sources();
    assert!(sources.iter().any(|source| !source.statements(&insert).is_empty()), "nobody inserts events any more");
    // The event log's own function in the database.
    let places = [
        "commands/event-log/src",
        "migrations/0011_append_at_once.sql",
        "migrations/0030_idempotency_at_once.sql",
        "migrations/0035_erased_are_refused.sql",
    ];
    assert_only_in(&places, "only the event log inserts events", &sources, |source| source.statements(&insert));
}

#[test]
fn a_stored_event_is_never_edited_or_deleted() {
    let statements: [&[&str]; 8] = [
        &["update", "events"],
        &["update", "only", "events"],
        &["delete", "from", "events"],
        &["delete", "from", "only", "events"],
        &["truncate", "events"],
        &["truncate", "table", "events"],
        &["drop", "table", "events"],
        &["drop", "table", "if", "exists", "events"],
    ];
    // Computes the chain of logs anew that were begun under its former rule; and a test that it is refused.
    let places = ["migrations/0011_append_at_once.sql", "api/embedded-postgres/src/tests.rs"];
    assert_only_in(&places, "a stored event is never edited or deleted", &sql_sources(), |source| {
        statements.iter().flat_map(|statement| source.statements(statement)).collect()
    });
}

/// The tables of the views, as the migrations have made and renamed them.
fn view_tables() -> BTreeSet<String> {
    let migrations: Vec<_> = sql_sources().into_iter().filter(|source| source.is_below(&["migrations/"])).collect();
    let named = |words: &[&str], place: usize| -> Vec<String> {
        migrations.iter().flat_map(|source| source.words_of(words)).map(|words| words[place].clone()).collect()
    };
    let rename = ["alter", "table", "views.", "rename", "to", "*"];
    let renamed = named(&rename, 2);
    let made = named(&["create", "table", "views."], 2).into_iter().filter(|name| !renamed.contains(name));
    made.map(|name| name.trim_start_matches("views.").to_owned()).chain(named(&rename, 5)).collect()
}

/// A step of the schema that fills what it adds: until somebody rebuilt the views, answers of before would go on showing
/// another version of a document than they were made from.
const FILLS_ITS_COLUMN: &str = "migrations/0033_versions_of_documents.sql";

#[test]
fn only_projections_write_views() {
    let tables = view_tables();
    assert!(tables.contains("users") && tables.contains("service_keys"), "{tables:?}");
    let sources = sql_sources();
    let names = tables.iter().flat_map(|table| [table.clone(), format!("views.{table}")]).collect();
    let writes: [&[&str]; 4] = [&["insert", "into"], &["update"], &["delete", "from"], &["truncate"]];
    let hits = |source: &Source| -> Vec<String> {
        writes.iter().flat_map(|write| source.statements_on(write, &names)).collect()
    };
    assert!(sources.iter().any(|source| !hits(source).is_empty()), "nobody writes views any more");
    assert_only_in(&["projections/src/", FILLS_ITS_COLUMN], "only projections write views", &sources, hits);
}

#[test]
fn projectors_leave_open_which_version_of_a_view_they_write() {
    let statements: [&[&str]; 4] =
        [&["insert", "into", "views."], &["update", "views."], &["delete", "from", "views."], &["truncate", "views."]];
    let rule = "a projector names its tables without the schema";
    assert_only_in(&[FILLS_ITS_COLUMN], rule, &sql_sources(), |source| {
        statements.iter().flat_map(|statement| source.statements(statement)).collect()
    });
}

#[test]
fn only_the_configuration_reads_the_environment() {
    let homes = [
        "api/src/config",
        // What of it concerns HTTP.
        "api/http/src/config",
        // The search path of the operating system, handed on to PostgreSQL's own programs; no setting of ours.
        "api/embedded-postgres/src/programs.rs",
        // The allocator's own variables, which it reads before there is a configuration.
        "api/src/main.rs",
        // Whether the test of the reference writes it anew.
        "api/src/cli/reference_tests.rs",
        // The search path is all that a confined process is given of an environment.
        "commands/adapters/src/sandbox.rs",
    ];
    // The last four are how an argument of the command line is also read from a variable.
    let reads = ["env::var", "dotenvy", "from_default_env", "#[arg(env", "#[arg(long, env", ", env,", "env = \""];
    assert_only_in(&homes, "only the configuration reads the environment", &rust_sources(), |source| {
        source.lines_with(&reads)
    });
}

#[test]
fn advisory_locks_are_taken_only_where_the_list_of_their_keys_says() {
    let homes = [
        "api/src/rebuild.rs",
        "commands/adapters/src/pgvector.rs",
        "commands/event-log/src/consume/runner.rs",
        "commands/event-log/src/scheduler.rs",
        "commands/event-log/src/stream/relay.rs",
        "commands/src/passage_store.rs",
    ];
    let rule = "commands/event-log/src/advisory_locks.rs lists the keys of all advisory locks";
    assert_only_in(&homes, rule, &sql_sources(), |source| source.lines_with(&["pg_advisory_", "pg_try_advisory_"]));
}

#[test]
fn no_source_file_is_too_long_to_read() {
    let long: Vec<_> = rust_sources()
        .iter()
        .filter(|source| source.count_lines() > MAX_LINES)
        .map(|source| format!("{}:{}: the last line", source.path, source.count_lines()))
        .collect();
    assert!(long.is_empty(), "files of more than {MAX_LINES} lines:\n{}", long.join("\n"));
}
