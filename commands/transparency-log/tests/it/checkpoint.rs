use transparency_log::{
    checkpoint::{Checkpoint, CheckpointError},
    merkle::empty_root,
    note::{Note, NoteError},
};

use crate::support::{ORIGIN, key, name};

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: name(ORIGIN), size: 20_852_163, root: [9; 32] }
}

#[test]
fn a_checkpoint_reads_as_it_was_signed() {
    let note = checkpoint().sign(&key(ORIGIN)).expect("the log's key").to_string();
    assert!(note.starts_with("example.org/log/0190c1a2\n20852163\nCQkJCQ"), "{note}");
    let read = Note::parse(note.as_bytes()).expect("a note");
    assert_eq!(Checkpoint::open(&read, key(ORIGIN).verifier()), Ok(checkpoint()));
}

#[test]
fn the_example_of_the_specification_is_read_and_its_further_lines_too() {
    let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let read = Checkpoint::parse(text).expect("the example");
    assert_eq!((read.size, read.to_string().as_str()), (20_852_163, text));
    assert_eq!(Checkpoint::parse(&format!("{text}further\nlines\n")), Ok(read));
}

#[test]
fn a_malformed_checkpoint_is_refused() {
    let good = checkpoint().to_string();
    for (wrong, why) in [
        (good.replace("20852163", "020852163"), "a leading zero"),
        (good.replace("20852163", "+20852163"), "a sign"),
        (good.replace("20852163", "20 852 163"), "blanks"),
        (good.replace("20852163", ""), "no size"),
        (good.replace("20852163", "4611686018427387905"), "more than 2^62 entries"),
        (good.replace("CQk=", "CQ=="), "31 bytes"),
        (good.replace("CQk=", "CQkJ"), "33 bytes"),
        (good.replace("CQk=", "CQk"), "no padding"),
        (good.replace(ORIGIN, ""), "no origin"),
        (good.replace(ORIGIN, "a b"), "an origin that is no name of a key"),
        (good.trim_end().to_owned(), "no line break at the end"),
        (format!("{good}\n"), "an empty line"),
        (format!("{good}a\n\nb\n"), "an empty line among others"),
        (good.split_inclusive('\n').take(2).collect(), "two lines"),
    ] {
        assert!(matches!(Checkpoint::parse(&wrong), Err(CheckpointError::Malformed(_))), "{why}: {wrong:?}");
    }
}

#[test]
fn a_key_speaks_for_the_log_of_its_name_alone() {
    let other = "example.org/log/other";
    let differs =
        |wanted: &str, found: &str| CheckpointError::OtherOrigin { wanted: wanted.to_owned(), found: found.to_owned() };
    assert_eq!(checkpoint().sign(&key(other)), Err(differs(other, ORIGIN)));
    let note = Note::sign(checkpoint().to_string(), &key(other)).expect("a good text");
    assert_eq!(Checkpoint::open(&note, key(other).verifier()), Err(differs(other, ORIGIN)));
    assert_eq!(Checkpoint::open(&note, key(ORIGIN).verifier()), Err(NoteError::NotSigned.into()));
}

#[test]
fn an_altered_checkpoint_is_refused() {
    let note = checkpoint().sign(&key(ORIGIN)).expect("the log's key").to_string();
    let altered = Note::parse(note.replace("20852163", "20852164").as_bytes()).expect("a note");
    let error = Checkpoint::open(&altered, key(ORIGIN).verifier());
    assert!(matches!(error, Err(CheckpointError::Note(NoteError::WrongSignature { .. }))), "{error:?}");
}

#[test]
fn a_log_without_entries_has_the_root_of_the_empty_tree() {
    let signed = |root| {
        let checkpoint = Checkpoint { size: 0, root, ..checkpoint() };
        Checkpoint::open(&checkpoint.sign(&key(ORIGIN)).expect("the log's key"), key(ORIGIN).verifier())
    };
    assert!(signed(empty_root()).is_ok());
    assert_eq!(signed([9; 32]), Err(CheckpointError::OtherEmptyRoot));
}
