use transparency_log::{
    cosignature::CosignerKey,
    note::{KeyError, KeyName, Note, NoteError, Signature, Verifier, VerifierKey},
};

use crate::support::{cosigner, key, name};

/// The example of the specification.
const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
    Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

fn example_key() -> VerifierKey {
    KEY.parse().expect("the example's key")
}

#[test]
fn the_example_of_the_specification_verifies() {
    let note = Note::parse(NOTE.as_bytes()).expect("the example is a note");
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(note.verify(&[&example_key()]), Ok(vec![&example_key()]));
    assert_eq!((note.to_string().as_str(), example_key().to_string().as_str()), (NOTE, KEY));
}

#[test]
fn every_altered_byte_of_a_note_is_refused() {
    for place in 0..NOTE.len() {
        for change in [1, 0x20] {
            let mut altered = NOTE.as_bytes().to_vec();
            altered[place] ^= change;
            let verified = Note::parse(&altered).and_then(|note| note.verify(&[&example_key()]).map(|_| ()));
            assert!(verified.is_err(), "byte {place}: {:?}", String::from_utf8_lossy(&altered));
        }
    }
}

#[test]
fn every_cut_note_is_refused() {
    for end in 0..NOTE.len() {
        assert!(Note::parse(&NOTE.as_bytes()[..end]).is_err(), "{end}");
    }
}

#[test]
fn a_malformed_note_is_refused() {
    let line = NOTE.rsplit("\n\n").next().expect("the signature");
    for (wrong, why) in [
        (NOTE.replace('\n', "\r\n"), "line breaks of Windows"),
        (NOTE.replace("an", "\tan"), "a tab"),
        (NOTE.replace('\u{2014}', "-"), "a hyphen in place of the dash"),
        (NOTE.replace("\n\n", "\n"), "no empty line"),
        (format!("{NOTE}\n"), "an empty line at the end"),
        (format!("{NOTE}more\n"), "text below the signatures"),
        (NOTE.replace("foo U", "foo  U"), "two blanks"),
        (NOTE.replace("IneyaQM=", "IneyaQM"), "no padding"),
        (NOTE.replace("example.com/foo U", "example.com+foo U"), "a plus sign in the name"),
        (format!("text\n\n\u{2014} name {}\n", "AAAAAA=="), "an empty signature"),
        (format!("text\n\n{}", line.repeat(101)), "too many signatures"),
    ] {
        assert!(matches!(Note::parse(wrong.as_bytes()), Err(NoteError::Malformed(_))), "{why}: {wrong:?}");
    }
    assert!(matches!(Note::parse(b"\xff\n\n"), Err(NoteError::Malformed(_))));
    assert!(matches!(Note::parse(&vec![b'\n'; 1_000_001]), Err(NoteError::Malformed(_))));
}

#[test]
fn the_last_empty_line_ends_the_text() {
    let text = "first\n\n\u{2014} no signature\n\nlast\n";
    let note = Note::sign(text.to_owned(), &key("a")).expect("a good text");
    let read = Note::parse(note.to_string().as_bytes()).expect("a note");
    assert_eq!(read.text(), text);
    assert_eq!(read.verify(&[key("a").verifier()]).map(|signed| signed.len()), Ok(1));
}

#[test]
fn signatures_of_unknown_keys_are_ignored_also_with_a_known_name_or_id() {
    let mut note = Note::sign("text\n".to_owned(), &key("known")).expect("a good text");
    let known = key("known");
    let id = known.verifier().id();
    let stranger = |of: &str, id| Signature { name: name(of), id, bytes: vec![1; 64] };
    note.add([stranger("other", id), stranger("known", id ^ 1), stranger("other", 5)]);
    let read = Note::parse(note.to_string().as_bytes()).expect("a note");
    assert_eq!(read.signatures().len(), 4);
    assert_eq!(read.verify(&[known.verifier()]).map(|signed| signed.len()), Ok(1));
    assert_eq!(read.verify(&[key("nobody").verifier()]), Err(NoteError::NotSigned));
    assert_eq!(read.verify::<VerifierKey>(&[]), Err(NoteError::NotSigned));
}

#[test]
fn a_wrong_signature_of_a_known_key_refuses_the_note_although_another_is_right() {
    let (one, two) = (key("one"), key("two"));
    let mut note = Note::sign("text\n".to_owned(), &one).expect("a good text");
    note.add([Signature { name: name("two"), id: two.verifier().id(), bytes: vec![1; 64] }]);
    assert_eq!(note.verify(&[one.verifier()]).map(|signed| signed.len()), Ok(1));
    let wrong = NoteError::WrongSignature { name: "two".to_owned(), id: two.verifier().id() };
    assert_eq!(note.verify(&[one.verifier(), two.verifier()]), Err(wrong));
}

#[test]
fn the_same_signature_twice_counts_once() {
    let text = Note::sign("text\n".to_owned(), &key("a")).expect("a good text").to_string();
    let line = text.rsplit("\n\n").next().expect("the signature");
    let note = Note::parse(format!("{text}{line}").as_bytes()).expect("a note");
    assert_eq!(note.verify(&[key("a").verifier()]).map(|signed| signed.len()), Ok(1));
}

#[test]
fn a_hundred_signatures_are_read() {
    let mut note = Note::sign("text\n".to_owned(), &key("a")).expect("a good text");
    note.add((0..99).map(|id| Signature { name: name("b"), id, bytes: vec![1; 64] }));
    assert!(Note::parse(note.to_string().as_bytes()).is_ok());
}

#[test]
fn names_of_keys_have_no_blank_and_no_plus() {
    for good in ["example.org/log", "उदाहरण.भारत/log", "a\u{200d}b", "é"] {
        assert!(KeyName::parse(good).is_ok(), "{good}");
    }
    for wrong in ["", " ", "a b", "a\u{a0}b", "a\u{2003}b", "a+b", "a\nb", "a\u{1}b"] {
        assert_eq!(KeyName::parse(wrong), Err(KeyError::Name), "{wrong:?}");
    }
}

#[test]
fn an_altered_key_is_refused() {
    for (wrong, error) in [
        (KEY.replace("foo", "fox"), KeyError::WrongId),
        (KEY.replace("530d903a", "530d903b"), KeyError::WrongId),
        (KEY.replace("530d903a", "530D903A"), KeyError::WrongId),
        (KEY.replace("U2k", "U2l"), KeyError::WrongId),
        (KEY.replace("Aeky", "Aeka"), KeyError::WrongId),
        (KEY.replace("U2k", ""), KeyError::Malformed),
        (KEY.replace("+A", "+B"), KeyError::WrongType { wanted: 1, found: 5 }),
        (KEY.replace("example.com/foo", ""), KeyError::Name),
        ("example.com/foo".to_owned(), KeyError::Malformed),
        (format!("{KEY}\n"), KeyError::Malformed),
    ] {
        assert_eq!(wrong.parse::<VerifierKey>(), Err(error), "{wrong}");
    }
}

#[test]
fn a_witness_is_no_log_and_a_log_no_witness() {
    let witness = cosigner("w.example", 1).key().to_string();
    assert_eq!(witness.parse::<VerifierKey>(), Err(KeyError::WrongType { wanted: 1, found: 4 }));
    assert_eq!(KEY.parse::<CosignerKey>(), Err(KeyError::WrongType { wanted: 4, found: 1 }));
    assert_eq!(witness.parse::<CosignerKey>().as_ref(), Ok(cosigner("w.example", 1).key()));
}
