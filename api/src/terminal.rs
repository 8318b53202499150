//! What commands tell the people who run them.

use std::io::{self, Write as _};

/// Writes a line to standard output. A reader that has gone away is no failure of the command.
pub(crate) fn say(text: &str) {
    drop(writeln!(io::stdout(), "{text}"));
}

/// Writes a line to standard error, whether or not it can be written.
pub(crate) fn complain(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}
