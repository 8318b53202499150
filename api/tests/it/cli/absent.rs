//! Commands without what they need: a database that answers, an installation.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use super::process::DataFolder;

/// They are run by other programs, which would wait for ever, too.
#[tokio::test]
async fn a_command_does_not_wait_for_ever_for_a_database_that_is_away_or_says_nothing() {
    let away = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let gone = away.local_addr().expect("it listens").to_string();
    drop(away);
    // It takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let says_nothing = silent.local_addr().expect("it listens").to_string();
    let folder = DataFolder::new();
    let began = Instant::now();
    for address in [gone, says_nothing] {
        let url = format!("postgres://asha:s3cret@{address}/ayushma");
        let (status, migrate) = (["status", "--database-url", &url], ["migrate", "--database-url", &url]);
        let (status, migrate) = tokio::join!(folder.run(&status, ""), folder.run(&migrate, ""));
        for refused in [status.failed(), migrate.failed()] {
            assert!(refused.contains(&format!("error: PostgreSQL at {address}")), "{refused}");
            assert!(!refused.contains("s3cret"), "{refused}");
        }
    }
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
}

/// In the wrong folder, a log that was made just now would be found to be all right.
#[tokio::test]
async fn a_command_that_looks_at_an_installation_does_not_make_one() {
    let folder = DataFolder::new();
    let commands: [&[&str]; 8] = [
        &["audit", "verify"],
        &["audit", "public-key"],
        &["status"],
        &["parked", "list"],
        &["rebuild", "--all"],
        &["log", "restored"],
        &["keys", "rotate", "--new-master-key-file", "new.key"],
        &["service", "list"],
    ];
    let data = folder.path().join("not-here");
    for command in commands {
        let at = ["--data-dir", data.to_str().expect("it is text")];
        let refused = folder.run(&[command, &at].concat(), "").await.failed();
        assert!(refused.contains("there is no installation in ") && refused.contains("not-here"), "{refused}");
    }
    assert!(!data.exists());
    assert!(!folder.path().join("new.key").exists());
}
