//! Colours of texts, shapes and backgrounds, as far as they tell what is visible.

use std::{collections::HashMap, rc::Rc};

use crate::extraction::{
    Unreadable,
    ooxml::xml::{Element, Handler, Ns},
};

/// A colour: only white ones hide text on a page that is not painted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Colour {
    White,
    Other,
    /// A colour of the theme.
    Named(Rc<str>),
}

/// What fills a shape, a cell or the background.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Paint {
    /// Not set: a placeholder has the paint of its layout.
    #[default]
    Unset,
    None,
    Solid(Colour),
    /// A gradient, a pattern, a picture, something translucent, or a style of the theme.
    Other,
}

/// The colours of a theme by name, and the names that a master gives them.
#[derive(Debug, Clone, Default)]
pub(super) struct Colours {
    is_white: HashMap<String, bool>,
    names: HashMap<String, String>,
}

impl Colour {
    /// Reads an element that is a colour.
    pub(super) fn of(element: &Element<'_>) -> Option<Self> {
        let value = |name: &str| element.attribute(name).unwrap_or_default();
        let of = |is_white: bool| if is_white { Self::White } else { Self::Other };
        Some(match element.local {
            "srgbClr" => of(value("val").eq_ignore_ascii_case("FFFFFF")),
            "sysClr" => of(value("lastClr").eq_ignore_ascii_case("FFFFFF")),
            "prstClr" => of(value("val") == "white"),
            "schemeClr" => Self::Named(value("val").into()),
            "scrgbClr" | "hslClr" => Self::Other,
            _ => return None,
        })
    }
}

impl Paint {
    /// Reads the element of a paint.
    pub(super) fn of(element: &Element<'_>) -> Option<Self> {
        Some(match element.local {
            "noFill" => Self::None,
            "solidFill" | "gradFill" | "pattFill" | "blipFill" | "grpFill" => Self::Other,
            _ => return None,
        })
    }

    pub(super) const fn is_painted(&self) -> bool {
        matches!(self, Self::Solid(_) | Self::Other)
    }
}

impl Colours {
    /// Reads the names that a master gives to the colours of its theme (`p:clrMap`).
    pub(super) fn take_names(&mut self, element: &Element<'_>) {
        for name in ["bg1", "tx1", "bg2", "tx2"] {
            self.names.extend(element.attribute(name).map(|of_theme| (name.to_owned(), of_theme)));
        }
    }

    pub(super) fn with_names_of(self, master: Self) -> Self {
        Self { names: master.names, ..self }
    }

    /// Whether a colour is white; `None` if the theme does not tell.
    pub(super) fn is_white(&self, colour: &Colour) -> Option<bool> {
        match colour {
            Colour::White => Some(true),
            Colour::Other => Some(false),
            Colour::Named(name) => {
                let name = self.names.get(name.as_ref()).map_or(name.as_ref(), String::as_str);
                self.is_white.get(name).copied()
            }
        }
    }
}

impl Handler for Colours {
    /// Whether the element is the list of colours, or else one of them.
    type Tag = Option<&'static str>;

    fn open(&mut self, element: &Element<'_>, parent: Option<Self::Tag>) -> Result<Option<Self::Tag>, Unreadable> {
        const NAMES: [&str; 10] =
            ["dk1", "lt1", "dk2", "lt2", "accent1", "accent2", "accent3", "accent4", "accent5", "accent6"];
        Ok(match (element.ns, element.local, parent.flatten()) {
            (Ns::Drawing, "clrScheme", _) => Some(Some("clrScheme")),
            (Ns::Drawing, name, Some("clrScheme")) => NAMES.into_iter().find(|it| *it == name).map(Some),
            (Ns::Drawing, _, Some(name)) => {
                let is_white = Colour::of(element) == Some(Colour::White);
                self.is_white.insert(name.to_owned(), is_white);
                None
            }
            (Ns::Drawing, "fontScheme" | "fmtScheme", _) => None,
            _ => Some(None),
        })
    }

    fn close(&mut self, _: Self::Tag) -> Result<(), Unreadable> {
        Ok(())
    }

    fn text(&mut self, _: &str, _: Self::Tag) {}
}

/// Whether a slide or layout gives other names to the colours of its theme, and whether shapes of it appear or vanish
/// while it is shown.
#[derive(Debug, Default)]
pub(super) struct Preface {
    pub(super) renames_colours: bool,
    pub(super) is_animated: bool,
}

impl Handler for Preface {
    type Tag = ();

    fn open(&mut self, element: &Element<'_>, _: Option<()>) -> Result<Option<()>, Unreadable> {
        match (element.ns, element.local) {
            (Ns::Drawing, "overrideClrMapping") => self.renames_colours = true,
            (Ns::Slides, "spTgt") => self.is_animated = true,
            _ => {}
        }
        Ok(Some(()))
    }

    fn close(&mut self, (): ()) -> Result<(), Unreadable> {
        Ok(())
    }

    fn text(&mut self, _: &str, (): ()) {}
}
