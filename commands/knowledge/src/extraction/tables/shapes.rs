//! The shape that values of a column have in common.

/// The shape of a text: "12.5 mg" and "7 mg" are `# mg`. The names of columns seldom have the shape of the values below
/// them.
pub(in crate::extraction) fn shape(text: &str) -> String {
    let mut shape = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character.is_numeric() {
            if !shape.ends_with('#') {
                shape.push('#');
            }
        } else if matches!(character, '.' | ',') && shape.ends_with('#') {
            // A point or comma is part of a number only if a digit follows.
            if !characters.peek().is_some_and(|next| next.is_numeric()) {
                shape.push(character);
            }
        } else if !character.is_whitespace() {
            shape.extend(character.to_lowercase());
        }
    }
    shape
}

pub(in crate::extraction) fn has_number(text: &str) -> bool {
    text.contains(char::is_numeric)
}

/// Whether a text is a number: "500", "1,200.5", "-3".
pub(super) fn is_number(text: &str) -> bool {
    has_number(text) && text.chars().all(|c| c.is_numeric() || matches!(c, '.' | ',' | '-' | '−' | '+' | ' '))
}

/// Whether a text begins with a number: "500 mg", "< 5 mg".
pub(in crate::extraction) fn begins_with_number(text: &str) -> bool {
    text.trim_start_matches(['<', '>', '≤', '≥', '=', '±', '+', '-', '−', '~', '≈', '.', ' '])
        .starts_with(char::is_numeric)
}
