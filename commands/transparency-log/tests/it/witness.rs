use transparency_log::{
    checkpoint::Checkpoint,
    merkle::{empty_root, prove_consistency},
    note::{Note, Signature, Verifier as _},
    witness::{AddCheckpoint, Refusal, Seen},
};

use crate::support::{Leaves, ORIGIN, cosigner, key, name};

const TIME: u64 = 1_764_580_775;

fn note(size: u64, root: [u8; 32]) -> Note {
    Checkpoint { origin: name(ORIGIN), size, root }.sign(&key(ORIGIN)).expect("the log's key")
}

/// The log's request to take the witness from one size to another.
fn request(old: u64, new: u64) -> AddCheckpoint {
    let mut leaves = Leaves::new(new);
    let proof = prove_consistency(&mut leaves, old, new).expect("it is earlier");
    AddCheckpoint { old_size: old, proof, checkpoint: note(new, leaves.root(new)) }
}

fn seen(size: u64) -> Seen {
    Seen { size, root: Leaves::new(size).root(size) }
}

fn decide(request: &AddCheckpoint, seen: Option<&Seen>) -> Result<(Signature, Seen), Refusal> {
    let request = AddCheckpoint::parse(request.to_string().as_bytes())?;
    request.decide(Some(key(ORIGIN).verifier()), seen, &cosigner("w.example", 1), TIME)
}

#[test]
fn a_witness_follows_a_log_that_grows() {
    let mut last = None;
    for (old, new) in [(0, 0), (0, 1), (1, 1), (1, 7), (7, 8), (8, 300), (300, 300)] {
        let request = request(old, new);
        let (line, now) = decide(&request, last.as_ref()).expect("it only grew");
        assert_eq!(now, seen(new));
        // The log adds the line to its note, and everybody can verify both.
        let answered = format!("{}{line}\n", request.checkpoint);
        let cosigned = Note::parse(answered.as_bytes()).expect("a note");
        assert_eq!(cosigner("w.example", 1).key().time(&cosigned), Some(TIME));
        assert!(cosigned.verify(&[key(ORIGIN).verifier()]).is_ok());
        last = Some(now);
    }
}

#[test]
fn another_history_is_never_cosigned() {
    let mut other = Leaves::new(8);
    other.0[2] = [1; 32];
    let proof = prove_consistency(&mut other, 5, 8).expect("it is earlier");
    let forked = AddCheckpoint { old_size: 5, proof, checkpoint: note(8, other.root(8)) };
    assert_eq!(decide(&forked, Some(&seen(5))), Err(Refusal::NotConsistent));
    let same_size = AddCheckpoint { old_size: 8, proof: vec![], checkpoint: note(8, other.root(8)) };
    assert_eq!(decide(&same_size, Some(&seen(8))), Err(Refusal::NotConsistent));
    let superfluous = AddCheckpoint { proof: vec![[1; 32]], ..request(0, 8) };
    assert_eq!(decide(&superfluous, None), Err(Refusal::NotConsistent));
    let not_empty = AddCheckpoint { old_size: 0, proof: vec![], checkpoint: note(0, [1; 32]) };
    assert_eq!(decide(&not_empty, None), Err(Refusal::NotConsistent));
    assert_eq!(Refusal::NotConsistent.status(), 422);
}

#[test]
fn a_log_that_is_behind_learns_the_size_that_was_cosigned_last() {
    let refused = decide(&request(0, 8), Some(&seen(5))).expect_err("it is behind");
    assert_eq!(refused, Refusal::OtherOldSize { size: 5 });
    assert_eq!((refused.status(), refused.body()), (409, ("text/x.tlog.size", "5\n".to_owned())));
    assert_eq!(decide(&request(5, 8), None), Err(Refusal::OtherOldSize { size: 0 }));
    // It never goes back, either.
    let back = AddCheckpoint { old_size: 8, ..request(0, 5) };
    assert_eq!(decide(&back, Some(&seen(8))), Err(Refusal::OldSizeTooLarge));
    assert_eq!(Refusal::OldSizeTooLarge.status(), 400);
}

#[test]
fn an_unknown_log_is_404_and_one_that_has_not_signed_403() {
    let request = request(0, 8);
    let cosigner = cosigner("w.example", 1);
    let unknown = request.decide(None, None, &cosigner, TIME);
    assert_eq!(unknown, Err(Refusal::UnknownLog));
    let other = request.decide(Some(key("other").verifier()), None, &cosigner, TIME);
    assert_eq!((other, Refusal::UnknownLog.status()), (Err(Refusal::UnknownLog), 404));
    let text = request.checkpoint.text().to_owned();
    let unsigned = Note::sign(text, &key("other")).expect("a good text");
    let mut wrong = unsigned.clone();
    wrong.add([Signature { name: name(ORIGIN), id: key(ORIGIN).verifier().id(), bytes: vec![1; 64] }]);
    for checkpoint in [unsigned, wrong] {
        let refused = decide(&AddCheckpoint { checkpoint, ..request.clone() }, None);
        assert_eq!((refused, Refusal::NotSigned.status()), (Err(Refusal::NotSigned), 403));
    }
}

#[test]
fn a_request_reads_as_it_was_written() {
    let body = request(5, 300).to_string();
    assert!(body.starts_with("old 5\n"), "{body}");
    assert_eq!(AddCheckpoint::parse(body.as_bytes()).map(|read| read.to_string()), Ok(body));
}

#[test]
fn a_malformed_request_is_400() {
    let good = request(5, 300).to_string();
    let hash = good.lines().nth(1).expect("a line of the proof").to_owned();
    for (wrong, why) in [
        (good.replace("old 5", "old 05"), "a leading zero"),
        (good.replace("old 5", "new 5"), "another word"),
        (good.replace("old 5\n", ""), "no size"),
        (good.replacen(&hash, "AAAA", 1), "no hash"),
        (good.replacen(&hash, &vec![hash.as_str(); 64].join("\n"), 1), "too many hashes"),
        (good.replace("\n\n", "\n"), "no empty line"),
        (good.replacen("\n300\n", "\n0300\n", 1), "a malformed checkpoint"),
        (good[..good.len() - 1].to_owned(), "a cut end"),
    ] {
        let refused = AddCheckpoint::parse(wrong.as_bytes())
            .and_then(|it| it.decide(Some(key(ORIGIN).verifier()), Some(&seen(5)), &cosigner("w.example", 1), TIME));
        assert!(matches!(refused, Err(Refusal::Malformed(_))), "{why}: {refused:?}");
    }
    assert_eq!(Refusal::Malformed("").status(), 400);
}

#[test]
fn the_first_checkpoint_may_be_that_of_the_empty_log() {
    let request = AddCheckpoint { old_size: 0, proof: vec![], checkpoint: note(0, empty_root()) };
    assert_eq!(decide(&request, None).map(|(_, now)| now), Ok(Seen { size: 0, root: empty_root() }));
}
