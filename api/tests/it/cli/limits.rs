//! A machine that gives the program less than it would like.

use std::fs;

use super::process::DataFolder;

#[tokio::test]
async fn a_low_soft_limit_of_open_files_does_not_limit_the_connections() {
    let folder = DataFolder::new();
    let mut server = folder.begin_to_serve_after("ulimit -S -n 256");
    server.begins_to_serve().await;
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.pid())).expect("this is Linux");
    let open_files = limits.lines().find(|line| line.starts_with("Max open files")).expect("it is listed");
    let mut numbers = open_files.split_whitespace().filter_map(|word| word.parse::<u64>().ok());
    let (soft, hard) = (numbers.next().expect("a number"), numbers.next().unwrap_or(u64::MAX));
    assert_eq!(soft, hard.min(65_536), "{open_files}");
    server.terminate().await;
}

#[tokio::test]
async fn who_starts_a_server_whose_answers_nobody_can_speak_is_told_so() {
    let folder = DataFolder::new();
    let mut server = folder.begin_to_serve_without_programs();
    let warning = server.said("answers cannot be heard").await;
    assert!(warning.contains("WARN") && warning.contains("install espeak-ng"), "{warning}");
    server.begins_to_serve().await;
    server.terminate().await;
}
