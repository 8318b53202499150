//! Colours of texts, shapes and backgrounds, as far as they tell what is visible.

use std::{collections::HashMap, rc::Rc};

use crate::extraction::{
    Unreadable,
    ooxml::{
        seen::{Rgb, WHITE, rgb},
        xml::{Element, Handler, Ns},
    },
};

/// A colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Colour {
    Of(Rgb),
    /// A gradient, or a change of another colour.
    Other,
    /// Nothing, or a colour of nearly no opacity.
    Clear,
    /// A colour of the theme.
    Named(Rc<str>),
}

/// What is known of a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shade {
    Of(Rgb),
    /// A colour that is not compared with others.
    Other,
    Clear,
    /// The theme does not tell.
    Unknown,
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
    by_name: HashMap<String, Shade>,
    names: HashMap<String, String>,
}

impl Colour {
    /// Reads an element that is a colour.
    pub(super) fn of(element: &Element<'_>) -> Option<Self> {
        let value = |name: &str| element.attribute(name).unwrap_or_default();
        let of = |digits: &str| rgb(digits).map_or(Self::Other, Self::Of);
        Some(match element.local {
            "srgbClr" => of(&value("val")),
            "sysClr" => of(&value("lastClr")),
            "prstClr" => match value("val").as_str() {
                "white" => Self::Of(WHITE),
                "black" => of("000000"),
                "red" => of("FF0000"),
                "yellow" => of("FFFF00"),
                "blue" => of("0000FF"),
                _ => Self::Other,
            },
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

    /// What is known of a colour.
    pub(super) fn shade(&self, colour: &Colour) -> Shade {
        match colour {
            Colour::Of(rgb) => Shade::Of(*rgb),
            Colour::Other => Shade::Other,
            Colour::Clear => Shade::Clear,
            Colour::Named(name) => {
                let name = self.names.get(name.as_ref()).map_or(name.as_ref(), String::as_str);
                self.by_name.get(name).copied().unwrap_or(Shade::Unknown)
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
                let shade = if let Some(Colour::Of(rgb)) = Colour::of(element) { Shade::Of(rgb) } else { Shade::Other };
                self.by_name.insert(name.to_owned(), shade);
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
