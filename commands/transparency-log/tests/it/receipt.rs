use transparency_log::{
    checkpoint::CheckpointError,
    merkle::InclusionError,
    note::{Note, NoteError},
    policy::Policy,
    receipt::{MakeError, Receipt, ReceiptError},
};

use crate::support::{Memory, ORIGIN, cosigner, entry, key, log};

fn receipt(memory: &Memory, index: u64) -> Receipt {
    let note = log(memory, 700).publish().expect("it can be published");
    Receipt::make(&memory, index, &note, key(ORIGIN).verifier()).expect("the entry is there")
}

fn verify(text: &str, entry: &[u8]) -> Result<(), ReceiptError> {
    Receipt::parse(text.as_bytes())?.verify(entry, key(ORIGIN).verifier()).map(|_| ())
}

#[test]
fn a_receipt_holds_the_entry_and_verifies_by_itself() {
    let memory = Memory::default();
    for index in [0, 255, 256, 512, 699] {
        let text = receipt(&memory, index).to_string();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra "), "{text}");
        let read = Receipt::parse(text.as_bytes()).expect("a receipt");
        let found = read.extra.clone().expect("the entry");
        let checkpoint = read.verify(&found, key(ORIGIN).verifier()).expect("it is right");
        assert_eq!((found, read.index, checkpoint.size), (entry(index), index, 700));
        assert_eq!(read.to_string(), text);
    }
}

#[test]
fn what_was_altered_in_a_receipt_is_refused_with_its_reason() {
    let memory = Memory::default();
    let text = receipt(&memory, 300).to_string();
    let line = |number: usize| text.lines().nth(number).expect("a line").to_owned();
    let hash = line(3);
    let swapped = format!("{}\n{}\n", line(4), line(3));
    let inclusion = |reason| Err(ReceiptError::Inclusion(reason));
    assert_eq!(verify(&text, &entry(300)), Ok(()));
    assert_eq!(verify(&text, &entry(301)), inclusion(InclusionError::NotIncluded));
    assert_eq!(verify(&text.replace("index 300", "index 301"), &entry(300)), inclusion(InclusionError::NotIncluded));
    assert_eq!(verify(&text.replace("index 300", "index 700"), &entry(300)), inclusion(InclusionError::NotInTree));
    assert_eq!(
        verify(&text.replace(&hash, &hash.replace(&hash[..2], "//")), &entry(300)),
        inclusion(InclusionError::NotIncluded)
    );
    assert_eq!(
        verify(&text.replace(&format!("{}\n{}\n", line(3), line(4)), &swapped), &entry(300)),
        inclusion(InclusionError::NotIncluded)
    );
    assert_eq!(verify(&text.replace(&format!("{hash}\n"), ""), &entry(300)), inclusion(InclusionError::WrongLength));
    let larger = verify(&text.replace("\n700\n", "\n701\n"), &entry(300));
    let wrong_signature = |it: &Result<(), _>| {
        matches!(it, Err(ReceiptError::Checkpoint(CheckpointError::Note(NoteError::WrongSignature { .. }))))
    };
    assert!(wrong_signature(&larger), "{larger:?}");
    let origin = text.replacen(ORIGIN, "example.org/log/other", 1);
    let refused = verify(&origin, &entry(300));
    assert!(
        matches!(&refused, Err(ReceiptError::Checkpoint(CheckpointError::OtherOrigin { found, .. })) if found == "example.org/log/other"),
        "{refused:?}"
    );
    let other = Receipt::parse(text.as_bytes()).expect("a receipt").verify(&entry(300), key("another").verifier());
    assert!(matches!(other, Err(ReceiptError::Checkpoint(CheckpointError::OtherOrigin { .. }))), "{other:?}");
}

