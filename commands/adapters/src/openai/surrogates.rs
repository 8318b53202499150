//! Joins surrogate pairs that a server has cut: JSON writes a character beyond U+FFFF as two escapes, and some servers
//! end a piece of a text between them.

/// Joins the halves.
#[derive(Debug, Default)]
pub(super) struct Surrogates {
    /// The escape of a first half whose second half has not come.
    first: Option<String>,
}

impl Surrogates {
    /// The JSON text without lone halves: a first half is held until the second one comes, in this text or in a later
    /// one.
    pub(super) fn mend(&mut self, json: &str) -> String {
        let mut mended = String::with_capacity(json.len());
        let mut rest = json;
        while let Some(at) = rest.find('\\') {
            mended.push_str(&rest[..at]);
            rest = &rest[at..];
            let length =
                if unit(rest).is_some() { ESCAPE } else { 1 + rest[1..].chars().next().map_or(0, char::len_utf8) };
            let (escape, after) = rest.split_at(length);
            match unit(rest) {
                Some(0xD800..=0xDBFF) => {
                    self.first = Some(escape.to_owned());
                }
                Some(0xDC00..=0xDFFF) => match self.first.take() {
                    Some(first) => mended.extend([first.as_str(), escape]),
                    None => mended.push('\u{fffd}'),
                },
                _ => mended.push_str(escape),
            }
            rest = after;
        }
        mended.push_str(rest);
        mended
    }
}

/// The length of `\u` and four digits.
const ESCAPE: usize = 6;

/// The code unit of the escape at the beginning.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_was_cut_in_two_is_whole_again() {
        let mut surrogates = Surrogates::default();
        assert_eq!(surrogates.mend(r#""Rest \ud83d""#), r#""Rest ""#);
        assert_eq!(surrogates.mend(r#""\ude00 \\ud83d \"""#), r#""\ud83d\ude00 \\ud83d \"""#);
        assert_eq!(surrogates.mend(r#""\ud83d\ude00 \n""#), r#""\ud83d\ude00 \n""#);
        assert_eq!(surrogates.mend(r#""\ude00 \"#), "\"\u{fffd} \\");
    }
}
