//! Placeholders: positions for text that layouts and masters define and slides fill in.

/// The kinds of placeholders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    #[default]
    None,
    Title,
    /// Text with bullets unless set otherwise.
    Body,
    Other,
    Footer,
    /// Date, slide number, picture of the slide.
    Furniture,
}

impl Place {
    pub(super) fn of(kind: Option<&str>) -> Self {
        match kind {
            Some("title" | "ctrTitle") => Self::Title,
            Some("body" | "obj") | None => Self::Body,
            Some("ftr") => Self::Footer,
            Some("dt" | "sldNum" | "sldImg" | "hdr") => Self::Furniture,
            Some(_) => Self::Other,
        }
    }
}

/// The kind and the index of a placeholder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) kind: Option<String>,
    pub(super) index: Option<String>,
}

impl Name {
    /// The kind on a master, where all placeholders that are filled with text are bodies.
    pub(super) fn place(&self) -> Place {
        match Place::of(self.kind.as_deref()) {
            Place::Other => Place::Body,
            place => place,
        }
    }
}
