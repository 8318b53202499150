//! The embedded server with PostgreSQL's real programs, each test in a folder of its own.

use std::fs::{self, Permissions};
use std::future::pending;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use sqlx::{ConnectOptions as _, Executor as _, PgConnection};
use tempfile::TempDir;

use super::EmbeddedPostgres;
use super::files::short_hash;
use super::place::Place;

/// A folder that every user can reach, as a data folder on a server is.
pub(super) fn data_folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("it is ours");
    folder
}

pub(super) async fn start(folder: &Path) -> EmbeddedPostgres {
    EmbeddedPostgres::start(folder, pending()).await.expect("the server starts")
}

async fn connect(server: &EmbeddedPostgres) -> PgConnection {
    server.connect_options().connect().await.expect("the server answers")
}

pub(super) async fn connects(server: &EmbeddedPostgres) -> bool {
    server.connect_options().connect().await.is_ok()
}

pub(super) async fn execute(server: &EmbeddedPostgres, sql: &str) {
    sqlx::raw_sql(sql).execute(&mut connect(server).await).await.expect("the statement is valid");
}

pub(super) async fn note(server: &EmbeddedPostgres) -> String {
    sqlx::query_scalar("SELECT text FROM note").fetch_one(&mut connect(server).await).await.expect("the note is there")
}

pub(super) const A_NOTE: &str = "CREATE TABLE note (text text PRIMARY KEY); INSERT INTO note VALUES ('kept')";

pub(super) fn pid(place: &Place) -> String {
    place.pid_file().expect("it can be read").expect("a server runs").pid
}

/// A field of `/proc/<pid>/stat`, counted from 0 after the program's name.
fn stat(pid: &str, field: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(field).map(str::to_owned)
}

/// Kills the postmaster and all its children as a power cut would.
pub(super) fn kill_all(place: &Place) {
    signal_all(place, "-KILL");
}

/// Sends a signal to the postmaster and all its children.
pub(super) fn signal_all(place: &Place, signal: &str) {
    let postmaster = pid(place);
    let processes = fs::read_dir("/proc").expect("this is Linux").flatten();
    let children = processes.filter_map(|entry| entry.file_name().into_string().ok());
    let mut pids: Vec<String> = children.filter(|pid| stat(pid, 1).as_ref() == Some(&postmaster)).collect();
    assert!(!pids.is_empty(), "a postmaster has children");
    pids.insert(0, postmaster);
    // A child may end by itself as soon as it misses the postmaster.
    Command::new("kill").arg(signal).args(pids).output().expect("kill exists");
}

