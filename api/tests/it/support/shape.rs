//! Replaces what differs from run to run, so that the rest can be compared to the letter.

/// The text with `<id>` for UUIDs, `<time>` for points in time and `<epoch>` for seconds since 1970.
pub(crate) fn shape(text: &str) -> String {
    let mut shaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let found =
            [(uuid(rest), "<id>"), (time(rest), "<time>"), (epoch(rest), "<epoch>"), (secret(rest), "_<secret>")];
        if let Some((length, name)) = found.into_iter().find_map(|(length, name)| Some((length?, name))) {
            shaped.push_str(name);
            rest = &rest[length..];
        } else {
            shaped.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    shaped
}

fn matches(text: &str, pattern: &str) -> bool {
    text.len() >= pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, wanted)| match wanted {
            b'x' => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            b'9' => byte.is_ascii_digit(),
            wanted => byte == wanted,
        })
}

fn uuid(text: &str) -> Option<usize> {
    matches(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx").then_some(36)
}

/// With six digits of a second, or none.
fn time(text: &str) -> Option<usize> {
    ["9999-99-99T99:99:99.999999Z", "9999-99-99T99:99:99Z"]
        .into_iter()
        .find_map(|pattern| matches(text, pattern).then_some(pattern.len()))
}

/// Of a file's name.
fn secret(text: &str) -> Option<usize> {
    let length = text.strip_prefix('_')?.bytes().take_while(u8::is_ascii_alphanumeric).count();
    (length == 22).then_some(1 + length)
}

fn epoch(text: &str) -> Option<usize> {
    if !matches(text, "9999999999.9") {
        return None;
    }
    Some(11 + text[11..].bytes().take_while(u8::is_ascii_digit).count())
}

#[test]
fn ids_and_times_are_replaced_and_nothing_else() {
    assert_eq!(
        shape(
            r#"{"é":"9df73c64-8da0-4fb9-8de4-6ee743ef23f3","at":"2026-11-22T09:02:31.906984Z","s":1790000000.25,"n":12}"#
        ),
        r#"{"é":"<id>","at":"<time>","s":<epoch>,"n":12}"#
    );
}
