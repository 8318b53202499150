//! Tests of servers that die or take no new connections any more, with PostgreSQL's real programs.

use std::future::pending;
use std::time::{Duration, Instant};
use std::{fs, process::Command};

use super::place::Place;
use super::tests::{A_NOTE, connects, data_folder, execute, note, pid, signal_all, start};
use super::{EmbeddedPostgres, EmbeddedPostgresError};

fn postmaster(place: &Place) -> Option<String> {
    place.postmaster().expect("it can be told").map(|server| server.pid)
}

#[tokio::test]
async fn a_server_that_dies_is_started_again_once_however_many_watch_it() {
    let folder = data_folder();
    let (one, other) = tokio::join!(start(folder.path()), start(folder.path()));
    execute(&one, A_NOTE).await;
    let died = pid(&one.place);
    Command::new("kill").args(["-9", &died]).status().expect("kill exists");

    let is_back = async {
        while postmaster(&one.place).is_none_or(|pid| pid == died)
            || tokio::time::timeout(Duration::from_secs(1), connects(&one)).await != Ok(true)
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        error = one.watch() => panic!("{error:?}"),
        error = other.watch() => panic!("{error:?}"),
        back = tokio::time::timeout(Duration::from_mins(1), is_back) => back.expect("it is back in time"),
    }
    assert_eq!(note(&other).await, "kept");
    let log = fs::read_to_string(one.place.log()).expect("the server writes a log");
    assert_eq!(log.matches("starting PostgreSQL").count(), 2, "{log}");
    one.stop().await.expect("it lets go");
    other.stop().await.expect("it stops");
}

/// A service manager may send its signal to a whole group of processes. The server then waits until its clients
/// disconnect.
#[tokio::test]
async fn whoever_comes_to_a_server_that_was_told_to_shut_down_has_it_started_again() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    execute(&server, A_NOTE).await;
    let _connected = sqlx::ConnectOptions::connect(&server.connect_options()).await.expect("the server answers");
    let told = pid(&server.place);
    Command::new("kill").args(["-TERM", &told]).status().expect("kill exists");
    while server.place.fault().expect("it can be told").is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let other = tokio::time::timeout(Duration::from_mins(1), EmbeddedPostgres::start(folder.path(), pending())).await;
    let other = other.expect("it does not wait for the connected").expect("the server starts");
    assert_ne!(pid(&other.place), told);
    assert_eq!(note(&server).await, "kept");
    server.stop().await.expect("it lets go");
    other.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_server_that_hangs_is_killed_with_its_children_and_started_again() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    execute(&server, A_NOTE).await;
    let hanging = pid(&server.place);
    signal_all(&server.place, "-STOP");

    server.revive().await.expect("it is started again");
    assert_ne!(pid(&server.place), hanging);
    assert_eq!(note(&server).await, "kept");
    server.stop().await.expect("it stops");
}

#[tokio::test]
async fn waiting_for_a_server_that_hangs_ends_when_it_is_interrupted() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    signal_all(&server.place, "-STOP");
    let began = Instant::now();
    let interrupted = EmbeddedPostgres::start(folder.path(), tokio::time::sleep(Duration::from_secs(1))).await;
    assert!(matches!(interrupted, Err(EmbeddedPostgresError::Interrupted)), "{interrupted:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    signal_all(&server.place, "-CONT");
    server.stop().await.expect("it stops");
}

/// A process without file descriptors once took its server for dead, and removed what the next start needs to see.
#[tokio::test]
async fn the_pid_file_of_a_living_server_is_never_removed() {
    let folder = data_folder();
    let server = start(folder.path()).await;
    let living = pid(&server.place);
    server.place.remove_stale_pid_files().expect("it can look");
    assert_eq!(postmaster(&server.place), Some(living));
    server.stop().await.expect("it stops");
}
