use std::fmt::Write as _;

use transparency_log::{
    checkpoint::{Checkpoint, CheckpointError},
    note::{Note, NoteError, Signature, Verifier as _},
    policy::{Policy, PolicyError, PolicyFault},
    witness::AddCheckpoint,
};

use crate::support::{ORIGIN, cosigner, key, name};

fn policy(lines: &str) -> Result<Policy, PolicyError> {
    let mut text = format!("# logs and witnesses\n\nlog {} https://example.org/log\n", key(ORIGIN).verifier());
    for (witness, seed) in ["x1", "x2", "x3", "y1", "y2"].iter().zip(1..) {
        let key = cosigner(&format!("{witness}.example"), seed).key().to_string();
        writeln!(text, " witness\t{witness}  {key} ").expect("a text can be written to");
    }
    Policy::parse(&(text + lines))
}

/// The two groups of the specification's example.
const GROUPS: &str = "group X 2 x1 x2 x3\ngroup Y any y1 y2\ngroup both all X Y\nquorum both\n";

/// A checkpoint that these witnesses have cosigned.
fn cosigned(by: &[&str]) -> Note {
    let checkpoint = Checkpoint { origin: name(ORIGIN), size: 5, root: [9; 32] };
    let mut note = checkpoint.sign(&key(ORIGIN)).expect("the log's key");
    for (witness, seed) in ["x1", "x2", "x3", "y1", "y2"].iter().zip(1..) {
        if by.contains(witness) {
            let request = AddCheckpoint { old_size: 0, proof: vec![], checkpoint: note.clone() };
            let cosigner = cosigner(&format!("{witness}.example"), seed);
            let (signature, _) =
                request.decide(Some(key(ORIGIN).verifier()), None, &cosigner, 1_764_580_775).expect("it is right");
            note.add([signature]);
        }
    }
    note
}

#[test]
fn a_quorum_of_groups_of_groups_is_counted() {
    let policy = policy(GROUPS).expect("a good policy");
    for enough in [&["x1", "x2", "y1"][..], &["x3", "x1", "y2"], &["x1", "x2", "x3", "y1", "y2"]] {
        assert_eq!(policy.open(&cosigned(enough)).map(|it| it.size), Ok(5), "{enough:?}");
    }
    for too_few in [&[][..], &["x1", "y1", "y2"], &["x1", "x2", "x3"], &["y1", "y2"]] {
        assert_eq!(policy.open(&cosigned(too_few)), Err(PolicyError::TooFewWitnesses), "{too_few:?}");
    }
}

#[test]
fn a_quorum_is_a_witness_or_none_too() {
    assert!(policy("quorum x2\n").expect("a good policy").open(&cosigned(&["x2"])).is_ok());
    let refused = policy("quorum x2\n").expect("a good policy").open(&cosigned(&["x1"]));
    assert_eq!(refused, Err(PolicyError::TooFewWitnesses));
    assert!(policy("quorum none\n").expect("a good policy").open(&cosigned(&[])).is_ok());
}

#[test]
fn a_log_that_the_policy_does_not_name_is_refused() {
    let policy = policy("quorum none\n").expect("a good policy");
    let other = Checkpoint { origin: name("other"), size: 5, root: [9; 32] }.sign(&key("other")).expect("its key");
    assert_eq!(policy.open(&other), Err(PolicyError::UnknownLog { origin: "other".to_owned() }));
    let unsigned = Note::sign(cosigned(&[]).text().to_owned(), &key("other")).expect("a good text");
    let refused = policy.open(&unsigned);
    assert_eq!(refused, Err(PolicyError::Checkpoint(CheckpointError::Note(NoteError::NotSigned))));
}

#[test]
fn a_wrong_signature_of_a_witness_refuses_the_checkpoint_although_no_witness_is_needed() {
    let mut note = cosigned(&[]);
    let witness = cosigner("x1.example", 1);
    note.add([Signature { name: name("x1.example"), id: witness.key().id(), bytes: vec![0; 72] }]);
    let refused = policy("quorum none\n").expect("a good policy").open(&note);
    let wrong = NoteError::WrongSignature { name: "x1.example".to_owned(), id: witness.key().id() };
    assert_eq!(refused, Err(PolicyError::Checkpoint(CheckpointError::Note(wrong))));
}

#[test]
fn a_cosignature_is_of_its_time() {
    let witness = cosigner("x1.example", 1);
    let note = cosigned(&["x1"]);
    assert_eq!(witness.key().time(&note), Some(1_764_580_775));
    assert_eq!(cosigner("x2.example", 2).key().time(&note), None);
    let Some(signature) = note.signatures().last().cloned() else { panic!("it is cosigned") };
    for place in [0, 7, 8, 71] {
        let mut altered = Signature { bytes: signature.bytes.clone(), ..signature.clone() };
        altered.bytes[place] ^= 1;
        assert!(!witness.key().verify(note.text(), &altered.bytes), "byte {place}");
    }
    assert!(!witness.key().verify(note.text(), &signature.bytes[8..]));
    assert!(!witness.key().verify("other\n", &signature.bytes));
}

#[test]
fn a_malformed_policy_is_refused_with_its_line() {
    let witness = cosigner("x1.example", 1).key().to_string();
    let same_key = cosigner("another.example", 1).key().to_string();
    for (lines, fault) in [
        ("", PolicyFault::Quorum),
        ("quorum none\nquorum none\n", PolicyFault::Quorum),
        ("quorum nobody\n", PolicyFault::UnknownName),
        ("group g 1 nobody\n", PolicyFault::UnknownName),
        ("group g 1 none\n", PolicyFault::UnknownName),
        ("group g any g\n", PolicyFault::UnknownName),
        ("group g any\n", PolicyFault::Threshold),
        ("group g all\n", PolicyFault::Threshold),
        ("group g 0 x1\n", PolicyFault::Threshold),
        ("group g 3 x1 x2\n", PolicyFault::Threshold),
        ("group g most x1 x2\n", PolicyFault::Threshold),
        ("group g any x1 x1\n", PolicyFault::DoubledMember),
        ("group g any x1\ngroup h any x1\n", PolicyFault::DoubledMember),
        ("group x1 any x2\n", PolicyFault::DoubledName),
        ("group none any x2\n", PolicyFault::DoubledName),
        (&format!("witness z {witness}\n"), PolicyFault::DoubledKey),
        (&format!("witness z {same_key}\n"), PolicyFault::DoubledKey),
        (&format!("log {witness}\n"), PolicyFault::Key),
        (&format!("log {}\n", key("another").verifier()), PolicyFault::DoubledKey),
        ("witness z nokey\n", PolicyFault::Key),
        ("log\n", PolicyFault::Unknown),
        ("quorum none more\n", PolicyFault::Unknown),
        ("watcher z\n", PolicyFault::Unknown),
        ("quorum\u{1} none\n", PolicyFault::ControlCharacter),
        ("quorum none\r\n", PolicyFault::ControlCharacter),
    ] {
        let line = 8 + lines.lines().count();
        assert_eq!(policy(lines).map(|_| ()), Err(PolicyError::Malformed { line, fault }), "{lines}");
    }
}
