//! Addresses of something else than what a setting wants.

use super::process::DataFolder;

#[tokio::test]
async fn a_database_url_that_is_not_postgresqls_is_refused_in_words_that_help() {
    let folder = DataFolder::new();
    for (url, expected) in [
        ("mysql://asha:s3cret@db/ayushma", "an address of mysql"),
        ("postgress://asha:s3cret@db/ayushma", "an address of postgress"),
        ("asha:s3cret@db/ayushma", "not of the form"),
        ("postgres://", "not of the form"),
        ("", "blank"),
    ] {
        let refused = folder.run(&["migrate", "--database-url", url], "").await.failed();
        assert!(refused.contains("DATABASE_URL") && refused.contains(expected), "{url}: {refused}");
        assert!(refused.contains("postgres://user:password@host:port/database"), "{url}: {refused}");
        assert!(!refused.contains("s3cret"), "{refused}");
    }
    assert!(!folder.path().join("postgres").exists(), "nothing was started");
}

#[tokio::test]
async fn other_addresses_are_checked_before_anything_is_started_too() {
    let folder = DataFolder::new();
    for (setting, address) in [
        ("--openai-base-url", "localhost:11434/v1"),
        ("--pgvector-url", "mysql://db/vectors"),
        ("--s3-endpoint", "s3://bucket"),
        ("--smtp-url", "https://mail.example"),
        ("--frontend-url", "ayushma.example"),
        ("--public-url", "ayushma.example"),
        ("--self-hosted-stt-url", "ws://speech"),
    ] {
        let refused = folder.run(&["serve", "--listen", "127.0.0.1:0", setting, address], "").await.failed();
        let name = setting.trim_start_matches('-').replace('-', "_").to_uppercase();
        assert!(refused.contains(&name) && refused.contains("form"), "{setting}: {refused}");
    }
    assert!(!folder.path().join("postgres").exists(), "nothing was started");
}

#[tokio::test]
async fn a_place_to_listen_that_is_no_number_is_refused_with_an_example() {
    let folder = DataFolder::new();
    let refused = folder.run(&["serve", "--listen", "localhost:8000"], "").await;
    assert_eq!(refused.code(), Some(2));
    assert!(refused.stderr().contains("such as 127.0.0.1:8000"), "{}", refused.stderr());
}