#[test]
fn a_malformed_receipt_is_refused() {
    let memory = Memory::default();
    let text = receipt(&memory, 300).to_string();
    let extra = text.lines().nth(1).expect("the line").to_owned();
    for (wrong, why) in [
        (text.replace("@v1", "@v2"), "another version"),
        (text.replace("index 300", "index 0300"), "a leading zero"),
        (text.replace("index 300", "index -1"), "a sign"),
        (text.replace("index 300\n", ""), "no index"),
        (text.replace(&extra, "extra ?"), "no base64"),
        (text.replace(&extra, &format!("{extra}\n{extra}")), "extra data twice"),
        (
            text.replace("index 300\n", &format!("index 300\n{}", format!("{}\n", "A".repeat(43) + "=").repeat(64))),
            "too long",
        ),
        (text.replace("index 300\n", "index 300\nAAAA\n"), "no hash"),
        (text.replace('\n', "\r\n"), "line breaks of Windows"),
        (format!("\u{feff}{text}"), "a byte order mark"),
    ] {
        assert!(matches!(verify(&wrong, &entry(300)), Err(ReceiptError::Malformed(_))), "{why}");
    }
    assert!(matches!(Receipt::parse(b"\xff"), Err(ReceiptError::Malformed(_))));
}

#[test]
fn every_cut_or_altered_receipt_is_refused() {
    let memory = Memory::default();
    let text = receipt(&memory, 300).to_string();
    let extra = text.find("extra ").expect("it is there")..text.find("index ").expect("it is there");
    for place in 0..text.len() {
        assert!(verify(&String::from_utf8_lossy(&text.as_bytes()[..place]), &entry(300)).is_err(), "cut at {place}");
        let mut altered = text.clone().into_bytes();
        altered[place] ^= 1;
        let accepted = Receipt::parse(&altered)
            .and_then(|receipt| receipt.verify(&entry(300), key(ORIGIN).verifier()).map(|_| ()))
            .is_ok();
        // Nothing vouches for the extra data: who takes the entry out of it verifies that entry.
        assert!(!accepted || extra.contains(&place), "byte {place}");
    }
}

#[test]
fn no_receipt_is_made_out_of_altered_files() {
    for (path, place) in [("tile/0/001", 32 * 45), ("tile/0/000", 5), ("tile/1/000.p/2", 5), ("tile/entries/001", 700)]
    {
        let memory = Memory::default();
        let note = log(&memory, 700).publish().expect("it can be published");
        memory.damage(path, place);
        let refused = (0..700).filter(|index| {
            matches!(
                Receipt::make(&&memory, *index, &note, key(ORIGIN).verifier()),
                Err(MakeError::Tiles(_) | MakeError::Entry(_))
            )
        });
        assert!(refused.count() > 0, "{path}");
    }
}

#[test]
fn a_receipt_is_made_for_an_entry_of_the_checkpoint_only() {
    let memory = Memory::default();
    let earlier = log(&memory, 300).publish().expect("it can be published");
    log(&memory, 700);
    assert!(Receipt::make(&&memory, 299, &earlier, key(ORIGIN).verifier()).is_ok());
    let refused = Receipt::make(&&memory, 300, &earlier, key(ORIGIN).verifier());
    assert!(matches!(refused, Err(MakeError::Prove(_))), "{refused:?}");
    let other = Receipt::make(&&memory, 1, &earlier, key("another").verifier());
    assert!(matches!(other, Err(MakeError::Checkpoint(_))), "{other:?}");
}

#[test]
fn a_receipt_without_enough_witnesses_is_refused_by_the_policy() {
    let memory = Memory::default();
    let receipt = receipt(&memory, 5);
    let witness = cosigner("w.example", 1);
    let log = key(ORIGIN).verifier().to_string();
    let policy = |quorum: &str| {
        Policy::parse(&format!("log {log}\nwitness w {}\nquorum {quorum}\n", witness.key())).expect("a policy")
    };
    assert!(receipt.verify_by(&entry(5), &policy("none")).is_ok());
    assert!(matches!(receipt.verify_by(&entry(5), &policy("w")), Err(ReceiptError::Policy(_))));
    assert!(matches!(receipt.verify_by(&entry(6), &policy("none")), Err(ReceiptError::Inclusion(_))));
    let unsigned = Note::sign(receipt.checkpoint.text().to_owned(), &key("another")).expect("a good text");
    let unsigned = Receipt { checkpoint: unsigned, ..receipt };
    assert!(matches!(unsigned.verify_by(&entry(5), &policy("none")), Err(ReceiptError::Policy(_))));
}
