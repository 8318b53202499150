//! Erasure by the steps, retention, and certificates, as operators and auditors use them.

use std::{fs, os::unix::fs::symlink};

use super::process::DataFolder;

/// A folder with three superusers.
async fn hospital() -> DataFolder {
    let folder = DataFolder::new();
    for name in ["asha", "ravi", "kavya"] {
        folder.make_superuser(&format!("{name}@example.com"), name).await.succeeded();
    }
    folder
}

#[tokio::test]
async fn one_asks_another_approves_and_the_certificate_is_verified_without_a_database() {
    let folder = hospital().await;
    let two = ["--erasure-approval", "two"];
    let alone = [&["user", "erase", "--email", "asha@example.com", "--yes"], &two[..]].concat();
    let refused = folder.run(&alone, "").await.failed();
    assert!(refused.contains("takes two persons"), "{refused}");

    let ask = ["erasure", "request", "--email", "asha@example.com", "--reason", "subject_request"];
    let nobody = [&ask[..], &["--by", "nobody@example.com"], &two].concat();
    assert!(folder.run(&nobody, "").await.failed().contains("there is no account"));
    let ask = [&ask[..], &["--by", "ravi@example.com", "--file-number", "2026/114"], &two].concat();
    let request = folder.run(&ask, "").await.succeeded().trim().to_owned();
    let listed = folder.run(&["erasure", "list"], "").await.succeeded();
    assert!(listed.contains(&request) && listed.contains("requested") && listed.contains("2026/114"), "{listed}");

    let approve = |by| [&["erasure", "approve", request.as_str(), "--yes", "--by", by], &two[..]].concat();
    let refused = folder.run(&approve("ravi@example.com"), "").await.failed();
    assert!(refused.contains("another person"), "{refused}");
    let said = folder.run(&approve("kavya@example.com"), "").await.succeeded();
    assert!(said.contains("certificate"), "{said}");
    assert_eq!(folder.run(&["erasure", "list"], "").await.succeeded(), "", "nothing is open any more");

    let certificate = folder.run(&["erasure", "certificate", &request], "").await.succeeded();
    assert!(!certificate.contains("asha") && certificate.contains("\nrule two\n"), "{certificate}");
    let file = folder.path().join("certificate");
    fs::write(&file, &certificate).expect("written");
    let key = folder.run(&["erasure", "public-key"], "").await.succeeded().trim().to_owned();
    let file = file.to_str().expect("a plain name");
    let elsewhere = DataFolder::new();
    let verify = ["erasure", "verify-certificate", file, "--key", &key];
    let said = elsewhere.run(&verify, "").await.succeeded();
    assert!(said.contains("is signed by this key"), "{said}");
    let said = folder.run(&[&verify[..], &["--against-log"]].concat(), "").await.succeeded();
    assert!(said.contains("the log has it all"), "{said}");

    fs::write(file, certificate.replace("store views", "store media")).expect("written");
    let refused = elsewhere.run(&verify, "").await.failed();
    assert!(refused.contains("altered"), "{refused}");
}

#[tokio::test]
async fn the_key_of_certificates_is_that_of_the_published_log() {
    let folder = hospital().await;
    let published = folder.path().join("published");
    let publish = ["audit", "publish", "--folder", published.to_str().expect("a plain name")];
    let said = folder.run(&publish, "").await.succeeded();
    let key = folder.run(&["erasure", "public-key"], "").await.succeeded();
    assert!(said.contains(&format!("verifier key: {}", key.trim())), "{said}\n{key}");
}

#[tokio::test]
async fn a_hold_stops_every_way_to_erase_and_is_lifted_by_its_id() {
    let folder = hospital().await;
    let hold = ["erasure", "hold", "--email", "asha@example.com", "--reason", "litigation"];
    let named = [&hold[..], &["--file-number", "Asha Nair"]].concat();
    assert_eq!(folder.run(&named, "").await.code(), Some(2), "a name is no file number");
    let hold = folder.run(&hold, "").await.succeeded().trim().to_owned();
    let erase = ["user", "erase", "--email", "asha@example.com", "--yes"];
    let refused = folder.run(&erase, "").await.failed();
    assert!(refused.contains("legal hold") && refused.contains(&hold) && refused.contains("litigation"), "{refused}");
    folder.run(&["erasure", "lift", &hold], "").await.succeeded();
    let said = folder.run(&erase, "").await.succeeded();
    assert!(said.contains("erased"), "{said}");
}

#[tokio::test]
async fn an_erasure_that_does_not_reach_a_store_is_listed_until_it_does() {
    let folder = hospital().await;
    let (ledger, place) = (folder.path().join("erasures.log"), folder.path().join("another-disk"));
    // The disk of the ledger is not mounted.
    symlink(place.join("erasures.log"), &ledger).expect("it is not there yet");
    let told = folder.run(&["user", "erase", "--email", "asha@example.com", "--yes"], "").await.failed();
    assert!(told.contains("not noted outside the database"), "{told}");
    let listed = folder.run(&["erasure", "list"], "").await.succeeded();
    assert!(listed.contains("incomplete"), "{listed}");

    fs::create_dir(&place).expect("it is mounted");
    let mut server = folder.serve(&[]).await;
    for _ in 0..600 {
        if folder.run(&["erasure", "list"], "").await.succeeded().is_empty() {
            let noted = fs::read_to_string(&ledger).expect("it is written anew");
            assert_eq!(noted.lines().count(), 1, "{noted}");
            server.terminate().await;
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    server.line_with("an erasure").await;
    panic!("it is not completed");
}

#[tokio::test]
async fn retention_is_shown_and_proved_by_the_settings() {
    let folder = hospital().await;
    let unset = folder.run(&["retention", "status"], "").await.failed();
    assert!(unset.contains("RETENTION_"), "{unset}");
    let rule = ["--retention-content", "not_before=1d,not_after=9d", "--retention-embeddings", "not_after=0d"];
    let status = folder.run(&[&["retention", "status"], &rule[..]].concat(), "").await.succeeded();
    assert!(status.contains("content (not_before=1d,not_after=9d): 0 to be kept, 0 due"), "{status}");
    let proved = folder.run(&[&["retention", "verify"], &rule[..]].concat(), "").await.succeeded();
    assert!(proved.contains("nothing was erased too early or kept too long"), "{proved}");

    let project = folder.make_project("Ward 3").await;
    let documents = folder.documents(&[("zinc.txt", "Zinc is given for fourteen days.")]);
    let import = ["import-documents", documents.to_str().expect("a plain name"), "--project", &project];
    folder.run(&import, "").await.succeeded();
    let found = folder.run(&[&["retention", "verify"], &rule[..]].concat(), "").await;
    assert_eq!(found.code(), Some(3), "{}", found.stdout());
    assert!(found.stdout().contains("WRONG: embeddings") && found.stdout().contains("still there"));
    let wrong = folder.run(&["retention", "verify", "--retention-content", "for ever"], "").await;
    assert_eq!(wrong.code(), Some(2));
}
