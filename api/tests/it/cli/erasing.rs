//! Erasing a person and changing the master key, as an operator does.

use std::fs;

use super::process::DataFolder;

#[tokio::test]
async fn a_person_is_erased_when_that_is_confirmed_and_noted_in_the_ledger() {
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let erase = ["user", "erase", "--email", "asha@example.com"];
    let refused = folder.run(&erase, "").await.failed();
    assert!(refused.contains("--yes"), "{refused}");
    let erase = [&erase[..], &["--yes"]].concat();
    let close = ["user", "deactivate", "--email", "asha@example.com"];
    for last in [&erase[..], &close] {
        let refused = folder.run(last, "").await.failed();
        assert!(refused.contains("ayushma createsuperuser"), "{refused}");
    }
    folder.make_superuser("ravi@example.com", "ravi").await.succeeded();
    folder.run(&erase, "").await.succeeded();
    let gone = folder.run(&erase, "").await.failed();
    assert!(gone.contains("there is no account"), "{gone}");
    let noted = fs::read_to_string(folder.path().join("erasures.log")).expect("there is a ledger");
    assert_eq!(noted.lines().count(), 1, "{noted}");
    // The address is free.
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
}

#[tokio::test]
async fn a_lost_master_key_is_asked_for_and_no_other_one_is_made() {
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let key = folder.path().join("master.key");
    let lost = fs::read(&key).expect("it was made");
    fs::remove_file(&key).expect("it is there");
    let refused = folder.run(&["create-project", "--title", "Ward 3"], "").await.failed();
    assert!(refused.contains("put the file back from its backup"), "{refused}");
    assert!(!key.exists());
    fs::write(&key, "ab".repeat(32)).expect("written");
    let refused = folder.run(&["create-project", "--title", "Ward 3"], "").await.failed();
    assert!(refused.contains("does not fit this database"), "{refused}");
    fs::write(&key, lost).expect("written");
    folder.make_project("Ward 3").await;
}

#[tokio::test]
async fn the_master_key_is_changed_and_a_change_that_was_interrupted_is_completed() {
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let (key, new) = (folder.path().join("master.key"), folder.path().join("new.key"));
    let old = fs::read(&key).expect("it was made");
    let rotate = ["keys", "rotate", "--new-master-key-file", new.to_str().expect("a plain name")];
    let said = folder.run(&rotate, "").await.succeeded();
    assert!(said.contains("wrapped 2 keys anew"), "{said}");
    assert_eq!(fs::read(&key).expect("readable"), fs::read(&new).expect("readable"));
    let taken = folder.make_superuser("asha@example.com", "other").await.failed();
    assert!(taken.contains("the e-mail address is taken"), "{taken}");

    // As if it had been killed after the transaction.
    fs::write(&key, &old).expect("written");
    let refused = folder.run(&["create-project", "--title", "Ward 3"], "").await.failed();
    assert!(refused.contains("after `ayushma keys rotate` it is the new one"), "{refused}");
    folder.run(&rotate, "").await.succeeded();
    assert_eq!(fs::read(&key).expect("readable"), fs::read(&new).expect("readable"));
    folder.make_project("Ward 3").await;
}
