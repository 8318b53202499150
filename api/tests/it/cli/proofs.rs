//! Proofs of single events on the command line, by the real binary.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::process::DataFolder;
use crate::installation::until;

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
    let said = folder
        .run(&["audit", "publish", "--folder", path, "--proofs-origin", "hospital.example"], "")
        .await
        .succeeded();
    let key = key_in(&said);
    assert!(key.starts_with("hospital.example/log/"), "{said}");

    let make = ["audit", "receipt", "1", "--folder", path, "--proofs-origin", "hospital.example"];
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
    let said = folder
        .run(&["audit", "publish", "--folder", path, "--proofs-origin", "hospital.example"], "")
        .await
        .succeeded();
    assert!(!said.contains(" 0 of them new") && key_in(&said) == key, "{said}");
    assert_eq!(verify(&file, &key).await.succeeded(), proved);
    let again = folder.run(&make, "").await.succeeded();
    assert_ne!(again, receipt, "it names the newer checkpoint");
    fs::write(&file, &again).expect("writable");
    assert_eq!(
        verify(&file, &key).await.succeeded().lines().take(6).collect::<Vec<_>>(),
        proved.lines().take(6).collect::<Vec<_>>()
    );

    let beyond = folder
        .run(&["audit", "receipt", "999", "--folder", path, "--proofs-origin", "hospital.example"], "")
        .await
        .failed();
    assert!(beyond.contains("position 999 is not published yet"), "{beyond}");
    let other =
        folder.run(&["audit", "publish", "--folder", path, "--proofs-origin", "other.example"], "").await.failed();
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
    let key = key_in(&folder.run(&["audit", "publish", "--folder", path], "").await.succeeded());
    fs::write(public.path().join("key"), format!("{key}\n")).expect("writable");
    let receipts = public.path().join("receipts");
    fs::create_dir(&receipts).expect("writable");
    let receipt = folder.run(&["audit", "receipt", "2", "--folder", path], "").await.succeeded();
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

#[tokio::test]
async fn a_server_publishes_by_itself_and_its_log_is_held_against_the_checkpoint() {
    let folder = DataFolder::new();
    let server = folder.serve(&["--signed-heads-seconds", "1"]).await;
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let receipt = ["audit", "receipt", "1"];
    until("position 1 is published", async || folder.run(&receipt, "").await.code().filter(|code| *code == 0)).await;
    server.terminate().await;
    let said = folder.run(&["audit", "publish"], "").await.succeeded();
    let key = key_in(&said);
    let said = folder.run(&["audit", "verify"], "").await.succeeded();
    assert!(said.contains("are those of the published log, by its checkpoint"), "{said}");

    // An auditor with the checkpoint, its key and SELECT on two tables.
    let logs = fs::read_dir(folder.path().join("proofs")).expect("a folder of logs");
    let log = logs.map(|entry| entry.expect("readable").path()).next().expect("one log");
    let kept = folder.path().join("kept-checkpoint");
    fs::copy(log.join("checkpoint"), &kept).expect("it is there");
    fs::remove_dir_all(folder.path().join("proofs")).expect("it is there");
    let kept = kept.to_str().expect("a path");
    let verify = ["audit", "verify", "--checkpoint", kept, "--log-key", &key];
    let said = folder.run(&verify, "").await.succeeded();
    assert!(said.contains("are those of the published log, by its checkpoint"), "{said}");
    let other = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let said = folder.run(&["audit", "verify", "--checkpoint", kept, "--log-key", other], "").await.failed();
    assert!(said.contains("is refused"), "{said}");
    let said = folder.run(&["audit", "verify", "--from", "2", "--checkpoint", kept], "").await.failed();
    assert!(said.contains("leave out --from"), "{said}");

    // The log is published again from its beginning, and is the same one.
    folder.run(&["audit", "publish"], "").await.succeeded();
    folder.run(&verify, "").await.succeeded();
    let said = folder.run(&["log", "restored", "--yes"], "").await.succeeded();
    assert!(said.contains("previous-checkpoint"), "{said}");
    let said = folder.run(&["audit", "publish"], "").await.succeeded();
    assert_ne!(key_in(&said), key, "each incarnation has a key of its own");
}

