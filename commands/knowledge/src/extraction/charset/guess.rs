//! Guesses the character set of a text that declares none and is not UTF-8.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, MACINTOSH, WINDOWS_1252};

pub(super) fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guessed = detector.guess(None, Utf8Detection::Allow);
    let text = guessed.decode(bytes).0;
    if !guessed.is_single_byte() {
        // The detector takes signs between Latin letters for Chinese letters; those would not stand alone.
        return if has_letters_alone(&text) { WINDOWS_1252 } else { guessed };
    }
    let is_latin = |c: char| !c.is_alphabetic() || c < LAST_LATIN;
    if text.chars().all(is_latin) && has_signs_of_macintosh(bytes) {
        return MACINTOSH;
    }
    if differs_in_signs_only(&text, &WINDOWS_1252.decode(bytes).0) { WINDOWS_1252 } else { guessed }
}

/// The end of Unicode's Latin blocks.
const LAST_LATIN: char = '\u{250}';

/// Whether most non-ASCII characters follow an ASCII character.
fn has_letters_alone(text: &str) -> bool {
    let (mut all, mut beside, mut is_after) = (0_usize, 0_usize, false);
    for character in text.chars() {
        all += usize::from(!character.is_ascii());
        beside += usize::from(!character.is_ascii() && is_after);
        is_after = !character.is_ascii();
    }
    beside * 2 < all
}

/// Whether each character that differs from Windows-1252 is a sign there: `1¾ tab` is not `1ž tab`. Text of another
/// language differs in letters, too.
fn differs_in_signs_only(text: &str, western: &str) -> bool {
    let is_sign = |c: char| c == 'µ' || !c.is_alphabetic() && !c.is_control();
    text.chars().zip(western.chars()).all(|(one, other)| one == other || is_sign(other))
}

/// Whether the signs stand where texts of an old Macintosh have them, and none where texts of Windows have them: `≥ 5`
/// would be `³ 5`, `5–10` would be `5Ð10`.
fn has_signs_of_macintosh(bytes: &[u8]) -> bool {
    let (mut macintosh, mut windows) = (0_usize, 0_usize);
    for (at, byte) in bytes.iter().enumerate().filter(|(_, byte)| !byte.is_ascii()) {
        let before = bytes[..at].last().copied().unwrap_or(b' ');
        let last = bytes[..at].iter().rev().find(|byte| **byte != b' ').copied().unwrap_or_default();
        let next = bytes[at + 1..].iter().find(|byte| **byte != b' ').copied().unwrap_or_default();
        let is_apart = !before.is_ascii_alphanumeric() && before.is_ascii() && before != b')';
        match byte {
            0xb2 | 0xb3 if is_apart && next.is_ascii_digit() => macintosh += 1,
            0xd0 | 0xd1 if last.is_ascii_digit() && next.is_ascii_digit() => macintosh += 1,
            0xa1 if last.is_ascii_digit() && matches!(next, b'C' | b'F') => macintosh += 1,
            0x91..=0x94 | 0x96 | 0x97 | 0xb0 | 0xbc..=0xbe | 0xd7 => windows += 1,
            _ => {}
        }
    }
    macintosh > 0 && windows == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> String {
        guess(bytes).decode(bytes).0.into_owned()
    }

    #[test]
    fn a_fraction_or_a_sign_does_not_become_a_letter_of_another_language() {
        for sign in "½¼¾±°×µ–—…’²³·®".chars() {
            for text in [format!("Zinc;1{sign} tab\n"), format!("Zinc;5 {sign}g\n"), format!("Zinc;5{sign}10 mg\n")] {
                assert_eq!(read(&WINDOWS_1252.encode(&text).0), text);
            }
        }
        assert_eq!(read(&WINDOWS_1252.encode("café: 1¾ tab, ± 5").0), "café: 1¾ tab, ± 5");
    }

    #[test]
    fn texts_of_other_languages_keep_their_letters() {
        for (label, text) in [
            ("windows-1250", "Podać 5 mg żelaza i łyżkę wody, dawkę powtórzyć"),
            ("windows-1251", "Давать по 5 мг цинка, 4 и 5 раз в день"),
            ("windows-1256", "باراسيتامول 500 ملغ كل 8 ساعات"),
            ("windows-1253", "Δώστε 5 mg ψευδαργύρου κάθε μέρα"),
            ("windows-1254", "Günde 5 mg çinko, ağızdan, ışıktan uzak"),
        ] {
            let encoding = Encoding::for_label(label.as_bytes()).expect("it is known");
            assert_eq!(read(&encoding.encode(text).0), text);
        }
    }

    #[test]
    fn comparisons_and_ranges_of_an_old_macintosh_are_read() {
        assert_eq!(read(b"Zinc;age \xb3 5: 5 \xb5g\nIron;5\xd010 mg\n"), "Zinc;age ≥ 5: 5 µg\nIron;5–10 mg\n");
        assert_eq!(read(b"ORS;\xb23 tab; 37 \xa1C"), "ORS;≤3 tab; 37 °C");
        assert_eq!(read(b"10 cm\xb3 5 and 37 \xb0C"), "10 cm³ 5 and 37 °C");
    }
}
