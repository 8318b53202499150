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
        let said = cause.to_string();
        // Errors of databases and of HTTP end in the text of their source.
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("permission denied")]
    struct Inner;

    #[derive(Debug, thiserror::Error)]
    #[error("the database says: {0}")]
    struct Wrapping(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("the view cannot be read")]
    struct Outer(#[source] Wrapping);

    #[test]
    fn nothing_is_said_twice() {
        assert_eq!(
            error_chain(&Outer(Wrapping(Inner))),
            "the view cannot be read: the database says: permission denied"
        );
    }
}
