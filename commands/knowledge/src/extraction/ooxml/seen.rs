//! Whether a text can be seen by readers of the page.

/// Whether a text can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Yes,
    Perhaps,
    No,
}
