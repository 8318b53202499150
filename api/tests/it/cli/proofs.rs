//! Proofs of single events on the command line, by the real binary.

use std::{fs, path::Path, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::process::DataFolder;

/// The verifier key that `publish` has printed.
fn key_in(said: &str) -> String {
    said.lines().find_map(|line| line.strip_prefix("verifier key: ")).expect("a key").to_owned()
}

#[tokio::test]
async fn an_event_of_a_published_log_is_proved_without_the_database_and_also_after_the_persons_erasure() {
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let public = tempfile::tempdir().expect("a folder");
    let published = public.path().join("log");
    let path = published.to_str().expect("a path");
    let said = folder.run(&["audit", "publish", path, "--origin", "hospital.example"], "").await.succeeded();
    let key = key_in(&said);
    assert!(key.starts_with("hospital.example/log/"), "{said}");

    let make = ["audit", "receipt", path, "1", "--origin", "hospital.example"];
    let receipt = folder.run(&make, "").await.succeeded();
    let file = public.path().join("1.tlog-proof");
    fs::write(&file, &receipt).expect("writable");
    let verify = async |file: &Path, key: &str| {
        // A folder without a database: nothing but the receipt and the key.
        DataFolder::new().run(&["audit", "verify-receipt", file.to_str().expect("a path"), "--key", key], "").await
    };
    let proved = verify(&file, &key).await.succeeded();
    assert!(proved.starts_with("ayushma event v1\n1\nuser\nRegistered\n"), "{proved}");

    let altered = public.path().join("altered.tlog-proof");
    for (from, to) in [("index 0", "index 1"), ("extra ", "extra QQ"), ("\n\n", "\n")] {
        fs::write(&altered, receipt.replacen(from, to, 1)).expect("writable");
        let refused = verify(&altered, &key).await.failed();
        assert!(refused.contains("is refused"), "{from:?}: {refused}");
    }
    let cut = &receipt[..receipt.len() - 20];
    fs::write(&altered, cut).expect("writable");
    verify(&altered, &key).await.failed();

    // What came later is published beside it, and what was proved stays proved.
    folder.make_superuser("binu@example.com", "binu").await.succeeded();
    folder.run(&["user", "erase", "--email", "asha@example.com", "--yes"], "").await.succeeded();
    let said = folder.run(&["audit", "publish", path, "--origin", "hospital.example"], "").await.succeeded();
    assert!(!said.contains(" 0 of them new") && key_in(&said) == key, "{said}");
    assert_eq!(verify(&file, &key).await.succeeded(), proved);
    let again = folder.run(&make, "").await.succeeded();
    assert_ne!(again, receipt, "it names the newer checkpoint");
    fs::write(&file, &again).expect("writable");
    assert_eq!(
        verify(&file, &key).await.succeeded().lines().take(6).collect::<Vec<_>>(),
        proved.lines().take(6).collect::<Vec<_>>()
    );

    let beyond = folder.run(&["audit", "receipt", path, "999", "--origin", "hospital.example"], "").await.failed();
    assert!(beyond.contains("gives no receipt of position 999"), "{beyond}");
    let other = folder.run(&["audit", "publish", path, "--origin", "other.example"], "").await.failed();
    assert!(other.contains("is not a folder of this log"), "{other}");
}

/// The formats' own programs, and one in plain Python.
#[tokio::test]
async fn programs_that_are_not_ours_accept_the_published_log_and_its_receipts() {
    let folder = DataFolder::new();
    for name in ["asha", "binu"] {
        folder.make_superuser(&format!("{name}@example.com"), name).await.succeeded();
    }
    let public = tempfile::tempdir().expect("a folder");
    let log = public.path().join("log");
    let path = log.to_str().expect("a path");
    let key = key_in(&folder.run(&["audit", "publish", path], "").await.succeeded());
    fs::write(public.path().join("key"), format!("{key}\n")).expect("writable");
    let receipts = public.path().join("receipts");
    fs::create_dir(&receipts).expect("writable");
    let receipt = folder.run(&["audit", "receipt", path, "2"], "").await.succeeded();
    fs::write(receipts.join("1.tlog-proof"), &receipt).expect("writable");
    let entry = receipt.lines().find_map(|line| line.strip_prefix("extra ")).expect("the record of the event");
    fs::write(receipts.join("1.entry"), BASE64.decode(entry).expect("base64")).expect("writable");

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    let run = |program: &Path, argument: &Path| {
        let output = Command::new(program).arg(argument).output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    // scripts/proof/proof.sh installs it.
    let foreign = run(&root.join("scripts/proof/proof.sh"), Path::new("path"));
    let said = run(Path::new(foreign.trim()), public.path());
    assert!(said.contains("1 receipts (receipts): torchwood agrees"), "{said}");
    let said = run(&root.join("scripts/proof/check_log.py"), &log);
    assert!(said.contains("entries make up the root"), "{said}");
}
