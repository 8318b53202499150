//! Placeholders: places for text that layouts and masters have, and slides fill in.

/// The kinds of places for text that a layout has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    #[default]
    None,
    Title,
    /// With bullets, unless something else is said.
    Body,
    Other,
    Footer,
    /// Date, number of the slide, picture of the slide.
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

/// What a placeholder is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) kind: Option<String>,
    pub(super) index: Option<String>,
}

impl Name {
    /// The place that it names for a master, to which all that is filled with text is a body.
    pub(super) fn place(&self) -> Place {
        match Place::of(self.kind.as_deref()) {
            Place::Other => Place::Body,
            place => place,
        }
    }
}
