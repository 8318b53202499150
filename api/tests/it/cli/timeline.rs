//! Histories on the command line, by the real binary.

use serde_json::Value;

use super::process::DataFolder;

#[tokio::test]
async fn an_auditor_reads_what_happened_to_a_project_and_to_an_account() {
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let project = folder.make_project("Ward").await;
    let said = folder.run(&["audit", "timeline", "project", &project], "").await.succeeded();
    let (head, rest) = said.split_once('\n').expect("several lines");
    assert!(head.contains("Created  by system:command-line"), "{said}");
    assert!(rest.contains("    title: \"Ward\"\n") && rest.contains("    command "), "{said}");

    let json = folder.run(&["audit", "timeline", "project", &project, "--json"], "").await.succeeded();
    let page: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&page["events"][0]["sequence"], &page["next_after"]), (&1.into(), &Value::Null));
    assert_eq!(page["events"][0]["actor"]["who"], "system:command-line");

    let none = folder.run(&["audit", "timeline", "project", &project, "--type", "Archived"], "").await.succeeded();
    assert_eq!(none, "no event of it is as it was asked for\n");
    let refused = folder.run(&["audit", "timeline", "chat", &project], "").await.failed();
    assert!(refused.contains(&format!("the log has no chat with the id {project}")), "{refused}");
    for wrong in [["--type", "Arhcived"], ["--actor", "asha"], ["--from", "yesterday"], ["--limit", "0"]] {
        let ended = folder.run(&[&["audit", "timeline", "project", &project], &wrong[..]].concat(), "").await;
        assert_eq!(ended.code(), Some(2), "{wrong:?}: {}", ended.stderr());
    }
}
