//! Output of commands on the terminal.

use std::io::{self, Write as _};

/// Writes a line to standard output. Errors are ignored: a closed pipe is not a failure of the command.
pub(crate) fn say(text: &str) {
    drop(writeln!(io::stdout(), "{text}"));
}

/// Writes a line to standard error. Errors are ignored.
pub(crate) fn complain(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}
