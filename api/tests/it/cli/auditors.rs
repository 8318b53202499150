//! Auditors and the record of accesses on the command line, by the real binary.

use super::process::DataFolder;

#[tokio::test]
async fn the_operator_appoints_auditors_who_have_no_other_role_and_reads_who_read_what() {
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let refused = folder.run(&["user", "appoint-auditor", "--email", "asha@example.com"], "").await.failed();
    assert!(refused.contains("an auditor is neither staff nor reviewer nor superuser"), "{refused}");
    let refused = folder.run(&["user", "appoint-auditor", "--email", "ravi@example.com"], "").await.failed();
    assert!(refused.contains("there is no account with this e-mail address"), "{refused}");
    let said = folder.run(&["user", "dismiss-auditor", "--email", "asha@example.com"], "").await.succeeded();
    assert_eq!(said, "asha@example.com is no auditor\n");

    let none = folder.run(&["audit", "accesses"], "").await.succeeded();
    assert_eq!(none, "no access is on record that is as it was asked for\n");
    let json = folder.run(&["audit", "accesses", "--json"], "").await.succeeded();
    let page: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(page, serde_json::json!({ "accesses": [], "next_after": null }));
    let found = folder.run(&["audit", "find", "ASHA"], "").await.succeeded();
    let (id, rest) = found.split_once("  ").expect("an id and names");
    assert!(rest.starts_with("asha  ") && rest.contains("asha@example.com"), "{found}");
    let none = folder.run(&["audit", "find", "--owner", id], "").await.succeeded();
    assert_eq!(none, "nothing was found\n");
    assert_eq!(folder.run(&["audit", "find"], "").await.code(), Some(2));
    for wrong in [["--reader", "asha"], ["--owner", "asha"], ["--from", "yesterday"], ["--limit", "0"]] {
        let ended = folder.run(&[&["audit", "accesses"], &wrong[..]].concat(), "").await;
        assert_eq!(ended.code(), Some(2), "{wrong:?}: {}", ended.stderr());
    }
}
