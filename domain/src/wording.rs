//! Numbers of things and errors in sentences.

/// So many of something that has a plain plural, in a sentence.
pub fn counted(number: impl std::fmt::Display, name: &str) -> String {
    let number = number.to_string();
    if number == "1" { format!("1 {name}") } else { format!("{number} {name}s") }
}

/// An error with its sources, for a log line.
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
