//! Fonts of cell styles, and raised or lowered letters.

use quick_xml::events::BytesStart;

use super::{colours::Colour, is_true, package::attribute};
use crate::extraction::{
    legacy_fonts::is_legacy,
    scripts::{lowered, raised},
    symbols::is_symbol_font,
};

/// The font properties of a cell's text.
#[derive(Debug, Clone, Default)]
pub(super) struct Font {
    pub(super) is_bold: bool,
    pub(super) is_struck: bool,
    pub(super) script: Script,
    /// Its name, if it is a font of before Unicode.
    pub(super) legacy: Option<String>,
    /// Its name, if it is a symbol font.
    pub(super) symbols: Option<String>,
    /// Its colour, if that is not the automatic one.
    pub(super) colour: Option<Colour>,
    /// Its size in hundredths of a point.
    pub(super) size: Option<i64>,
}

/// The vertical position of letters.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    #[default]
    Line,
    Raised,
    Lowered,
}

impl Font {
    /// Reads an element of a font.
    pub(super) fn take(&mut self, name: &str, element: &BytesStart<'_>) {
        let value = attribute(element, "val");
        match name {
            "b" => self.is_bold = value.as_deref().is_none_or(is_true),
            "strike" => self.is_struck = value.as_deref().is_none_or(is_true),
            "color" => self.colour = Colour::of_font(element),
            "sz" => self.size = value.as_deref().and_then(size_of),
            "vertAlign" => self.script = script_of(value.as_deref()),
            "name" => {
                self.symbols = value.clone().filter(|name| is_symbol_font(name));
                self.legacy = value.filter(|name| is_legacy(name));
            }
            _ => {}
        }
    }
}

/// The size of `sz`, in hundredths of a point.
pub(super) fn size_of(value: &str) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "sizes are below 500 points")]
    value.trim().parse::<f64>().ok().map(|points| (points.clamp(0.0, 500.0) * 100.0).round() as i64)
}

/// The script of `vertAlign`, which is the same in styles and in texts.
pub(super) fn script_of(value: Option<&str>) -> Script {
    match value {
        Some("superscript") => Script::Raised,
        Some("subscript") => Script::Lowered,
        _ => Script::Line,
    }
}

/// The text in its vertical position.
pub(super) fn placed(text: &str, script: Script) -> String {
    match script {
        Script::Line => text.to_owned(),
        _ if text.trim().is_empty() => text.to_owned(),
        Script::Raised => raised(text),
        Script::Lowered => lowered(text),
    }
}
