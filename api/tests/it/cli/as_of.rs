//! What was, on the command line, by the real binary.

use serde_json::Value;

use super::process::DataFolder;

#[tokio::test]
async fn an_auditor_reads_what_a_project_was_and_what_is_different_later() {
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let project = folder.make_project("Ward").await;
    let json = folder.run(&["audit", "as-of", "project", &project, "--json"], "").await.succeeded();
    let now: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&now["state"], &now["fields"]["title"]), (&"existing".into(), &"Ward".into()));
    let end = now["at"]["position"].as_i64().expect("a number");
    let made = now["last_event"].as_i64().expect("a number");

    let at = made.to_string();
    let said = folder.run(&["audit", "as-of", "project", &project, "--at", &at, "--documents"], "").await.succeeded();
    let (head, rest) = said.split_once('\n').expect("several lines");
    assert!(head.starts_with(&format!("project {project} at position {made} of the log ")), "{said}");
    assert!(head.ends_with(": existing") && rest.contains("    title: \"Ward\"\n"), "{said}");
    let before = (made - 1).to_string();
    let said =
        folder.run(&["audit", "as-of", "project", &project, "--at", &before, "--compare", &at], "").await.succeeded();
    assert!(said.contains(": absent\n") && said.contains("    title: none -> \"Ward\"\n"), "{said}");
    let same = folder.run(&["audit", "as-of", "project", &project, "--compare", &at], "").await.succeeded();
    assert!(same.ends_with("    nothing is different\n"), "{same}");

    let beyond = (end + 1).to_string();
    for (at, told) in [
        (beyond.as_str(), format!("the log ends at position {end}, before position {beyond}")),
        ("-1", "there is no position -1".to_owned()),
        ("2001-01-01T00:00:00Z", "the log begins at ".to_owned()),
        ("2999-01-01T00:00:00Z", "is later than".to_owned()),
        ("00000000-0000-0000-0000-000000000001@1", "and this one is the log ".to_owned()),
    ] {
        let refused = folder.run(&["audit", "as-of", "project", &project, "--at", at], "").await.failed();
        assert!(refused.contains(&told), "{at}: {refused}");
    }
    let refused = folder.run(&["audit", "as-of", "chat", &project], "").await.failed();
    assert!(refused.contains(&format!("the log has no chat with the id {project}")), "{refused}");
    let wrong = folder.run(&["audit", "as-of", "project", &project, "--at", "yesterday"], "").await;
    assert_eq!(wrong.code(), Some(2), "{}", wrong.stderr());
}
