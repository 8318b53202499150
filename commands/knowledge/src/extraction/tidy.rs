//! The normalization of every text, whatever its format.

use unicode_normalization::UnicodeNormalization;

/// Characters without a space beyond which a text is data, in any script. Cutting it into passages would take very
/// long.
const LONGEST_WORD: usize = 2_000;

/// Normalizes a text: NFC, uniform line ends, spaces and blank lines, no control characters (PostgreSQL cannot store
/// NUL), and no characters that only control the layout.
pub(super) fn tidy(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut tidied = String::with_capacity(text.len());
    let mut blank_lines = 0;
    for line in text.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']) {
        let line: String = line.nfc().flat_map(tidy_character).collect();
        let line = line.trim_end();
        if line.is_empty() {
            blank_lines += 1;
            continue;
        }
        if !tidied.is_empty() {
            tidied.push_str(if blank_lines > 0 { "\n\n" } else { "\n" });
        }
        blank_lines = 0;
        push_with_breaks(line, &mut tidied);
    }
    tidied
}

fn push_with_breaks(line: &str, tidied: &mut String) {
    if line.len() <= LONGEST_WORD {
        tidied.push_str(line);
        return;
    }
    let mut length = 0;
    for character in line.chars() {
        length = if character.is_whitespace() { 0 } else { length + 1 };
        if length > LONGEST_WORD {
            tidied.push('\n');
            length = 1;
        }
        tidied.push(character);
    }
}

fn tidy_character(character: char) -> impl Iterator<Item = char> {
    let (one, ligature) = match character {
        '\t' => (Some(character), None),
        // Joiners (U+200C, U+200D) change the shape of Indic and Arabic letters, and so stay.
        '\u{ad}'
        | '\u{feff}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2060}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => (None, None),
        '\u{a0}' | '\u{2007}' | '\u{202f}' => (Some(' '), None),
        '\u{fb00}'..='\u{fb06}' => (None, Some(character)),
        other => (Some(other).filter(|it| !it.is_control()), None),
    };
    one.into_iter().chain(ligature.into_iter().nfkc())
}

#[cfg(test)]
mod tests {
    use super::tidy;

    #[test]
    fn letters_are_composed_and_ligatures_taken_apart() {
        assert_eq!(tidy("e\u{301} \u{fb01}ve"), "é five");
    }

    #[test]
    fn lines_end_alike_and_one_blank_line_is_enough() {
        assert_eq!(tidy("\n\na \r\nb\r\n\r\n \t\r\nc\u{2028}d\re\n\n"), "a\nb\n\nc\nd\ne");
    }

    #[test]
    fn what_is_no_character_of_the_text_goes() {
        assert_eq!(tidy("a\0b\u{7}c\u{ad}d\u{feff}\u{202e}e\u{a0}f\tg"), "abcde f\tg");
    }

    #[test]
    fn data_is_broken_up() {
        let lines: Vec<usize> = tidy(&"അ".repeat(5_000)).lines().map(|line| line.chars().count()).collect();
        assert_eq!(lines, [2_000, 2_000, 1_000]);
    }

    #[test]
    fn joiners_of_indic_scripts_stay() {
        assert_eq!(tidy("ന്\u{200d}"), "ന്\u{200d}");
    }
}
