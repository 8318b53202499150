//! Escapes of JSON that are one half of a pair: JavaScript writes a character beyond U+FFFF as two, and the front end
//! cuts the title of a chat between them when the fiftieth character of the question is an emoji.

/// The length of `\u` and four digits.
const ESCAPE: usize = 6;
/// What stands for a character of which a half is missing: as long as what it replaces, so that places in the text
/// stay the same.
const REPLACEMENT: &[u8; ESCAPE] = br"\ufffd";

/// Returns the text with U+FFFD in place of each half that stands alone; `None` if there is none.
pub(super) fn mended(json: &[u8]) -> Option<Vec<u8>> {
    let mut mended = None;
    let mut at = 0;
    while let Some(distance) = json[at..].iter().position(|byte| *byte == b'\\') {
        at += distance;
        let rest = &json[at..];
        at = match unit(rest) {
            Some(0xD800..=0xDBFF) if matches!(rest.get(ESCAPE..).and_then(unit), Some(0xDC00..=0xDFFF)) => {
                at + 2 * ESCAPE
            }
            Some(0xD800..=0xDFFF) => {
                let text = mended.get_or_insert_with(|| json.to_vec());
                text[at..at + ESCAPE].copy_from_slice(REPLACEMENT);
                at + ESCAPE
            }
            Some(_) => at + ESCAPE,
            None => json.len().min(at + 2),
        };
    }
    mended
}

/// Returns the code unit of the escape at the beginning of the text.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(br"\u")?.get(..4)?;
    // `from_str_radix` takes a sign, too.
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_character_is_replaced_and_a_whole_one_stays() {
        for (json, expected) in [
            (r#"{"title":"Zinc \ud83d"}"#, Some(r#"{"title":"Zinc \ufffd"}"#)),
            (r#"["\uDE00\ud83d\ud83d\ude00"]"#, Some(r#"["\ufffd\ufffd\ud83d\ude00"]"#)),
            (r#"["\ud800\u0041"]"#, Some(r#"["\ufffd\u0041"]"#)),
            (r#"["\ud83d\ude00 \\ud83d \n"]"#, None),
            (r#"["\u+d83", "\ud8"#, None),
            (r#"["\"#, None),
        ] {
            assert_eq!(mended(json.as_bytes()).as_deref(), expected.map(str::as_bytes), "{json}");
        }
    }
}
