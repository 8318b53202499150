//! What values of a column have in common.

/// "12.5 mg" and "7 mg" are `# mg`; the names of columns seldom have the shape of what is below them.
pub(in crate::extraction) fn shape(text: &str) -> String {
    let mut shape = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character.is_numeric() {
            if !shape.ends_with('#') {
                shape.push('#');
            }
        } else if matches!(character, '.' | ',') && shape.ends_with('#') {
            // Inside of a number, if one goes on; at its end it is a stop.
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

/// "500", "1,200.5", "-3"
pub(super) fn is_number(text: &str) -> bool {
    has_number(text) && text.chars().all(|c| c.is_numeric() || matches!(c, '.' | ',' | '-' | '−' | '+' | ' '))
}

/// "500 mg", "< 5 mg"
pub(in crate::extraction) fn begins_with_number(text: &str) -> bool {
    text.trim_start_matches(['<', '>', '≤', '≥', '=', '±', '+', '-', '−', '~', '≈', '.', ' '])
        .starts_with(char::is_numeric)
}
