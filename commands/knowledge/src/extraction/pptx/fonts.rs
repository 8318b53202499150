//! The fonts of a theme.

use crate::extraction::{
    Unreadable,
    ooxml::xml::{Element, Handler, Ns},
};

/// The fonts of a theme: for titles, and for other text.
#[derive(Debug, Clone, Default)]
pub(super) struct Fonts {
    major: Option<String>,
    minor: Option<String>,
}

impl Fonts {
    /// The font of this name, which may refer to one of the theme.
    pub(super) fn named<'n>(&'n self, name: Option<&'n str>) -> Option<&'n str> {
        match name {
            Some(name) if name.starts_with("+mj") => self.major.as_deref(),
            Some(name) if name.starts_with("+mn") => self.minor.as_deref(),
            None => self.minor.as_deref(),
            name => name,
        }
    }
}

impl Handler for Fonts {
    /// Whether the element is about the font of titles.
    type Tag = Option<bool>;

    fn open(&mut self, element: &Element<'_>, parent: Option<Self::Tag>) -> Result<Option<Self::Tag>, Unreadable> {
        Ok(match (element.ns, element.local, parent.flatten()) {
            (Ns::Drawing, "majorFont", _) => Some(Some(true)),
            (Ns::Drawing, "minorFont", _) => Some(Some(false)),
            (Ns::Drawing, "latin", Some(is_major)) => {
                let font = element.attribute("typeface").filter(|it| !it.is_empty());
                *(if is_major { &mut self.major } else { &mut self.minor }) = font;
                None
            }
            (_, _, Some(_)) => None,
            _ => Some(None),
        })
    }

    fn close(&mut self, _: Self::Tag) -> Result<(), Unreadable> {
        Ok(())
    }

    fn text(&mut self, _: &str, _: Self::Tag) {}
}
