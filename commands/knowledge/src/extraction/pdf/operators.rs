//! The places of instructions in the content of a page.

use std::ops::Range;

/// The places of the instructions that show text, with their operands.
pub(super) fn of_texts(content: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // The beginning of the first operand.
    let mut begin = None;
    let mut at = 0;
    while let Some(byte) = content.get(at) {
        let start = at;
        match byte {
            b'\0' | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ' => {
                at += 1;
                continue;
            }
            b'%' => {
                at += length(&content[at..], |byte| !matches!(byte, b'\n' | b'\r'));
                continue;
            }
            b'(' => at = after_string(content, at),
            b'<' if content.get(at + 1) != Some(&b'<') => {
                at += length(&content[at..], |byte| byte != b'>') + 1;
            }
            b'/' => at += 1 + length(&content[at + 1..], is_regular),
            byte if is_regular(*byte) => {
                at += length(&content[at..], is_regular);
                let word = &content[start..at];
                if !matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.') {
                    if matches!(word, b"Tj" | b"TJ" | b"'" | b"\"") {
                        found.push(begin.unwrap_or(start)..at);
                    } else if word == b"ID" {
                        at = after_image(content, at);
                    }
                    begin = None;
                    continue;
                }
            }
            _ => at += 1,
        }
        begin = begin.or(Some(start));
    }
    found
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_blank(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

/// The number of bytes of this kind at the beginning.
fn length(content: &[u8], is_kind: impl Fn(u8) -> bool) -> usize {
    content.iter().position(|byte| !is_kind(*byte)).unwrap_or(content.len())
}

fn after_string(content: &[u8], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut is_escaped = false;
    for (index, byte) in content.iter().enumerate().skip(at) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'(' => depth += 1,
            b')' if depth <= 1 => return index + 1,
            b')' => depth -= 1,
            _ => {}
        }
    }
    content.len()
}

/// The end of the data of a picture.
fn after_image(content: &[u8], at: usize) -> usize {
    let data = content.get(at..).unwrap_or_default();
    let is_end = |four: &[u8]| is_blank(four[0]) && &four[1..3] == b"EI" && is_blank(four[3]);
    data.windows(4).position(is_end).map_or(content.len(), |end| at + end + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_with_its_operands_and_none_within_others() {
        let content = b"BT /Tj 1 Tf (a\\) (Tj) b) Tj % (c) Tj\n[<41> -20 (d)]TJ 1 2 (e)\" <</T (Tj)>> BDC (f)' \
            BI /W 1 ID (Tj EI (g) Tj";
        let texts: Vec<&str> =
            of_texts(content).into_iter().filter_map(|place| std::str::from_utf8(&content[place]).ok()).collect();
        assert_eq!(texts, ["(a\\) (Tj) b) Tj", "[<41> -20 (d)]TJ", "1 2 (e)\"", "(f)'", "(g) Tj"]);
    }
}