#[tokio::test]
async fn a_second_start_finds_the_data_again() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    execute(&server, A_NOTE).await;
    server.stop().await.expect("it stops");

    let server = start(folder.path()).await;
    assert_eq!(note(&server).await, "kept");
    server.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_server_whose_processes_were_all_killed_recovers() {
    let folder = data_folder();
    let killed = start(folder.path()).await;
    execute(&killed, A_NOTE).await;
    kill_all(&killed.place);

    let server = start(folder.path()).await;
    assert_eq!(note(&server).await, "kept");
    drop(killed);
    server.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_pid_file_that_names_another_living_process_does_not_block_the_start() {
    let folder = data_folder();
    let killed = start(folder.path()).await;
    execute(&killed, A_NOTE).await;
    kill_all(&killed.place);
    let owner = killed.place.owner;
    let mut stranger = tokio::process::Command::new("sleep");
    if killed.place.switch_user {
        stranger.uid(owner.uid).gid(owner.gid);
    }
    let stranger = stranger.arg("600").stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn();
    let mut stranger = stranger.expect("sleep exists");
    let stranger_pid = stranger.id().expect("it lives").to_string();
    let pid_file = killed.place.cluster().join("postmaster.pid");
    let old = fs::read_to_string(&pid_file).expect("a killed server leaves it");
    let rest = old.split_once('\n').expect("it has many lines").1;
    fs::write(&pid_file, format!("{stranger_pid}\n{rest}")).expect("it can be written");
    let socket_lock = killed.place.home.join("socket/.s.PGSQL.5432.lock");
    fs::write(&socket_lock, format!("{stranger_pid}\n{rest}")).expect("it can be written");

    let server = start(folder.path()).await;
    assert_eq!(note(&server).await, "kept");
    assert_ne!(pid(&server.place), stranger_pid);
    assert!(stranger.try_wait().expect("it is our child").is_none(), "the stranger was left alone");
    drop(killed);
    server.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_server_that_its_process_left_behind_is_taken_over() {
    let folder = data_folder();
    let left_behind = start(folder.path()).await;
    let first_pid = pid(&left_behind.place);
    drop(left_behind);

    let server = start(folder.path()).await;
    assert_eq!(pid(&server.place), first_pid);
    connect(&server).await;
    server.stop().await.expect("it stops");
}

#[tokio::test]
async fn only_the_last_of_two_users_stops_the_server() {
    let folder = data_folder();
    let (one, other) = tokio::join!(start(folder.path()), start(folder.path()));
    one.stop().await.expect("it lets go");
    connect(&other).await;
    let cluster = other.place.cluster();
    other.stop().await.expect("it stops");
    assert!(!cluster.join("postmaster.pid").exists());
}

#[tokio::test]
async fn ctrl_c_at_our_terminal_does_not_reach_the_server() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    let (group, session) = (stat(&pid(&server.place), 2), stat(&pid(&server.place), 3));
    assert_ne!(group, stat("self", 2));
    assert_ne!(session, stat("self", 3));
    server.stop().await.expect("it stops");
}

#[tokio::test]
async fn letters_beyond_ascii_have_two_cases() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    let same: bool = sqlx::query_scalar("SELECT 'ÉCOLE' ILIKE 'école'")
        .fetch_one(&mut connect(&server).await)
        .await
        .expect("the statement is valid");
    assert!(same);
    server.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_folder_whose_path_is_too_long_for_a_socket_works() {
    let folder = data_folder();
    let long = folder.path().join("long".repeat(30));
    let server = start(&long).await;
    execute(&server, A_NOTE).await;
    let socket_dir = server.connect_options().get_socket().expect("it listens on a socket").clone();
    assert!(!socket_dir.starts_with(&long));
    server.stop().await.expect("it stops");
    fs::remove_dir(socket_dir).expect("the server left nothing in it");
}

/// Root's server runs as another user, who cannot enter a folder that is root's alone.
#[tokio::test]
async fn a_private_data_folder_works_and_is_found_again() {
    let folder = data_folder();
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).expect("it is ours");
    let server = start(folder.path()).await;
    execute(&server, A_NOTE).await;
    let home = server.place.home.clone();
    let elsewhere = server.place.switch_user;
    assert_eq!(home.starts_with(folder.path()), !elsewhere);
    server.stop().await.expect("it stops");

    let server = start(folder.path()).await;
    assert_eq!(note(&server).await, "kept");
    assert_eq!(server.place.home, home);
    server.stop().await.expect("it stops");
    if elsewhere {
        assert_eq!(home.file_name(), Some(short_hash(&folder.path().canonicalize().expect("it exists")).as_ref()));
        fs::remove_dir_all(home).expect("it is there");
    }
}

#[tokio::test]
async fn the_password_is_for_its_owner_only_and_is_asked_for() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    let mode = fs::metadata(folder.path().join("postgres.password")).expect("it was made").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(server.connect_options().password("wrong").connect().await.is_err());
    server.stop().await.expect("it stops");
}

#[tokio::test]
async fn the_servers_log_has_no_value_of_a_failed_statement() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    execute(&server, A_NOTE).await;
    let again = sqlx::query("INSERT INTO note VALUES ($1)").bind("kept").execute(&mut connect(&server).await).await;
    assert!(again.is_err());
    let log = fs::read_to_string(server.place.log()).expect("the server writes a log");
    assert!(log.contains("duplicate key"), "{log}");
    assert!(!log.contains("kept") && !log.contains("INSERT"), "{log}");
    server.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_stored_event_cannot_be_changed_by_its_only_user_either() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    let mut connection = connect(&server).await;
    migrations::MIGRATOR.run(&mut connection).await.expect("the schema can be made");
    for change in ["UPDATE events SET event_version = '2'", "DELETE FROM events", "TRUNCATE events"] {
        let refused = connection.execute(change).await.expect_err("events are kept").to_string();
        assert!(refused.contains("stored events are never changed"), "{change}: {refused}");
    }
    drop(connection);
    server.stop().await.expect("it stops");
}

#[test]
fn what_a_server_says_to_each_client_while_it_recovers_is_told_once() {
    let refused = |second: usize| {
        format!("2026-11-29 07:00:{second:02}.1 UTC [{second}] FATAL:  the database system is starting up\n")
    };
    let log = format!(
        "2026-11-29 07:00:00 UTC [1] PANIC:  could not write\n{}2026-11-29 07:00:59 UTC [1] LOG:  shut down\n",
        (1..50).map(refused).collect::<String>()
    );
    let told = super::telling_lines(&log);
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!(told.starts_with("2026-11-29 07:00:00 UTC [1] PANIC") && told.ends_with("LOG:  shut down"), "{told}");
}
