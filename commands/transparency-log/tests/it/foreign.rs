//! The files of a log against verifiers that are not ours (`scripts/proof`): Go's `sumdb/note`, `transparency-dev`'s
//! `formats`, `merkle` and Tessera, and torchwood.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chrono::{TimeZone as _, Utc};
use transparency_log::{
    leaf::Leaf,
    merkle::{prove_consistency, root},
    note::Note,
    receipt::Receipt,
    tiles::{Folder, TileReader},
    witness::AddCheckpoint,
    writer::LogWriter,
};

use crate::support::{ORIGIN, cosigner, key};

const SIZES: [u64; 6] = [0, 1, 255, 256, 257, 700];

fn record(index: u64) -> String {
    let time = Utc.timestamp_opt(1_764_580_775, 0).single().expect("a time");
    let digest = [u8::try_from(index % 251).expect("small"); 32];
    Leaf::new(index + 1, "chat", "QuestionAsked", time, digest).expect("a good record").to_string()
}

/// Prints what the foreign verifiers say; `Err` if one of them refuses.
fn judge(folder: &Path) -> Result<String, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/proof/proof.sh");
    let path = Command::new(&script).arg("path").output().expect("the script can be run");
    let program = String::from_utf8(path.stdout).expect("a path");
    let output = Command::new(program.trim())
        .arg(folder)
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be run ({error}): run scripts/proof/proof.sh install first"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Writes a log of so many entries in two steps, as the program wants it.
fn write_log(folder: &Path, size: u64) -> LogWriter<Folder> {
    let open = || LogWriter::open(Folder::new(folder.join("log")), key(ORIGIN)).expect("the log can be opened");
    let half = size / 3;
    let mut writer = open();
    writer.append((0..half).map(record)).expect("the entries can be appended");
    writer.publish().expect("it can be published");
    let mut writer = open();
    writer.append((half..size).map(record)).expect("the entries can be appended");
    writer.publish().expect("it can be published");
    fs::write(folder.join("key"), format!("{}\n", key(ORIGIN).verifier())).expect("writable");
    writer
}

/// Prints what a program in plain Python, made from the documentation, finds in the entries.
fn judge_entries(folder: &Path) -> Result<String, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/proof/check_log.py");
    let output = Command::new("python3").arg(script).arg(folder.join("log")).output().expect("python3 can be run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn write_receipt(folder: &Path, name: &str, receipt: &str, entry: &str) {
    fs::create_dir_all(folder).expect("writable");
    fs::write(folder.join(format!("{name}.tlog-proof")), receipt).expect("writable");
    fs::write(folder.join(format!("{name}.entry")), entry).expect("writable");
}

fn published(folder: &Path) -> Note {
    Note::parse(&fs::read(folder.join("log/checkpoint")).expect("readable")).expect("a note")
}

/// Writes receipts, and others that have to be refused.
fn write_receipts(folder: &Path, size: u64) {
    let (note, files) = (published(folder), Folder::new(folder.join("log")));
    let wanted = [0, 1, 254, 255, 256, 511, 512, size.saturating_sub(1)];
    for index in wanted.into_iter().filter(|index| *index < size) {
        let receipt = Receipt::make(&files, index, &note, key(ORIGIN).verifier()).expect("the entry is there");
        write_receipt(&folder.join("receipts"), &index.to_string(), &receipt.to_string(), &record(index));
        let refused = folder.join("refused");
        write_receipt(&refused, &format!("{index}-entry"), &receipt.to_string(), &record(index + 1));
        let moved = Receipt { index: index + 1, ..receipt.clone() };
        write_receipt(&refused, &format!("{index}-index"), &moved.to_string(), &record(index));
        let text = receipt.to_string();
        write_receipt(&refused, &format!("{index}-cut"), &text[..text.len() - 9], &record(index));
    }
}

fn write_consistency(folder: &Path, size: u64) {
    let files = Folder::new(folder.join("log"));
    let mut lines = String::new();
    for old in [1, 2, 100, 255, 256, 257, 512, size].into_iter().filter(|old| *old <= size && *old > 0) {
        let mut reader = TileReader::new(&files, size);
        let proof = prove_consistency(&mut reader, old, size).expect("it is earlier");
        let [old_root, new_root] = [old, size].map(|of| BASE64.encode(root(&mut reader, of).expect("readable")));
        let proof: Vec<_> = proof.iter().map(|hash| BASE64.encode(hash)).collect();
        writeln!(lines, "{old} {old_root} {size} {new_root} {}", proof.join(" ")).expect("a text can be written to");
    }
    fs::write(folder.join("consistency"), lines).expect("writable");
}