#[tokio::test]
async fn a_folder_in_which_another_process_publishes_is_left_alone() {
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let log = folder.path().join("log");
    let publish = ["audit", "publish", "--folder", log.to_str().expect("a path")];
    folder.run(&publish, "").await.succeeded();
    let lock = fs::File::options().write(true).open(log.join(".lock")).expect("it is there");
    lock.lock().expect("nobody has it");
    let said = folder.run(&publish, "").await.failed();
    assert!(said.contains("another process publishes"), "{said}");
    drop(lock);
    folder.run(&publish, "").await.succeeded();
}

#[tokio::test]
async fn a_witness_cosigns_what_is_published_and_a_policy_wants_its_signature() {
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let log_key = key_in(&folder.run(&["audit", "publish"], "").await.succeeded());
    let elsewhere = DataFolder::new();
    let arguments = ["witness", "--name", "w.example", "--watch", &log_key, "--listen", "127.0.0.1:0"];
    let mut witness =
        elsewhere.program(&arguments).stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("it starts");
    let mut said = BufReader::new(witness.stdout.take().expect("a pipe")).lines();
    let mut line = async || said.next_line().await.expect("readable").expect("a line");
    let (witness_key, url) = (line().await, line().await);
    let witness_key = witness_key.strip_prefix("witness w.example ").expect("its key");
    let url = url.strip_prefix("listening on ").expect("its address");
    let policy = folder.path().join("policy.txt");
    fs::write(&policy, format!("log {log_key}\nwitness w {witness_key} {url}\nquorum w\n")).expect("writable");
    let policy = policy.to_str().expect("a path");

    let file = folder.path().join("1.tlog-proof");
    let verify = ["audit", "verify-receipt", file.to_str().expect("a path"), "--policy", policy];
    fs::write(&file, folder.run(&["audit", "receipt", "1"], "").await.succeeded()).expect("writable");
    let said = folder.run(&verify, "").await.failed();
    assert!(said.contains("too few witnesses"), "{said}");
    // Nothing is new, but the witness was not asked yet.
    let publish = ["audit", "publish", "--witness-policy", policy];
    folder.run(&publish, "").await.succeeded();
    fs::write(&file, folder.run(&["audit", "receipt", "1"], "").await.succeeded()).expect("writable");
    folder.run(&verify, "").await.succeeded();
    // The log grows, which the witness is shown by a proof from what it has seen last.
    folder.make_superuser("binu@example.com", "binu").await.succeeded();
    folder.run(&publish, "").await.succeeded();
    fs::write(&file, folder.run(&["audit", "receipt", "2"], "").await.succeeded()).expect("writable");
    folder.run(&verify, "").await.succeeded();

    let origin = log_key.split('+').next().expect("a name");
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
    let last = format!("{url}/{}/checkpoint", hex::encode(Sha256::digest(origin)));
    let seen = client.get(last).send().await.expect("it answers");
    assert!(seen.text().await.expect("a text").starts_with(origin));
    let refused = client.post(format!("{url}/add-checkpoint")).body("old x\n\n").send().await.expect("it answers");
    assert_eq!(refused.status(), 400);
}

#[tokio::test]
async fn a_malformed_policy_of_witnesses_is_told_when_it_is_used() {
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let policy = folder.path().join("policy.txt");
    fs::write(&policy, "witness w nonsense\nquorum w\n").expect("writable");
    let said =
        folder.run(&["audit", "publish", "--witness-policy", policy.to_str().expect("a path")], "").await.failed();
    assert!(said.contains("WITNESS_POLICY") && said.contains("line 1 of the policy"), "{said}");
}
