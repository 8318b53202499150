//! What a person sees of a piece of text.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Seen,
    /// Text that a program has recognized in the picture at its place.
    Recognized,
    /// Text without ink where there is no picture.
    Inkless,
    Hidden,
}
