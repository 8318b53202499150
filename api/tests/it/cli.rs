//! The binary as people use it: the real program, the real PostgreSQL of the machine, a data folder for each test.

mod absent;
mod addresses;
mod as_of;
mod auditors;
mod bundles;
mod databases;
mod dying;
mod ending;
mod erasing;
mod erasure_steps;
mod explaining;
mod folders;
mod formats;
mod limits;
mod process;
mod proofs;
mod provenance;
mod reading;
mod reading_only;
mod rebuild;
mod restoring;
mod rotating;
mod stream;
mod timeline;
mod unwritable;

use process::{DataFolder, PASSWORD};

/// The password of the first admin, out of what `serve --demo` shows.
async fn shown_password(server: &mut process::Server) -> String {
    let line = server.said("    password  ").await;
    line.split_whitespace().last().expect("the line ends with it").to_owned()
}

#[tokio::test]
async fn help_lists_every_command_and_the_first_steps() {
    let help = DataFolder::new().run(&["--help"], "").await.succeeded();
    for word in ["serve", "migrate", "createsuperuser", "create-project", "import-documents", "First steps", "--demo"] {
        assert!(help.contains(word), "{word} is missing in:\n{help}");
    }
    let (settings, hint) = (help.find("--data-dir"), help.find("Every setting above can be a flag"));
    assert!(settings.is_some() && settings < hint, "settings are where it says:\n{help}");
}

#[tokio::test]
async fn every_command_has_help_with_an_example() {
    let folder = DataFolder::new();
    for command in [
        "serve",
        "migrate",
        "createsuperuser",
        "create-project",
        "import-documents",
        "service",
        "status",
        "parked",
        "audit",
        "log",
        "user",
        "chat",
        "keys",
        "rebuild",
        "stream",
        "evaluate-retrieval",
    ] {
        let help = folder.run(&["help", command], "").await.succeeded();
        assert!(help.contains("Example"), "{command}:\n{help}");
    }
}

#[tokio::test]
async fn a_second_superuser_with_a_taken_value_is_refused() {
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let refused = folder.make_superuser("ASHA@example.com", "other").await.failed();
    assert!(refused.contains("the e-mail address is taken"), "{refused}");
    let refused = folder.make_superuser("other@example.com", "asha").await.failed();
    assert!(refused.contains("the username is taken"), "{refused}");
    assert!(!folder.database_runs());
}

#[tokio::test]
async fn a_weak_password_is_refused_before_anything_is_started() {
    let folder = DataFolder::new();
    let arguments = ["createsuperuser", "--email", "a@example.com", "--username", "asha", "--password-stdin"];
    let refused = folder.run(&arguments, "12345\n").await.failed();
    assert!(refused.contains("This password is too short"), "{refused}");
    assert!(!folder.path().join("postgres").exists());
}

#[tokio::test]
async fn what_commands_made_without_a_server_is_there_when_one_starts() {
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let project = folder.make_project("Ward 3").await;
    let documents = folder.documents(&[("hands.md", "# Washing hands\n\nWash them for 30 seconds.\n")]);
    let path = documents.to_str().expect("it is text");
    let imported = folder.run(&["import-documents", path, "--project", &project], "").await.succeeded();
    assert!(imported.contains("1 documents with 1 passages"), "{imported}");

    let server = folder.serve(&[]).await;
    let token = server.log_in("asha@example.com", PASSWORD).await.expect("the account is there");
    let shown = server.get(&format!("/api/projects/{project}/documents"), &token).await;
    assert_eq!(
        (&shown["results"][0]["title"], &shown["results"][0]["uploading"]),
        (&"Washing hands".into(), &false.into())
    );
    assert_eq!(server.terminate().await.0, Some(0));
}

#[tokio::test]
async fn commands_work_beside_a_running_server() {
    let folder = DataFolder::new();
    let server = folder.serve(&[]).await;
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let token = server.log_in("asha@example.com", PASSWORD).await.expect("the account can be used at once");
    let project = folder.make_project("Ward 3").await;
    let documents = folder.documents(&[("hands.md", "# Washing hands\n\nWash them for 30 seconds.\n")]);
    let path = documents.to_str().expect("it is text");
    folder.run(&["import-documents", path, "--project", &project], "").await.succeeded();
    let shown = server.get(&format!("/api/projects/{project}/documents"), &token).await;
    assert_eq!(shown["count"], 1);
    assert!(folder.database_runs());
    server.terminate().await;
}

#[tokio::test]
async fn an_import_names_what_failed_and_goes_on_with_the_others() {
    let folder = DataFolder::new();
    let project = folder.make_project("Ward 3").await;
    let documents = folder.documents(&[("empty.md", " \n"), ("hands.txt", "Wash them."), (".hidden.md", "# No")]);
    let path = documents.to_str().expect("it is text");
    let imported = folder.run(&["import-documents", path, "--project", &project], "").await;
    imported.failed();
    let summary = imported.stdout();
    assert!(summary.contains("1 documents with 1 passages") && summary.contains("1 failed"), "{summary}");
    assert!(summary.contains("failed: empty.md: "), "{summary}");
}

