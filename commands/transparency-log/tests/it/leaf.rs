use chrono::{DateTime, TimeZone as _, Utc};
use sha2::{Digest as _, Sha256};
use transparency_log::leaf::{Leaf, LeafError};

fn time() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 12, 1, 9, 39, 35).single().expect("a time") + chrono::Duration::nanoseconds(120_456_789)
}

fn leaf() -> Leaf {
    Leaf::new(42, "chat", "QuestionAsked", time(), [0xab; 32]).expect("a good record")
}

#[test]
fn a_record_has_these_bytes_for_ever() {
    let wanted = "ayushma event v1\n42\nchat\nQuestionAsked\n2026-12-01T09:39:35.120456Z\n\
        abababababababababababababababababababababababababababababababab\n";
    assert_eq!(leaf().to_string(), wanted);
    assert_eq!(Leaf::parse(wanted.as_bytes()), Ok(leaf()));
    assert_eq!((leaf().position(), leaf().index()), (42, 41));
}

#[test]
fn a_record_has_one_spelling() {
    let good = leaf().to_string();
    for (wrong, why) in [
        (good.replace("v1", "v2"), "another version"),
        (good.replace("\n42\n", "\n042\n"), "a leading zero"),
        (good.replace("\n42\n", "\n0\n"), "position 0"),
        (good.replace("chat", ""), "no type"),
        (good.replace("chat", "ch\tat"), "a control character"),
        (good.replace("120456Z", "120Z"), "milliseconds"),
        (good.replace("120456Z", "120456+00:00"), "an offset"),
        (good.replace("2026-12-01T", "2026-12-01 "), "a blank"),
        (good.replace("2026-12-01", "2026-12-32"), "no day"),
        (good.replace("2026-", "+2026-"), "a sign"),
        (good.replace("abab", "ABAB"), "capital digits"),
        (good.replacen("ab", "", 1), "a short digest"),
        (good.replace('\n', "\r\n"), "line breaks of Windows"),
        (good.trim_end().to_owned(), "no line break at the end"),
        (format!("{good}\n"), "a line more"),
    ] {
        assert!(Leaf::parse(wrong.as_bytes()).is_err(), "{why}: {wrong:?}");
    }
}

#[test]
fn what_cannot_be_a_record_is_refused() {
    assert_eq!(Leaf::new(0, "chat", "Asked", time(), [0; 32]), Err(LeafError::Position));
    assert_eq!(Leaf::new(1, "chat\n", "Asked", time(), [0; 32]), Err(LeafError::TypeName));
    assert_eq!(Leaf::new(1, "chat", "", time(), [0; 32]), Err(LeafError::TypeName));
    let far = Utc.with_ymd_and_hms(10_000, 1, 1, 0, 0, 0).single().expect("a time");
    assert_eq!(Leaf::new(1, "chat", "Asked", far, [0; 32]), Err(LeafError::Time));
}

#[test]
fn the_chain_of_the_database_follows_from_the_records() {
    let link = Sha256::digest([&[3; 32][..], &42_u64.to_be_bytes(), &[0xab; 32]].concat());
    assert_eq!(leaf().chain_hash(&[3; 32]), <[u8; 32]>::from(link));
}
