//! Fonts of before Unicode, in which documents in Indian languages are still written: they draw letters of the language
//! for Latin characters, so that the text of such a document is gibberish without the font.

/// Beginnings of their names, in lower case, without blanks and hyphens: each maker names whole families alike.
const BEGINNINGS: [&str; 48] = [
    // C-DAC: the language, then TT: ML-TTKarthika, MLW-TTRevathi, DV-TTYogesh.
    "mltt",
    "mlwtt",
    "mlbtt",
    "fmltt",
    "dvtt",
    "dvwtt",
    "dvbtt",
    "dvbwtt",
    "mlbwtt",
    "gjtt",
    "gjwtt",
    "pntt",
    "pnwtt",
    "bntt",
    "bnwtt",
    "ortt",
    "orwtt",
    "tmtt",
    "tmwtt",
    "tltt",
    "tlwtt",
    "kntt",
    "knwtt",
    "astt",
    "aswtt",
    "sdtt",
    "sntt",
    "fml",
    "ism",
    "gist",
    // Hindi and Marathi.
    "krutidev",
    "devlys",
    "shree",
    "chanakya",
    "walkmanchanakya",
    "kundli",
    "akruti",
    "shusha",
    "susha",
    "apsdv",
    "4cgandhi",
    "shivaji0",
    "sulipi",
    // Malayalam, Tamil, Bengali, Punjabi.
    "mlkr",
    "tscu",
    "bamini",
    "sutonnymj",
    "anmollipi",
];

/// Names with such a beginning of fonts that are Unicode fonts.
const UNICODE: [&str; 3] = ["shreedevanagari", "shreeunicode", "ismunicode"];

/// Whether text in this font has other letters than its characters say. In a PDF, six letters and a plus stand before
/// the font's name.
pub(super) fn is_legacy(name: &str) -> bool {
    let name = match name.split_once('+') {
        Some((subset, name)) if subset.len() == 6 && subset.bytes().all(|byte| byte.is_ascii_uppercase()) => name,
        _ => name,
    };
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let begins = |beginning: &&str| plain.starts_with(*beginning);
    BEGINNINGS.iter().any(begins) && !UNICODE.iter().any(begins) && !plain.contains("unicode")
}

/// Whether such a font draws another letter for this character. Characters beyond Latin mean what Unicode says.
pub(super) const fn replaces(c: char) -> bool {
    matches!(c, '!'..='~' | '\u{a1}'..='\u{24f}' | '\u{2c6}' | '\u{2dc}' | '\u{2013}'..='\u{203a}' | '\u{20ac}' | '\u{2122}' | '\u{f000}'..='\u{f0ff}')
}

/// The letters of a text, and how many of them are in such a font.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Share {
    letters: u64,
    legacy: u64,
}

impl Share {
    pub(super) fn count(&mut self, letters: usize, is_legacy: bool) {
        let letters = u64::try_from(letters).unwrap_or(u64::MAX);
        self.letters = self.letters.saturating_add(letters);
        if is_legacy {
            self.legacy = self.legacy.saturating_add(letters);
        }
    }

    /// Whether most letters are in such a font: then the text as read is not the text of the document.
    pub(super) const fn is_most(self) -> bool {
        self.legacy > self.letters / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_of_before_unicode_are_known_by_name() {
        for name in [
            "ML-TTKarthika",
            "MLW-TTRevathi",
            "ML_TTAmbili",
            "FML-TTNandini",
            "ABCDEF+ML-TTKarthika-Bold",
            "Kruti Dev 010",
            "KrutiDev010",
            "DevLys 010",
            "Shree-Dev-0714",
            "SHREE702",
            "ISMMLKarthika",
            "Chanakya",
            "Walkman-Chanakya-905",
            "DV-TTYogesh",
            "DVBW-TTYogeshEN",
            "FML-TTIndulekha",
            "\"Kruti Dev 010\"",
        ] {
            assert!(is_legacy(name), "{name}");
        }
    }

    #[test]
    fn fonts_of_unicode_are_not() {
        for name in [
            "Kartika",
            "Mangal",
            "Nirmala UI",
            "Shree Devanagari 714",
            "Noto Sans Malayalam",
            "Manjari",
            "Meera",
            "Rachana",
            "Calibri",
            "Times New Roman",
            "MLK Sans",
            "Symbol",
            "Kruti",
        ] {
            assert!(!is_legacy(name), "{name}");
        }
    }

    #[test]
    fn most_is_more_than_half() {
        let mut share = Share::default();
        assert!(!share.is_most());
        share.count(10, true);
        share.count(10, false);
        assert!(!share.is_most());
        share.count(1, true);
        assert!(share.is_most());
    }
}