#[tokio::test]
async fn an_import_into_no_project_says_so() {
    let folder = DataFolder::new();
    folder.run(&["migrate"], "").await.succeeded();
    let documents = folder.documents(&[("hands.txt", "Wash them.")]);
    let project = "0198c3b2-7d1e-7c43-a1b2-5d2f0c9e8a71";
    let path = documents.to_str().expect("it is text");
    let refused = folder.run(&["import-documents", path, "--project", project], "").await.failed();
    assert!(refused.contains("there is no project"), "{refused}");
}

#[tokio::test]
async fn the_demo_can_be_tried_at_once_and_its_password_is_in_no_log_line() {
    let folder = DataFolder::new();
    let mut server = folder.serve(&["--demo"]).await;
    let password = shown_password(&mut server).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/try.sh");
    let mut trying = tokio::process::Command::new(script);
    let tried = trying.args([&server.url, "admin@example.com", &password]).output().await.expect("the script starts");
    assert!(tried.status.success(), "{}", String::from_utf8_lossy(&tried.stderr));
    let (code, said) = server.terminate().await;
    assert_eq!(code, Some(0));
    assert_eq!(said.matches(&password).count(), 2, "once by itself, once in the command to try:\n{said}");
}

#[tokio::test]
async fn a_killed_server_starts_again_with_its_data_and_its_demo_is_not_made_twice() {
    let folder = DataFolder::new();
    let mut server = folder.serve(&["--demo"]).await;
    let password = shown_password(&mut server).await;
    server.kill().await;
    assert!(folder.database_runs(), "nobody was left to stop it");

    let mut server = folder.serve(&["--demo"]).await;
    server.said("There is an account already").await;
    let token = server.log_in("admin@example.com", &password).await.expect("the account is still there");
    let projects = server.get("/api/projects", &token).await;
    assert_eq!(projects["count"], 1);
    let project = projects["results"][0]["external_id"].as_str().expect("it has an id").to_owned();
    assert_eq!(server.get(&format!("/api/projects/{project}/documents"), &token).await["count"], 12);
    server.terminate().await;
}

#[tokio::test]
async fn a_server_that_is_asked_to_end_stops_its_database() {
    let folder = DataFolder::new();
    let server = folder.serve(&[]).await;
    assert!(folder.database_runs());
    let (code, said) = server.terminate().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(!folder.database_runs());
    assert!(!said.contains("ERROR"), "{said}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let address = taken.local_addr().expect("it listens").to_string();
    let folder = DataFolder::new();
    let refused = folder.run(&["serve", "--listen", &address], "").await.failed();
    assert!(refused.contains(&format!("cannot listen on {address}")), "{refused}");
    assert!(!folder.database_runs());
}

#[tokio::test]
async fn a_database_that_is_away_is_named_and_tried_again_without_showing_the_password() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = nobody.local_addr().expect("it listens").to_string();
    drop(nobody);
    let folder = DataFolder::new();
    let url = format!("postgres://asha:s3cret@{address}/ayushma");
    let mut server = folder.begin_to_serve(&["--database-url", &url]);
    for _ in 0..2 {
        let line = server.line_with("does not answer").await;
        assert!(line.contains(&address) && line.contains("trying again"), "{line}");
    }
    let (code, said) = server.terminate().await;
    assert_eq!(code, Some(1));
    assert!(said.contains("interrupted while waiting for PostgreSQL") && !said.contains("s3cret"), "{said}");
}

#[tokio::test]
async fn settings_come_from_a_file_in_the_current_folder_and_blank_ones_count_as_absent() {
    let folder = DataFolder::new();
    std::fs::write(folder.path().join(".env"), "KAFKA_BROKERS=\nOPENAI_API_KEY=\nLISTEN=nonsense\n")
        .expect("it is ours");
    folder.run(&["migrate"], "").await.succeeded();
    let refused = folder.run(&["serve"], "").await;
    assert!(refused.stderr().contains("nonsense"), "{}", refused.stderr());
}

#[tokio::test]
async fn a_service_gets_a_key_that_can_be_taken_back() {
    let folder = DataFolder::new();
    let server = folder.serve(&[]).await;
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let create = ["service", "create", "--name", "Ward tablets", "--allow-key", "--owner"];
    let refused = folder.run(&[&create[..], &["nobody@example.com"]].concat(), "").await.failed();
    assert!(refused.contains("there is no account with the e-mail address nobody@example.com"), "{refused}");
    let made = folder.run(&[&create[..], &["asha@example.com"]].concat(), "").await.succeeded();
    let service = made.trim();
    let issue = ["service", "issue-key", "--service", service, "--title", "Tablet 3"];
    let issued = folder.run(&issue, "").await.succeeded();
    let key = issued.trim();
    assert_eq!(server.status_with_key("/api/chats", key).await, 200);
    let listed = folder.run(&["service", "list"], "").await.succeeded();
    assert!(listed.contains(service) && listed.contains("Ward tablets") && listed.contains("Tablet 3"), "{listed}");
    assert!(!listed.contains(key), "{listed}");
    let id = listed.lines().find_map(|line| line.trim().strip_prefix("key ")?.split_whitespace().next());
    folder.run(&["service", "revoke-key", id.expect("the key is listed")], "").await.succeeded();
    assert_eq!(server.status_with_key("/api/chats", key).await, 401);
    folder.run(&["service", "delete", service], "").await.succeeded();
    assert_eq!(folder.run(&["service", "list"], "").await.succeeded().trim(), "");
    let (_, said) = server.terminate().await;
    assert!(!said.contains(key));
}
