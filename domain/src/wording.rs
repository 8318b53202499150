//! Counted nouns and chains of errors as text.

/// A number with a noun that forms its plural by an s.
pub fn counted(number: impl std::fmt::Display, name: &str) -> String {
    let number = number.to_string();
    if number == "1" { format!("1 {name}") } else { format!("{number} {name}s") }
}

/// An error with its sources, as one line for the log.
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