#[test]
fn foreign_verifiers_take_logs_of_all_shapes_and_their_receipts() {
    for size in SIZES {
        let folder = tempfile::tempdir().expect("a folder");
        write_log(folder.path(), size);
        write_receipts(folder.path(), size);
        write_consistency(folder.path(), size);
        let said = judge(folder.path()).unwrap_or_else(|why| panic!("a log of {size} entries: {why}"));
        assert!(said.contains(&format!("all tiles of {size} entries: Tessera agrees")), "{said}");
        if size > 0 {
            assert!(said.contains("receipts (receipts): torchwood agrees"), "{said}");
            assert!(said.contains("receipts (refused): torchwood agrees"), "{said}");
            assert!(!said.contains("\n0 consistency proofs"), "{said}");
        }
    }
}

#[test]
fn foreign_verifiers_take_the_cosignatures_of_witnesses_and_our_policy() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = write_log(folder.path(), 300);
    let mut note = published(folder.path());
    let mut policy = format!("log {}\n", key(ORIGIN).verifier());
    for (name, seed) in [("a", 1), ("b", 2)] {
        let witness = cosigner(&format!("{name}.example/witness"), seed);
        let request = AddCheckpoint { old_size: 0, proof: vec![], checkpoint: note.clone() };
        let cosigned = request.decide(Some(key(ORIGIN).verifier()), None, &witness, 1_764_580_775);
        note.add([cosigned.expect("it is right").0]);
        writeln!(policy, "witness {name} {}", witness.key()).expect("a text can be written to");
    }
    writer.publish_cosigned(&note).expect("it can be published");
    fs::write(folder.path().join("policy"), policy.clone() + "group g all a b\nquorum g\n").expect("writable");
    write_receipts(folder.path(), 300);
    let said = judge(folder.path()).unwrap_or_else(|why| panic!("{why}"));
    assert!(said.contains("cosigned checkpoint: torchwood agrees"), "{said}");

    // The same without one of the witnesses.
    writer.publish().expect("it can be published");
    let refused = judge(folder.path()).expect_err("nobody has cosigned");
    assert!(refused.contains("torchwood, cosigned checkpoint"), "{refused}");
}

#[test]
fn the_foreign_verifiers_of_these_tests_do_refuse() {
    let folder = tempfile::tempdir().expect("a folder");
    write_log(folder.path(), 300);
    let checkpoint = folder.path().join("log/checkpoint");
    let good = fs::read_to_string(&checkpoint).expect("readable");
    fs::write(&checkpoint, good.replacen("300", "299", 1)).expect("writable");
    assert!(judge(folder.path()).is_err_and(|why| why.contains("x/mod, note")));
    fs::write(&checkpoint, &good).expect("writable");
    fs::write(folder.path().join("key"), key("another").verifier().to_string()).expect("writable");
    assert!(judge(folder.path()).is_err_and(|why| why.contains("x/mod, note")));
    write_log(folder.path(), 300);
    let right =
        Receipt::make(&Folder::new(folder.path().join("log")), 5, &published(folder.path()), key(ORIGIN).verifier());
    let right = right.expect("the entry is there").to_string();
    write_receipt(&folder.path().join("receipts"), "5", &right, "another entry");
    assert!(judge(folder.path()).is_err_and(|why| why.contains("inclusion proof verification failed")));
    write_receipt(&folder.path().join("receipts"), "5", &right, &record(5));
    write_receipt(&folder.path().join("refused"), "5", &right, &record(5));
    assert!(judge(folder.path()).is_err_and(|why| why.contains("torchwood takes")));
}

#[test]
fn the_entries_alone_give_the_root_and_the_chain_of_the_database() {
    for size in SIZES {
        let folder = tempfile::tempdir().expect("a folder");
        write_log(folder.path(), size);
        let chain = (0..size).fold([0; 32], |previous, index| {
            Leaf::parse(record(index).as_bytes()).expect("a record").chain_hash(&previous)
        });
        let wanted = format!("{ORIGIN}: {size} entries make up the root; hash of the chain: {}\n", hex::encode(chain));
        assert_eq!(judge_entries(folder.path()), Ok(wanted));
    }
    let folder = tempfile::tempdir().expect("a folder");
    write_log(folder.path(), 300);
    let path = folder.path().join("log/tile/entries/000");
    let mut bundle = fs::read(&path).expect("readable");
    let last = bundle.len() - 2;
    bundle[last] = if bundle[last] == b'0' { b'1' } else { b'0' };
    fs::write(&path, bundle).expect("writable");
    let refused = judge_entries(folder.path()).expect_err("an entry was altered");
    assert!(refused.contains("the entries do not make up the root"), "{refused}");
}
