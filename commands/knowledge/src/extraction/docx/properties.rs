//! Properties of characters and paragraphs, set directly or by a style.

use std::rc::Rc;

use super::shading::{Ink, Shading};
use crate::extraction::{
    ooxml::xml::{Element, Ns},
    scripts::Script,
};

/// Half points from which a raised character is written as raised.
const RAISED_FROM: i32 = 3;
/// Thousandths of a per cent from which a transparent fill is not seen.
const TRANSPARENT_FROM: u32 = 90_000;

/// Properties of characters; `None` is not set.
#[derive(Debug, Clone, Default)]
pub(super) struct RunProperties {
    pub(super) style: Option<Rc<str>>,
    pub(super) is_struck: Option<bool>,
    pub(super) is_twice_struck: Option<bool>,
    pub(super) is_hidden: Option<bool>,
    script: Option<Script>,
    position: Option<i32>,
    pub(super) ascii: Option<Rc<str>>,
    pub(super) other: Option<Rc<str>>,
    pub(super) ink: Option<Ink>,
    shading: Option<Shading>,
    pub(super) highlight: Option<Shading>,
    pub(super) half_points: Option<i64>,
    /// Whether an effect gives the letters a fill or an outline of its own.
    pub(super) has_effect: bool,
    /// Whether their fill is transparent.
    pub(super) is_clear: bool,
}

impl RunProperties {
    /// Reads an element of `w:rPr`.
    pub(super) fn take(&mut self, element: &Element<'_>) {
        if element.ns != Ns::Word {
            self.has_effect |= matches!(element.local, "textFill" | "textOutline" | "glow" | "shadow" | "props3d");
            return;
        }
        match element.local {
            "rStyle" => self.style = element.attribute("val").map(Rc::from),
            "strike" => self.is_struck = Some(element.is_on("val")),
            "dstrike" => self.is_twice_struck = Some(element.is_on("val")),
            "vanish" => self.is_hidden = Some(element.is_on("val")),
            "vertAlign" => {
                self.script = Some(match element.attribute("val").as_deref() {
                    Some("superscript") => Script::Raised,
                    Some("subscript") => Script::Lowered,
                    _ => Script::Base,
                });
            }
            "color" => self.ink = Some(Ink::of(element)),
            "outline" | "shadow" | "emboss" | "imprint" => self.has_effect |= element.is_on("val"),
            "shd" => self.shading = Some(Shading::of(element)),
            "highlight" => self.highlight = Some(Shading::of_highlight(element)),
            "sz" => self.half_points = element.number("val"),
            "position" => self.position = element.number("val"),
            "rFonts" => {
                let font = |theme: &str, name: &str| {
                    let theme = element.attribute(theme).map(|it| if it.starts_with("major") { "+mj" } else { "+mn" });
                    theme.map(Rc::from).or_else(|| element.attribute(name).map(Rc::from))
                };
                self.ascii = font("asciiTheme", "ascii").or(self.ascii.take());
                self.other = font("hAnsiTheme", "hAnsi").or(self.other.take());
            }
            _ => {}
        }
    }

    /// These properties with those of `over` in their place where it sets any.
    pub(super) fn overlaid(&self, over: &Self) -> Self {
        let name = |over: &Option<Rc<str>>, under: &Option<Rc<str>>| over.clone().or_else(|| under.clone());
        Self {
            style: name(&over.style, &self.style),
            is_struck: over.is_struck.or(self.is_struck),
            is_twice_struck: over.is_twice_struck.or(self.is_twice_struck),
            is_hidden: over.is_hidden.or(self.is_hidden),
            script: over.script.or(self.script),
            position: over.position.or(self.position),
            ascii: name(&over.ascii, &self.ascii),
            other: name(&over.other, &self.other),
            ink: over.ink.or(self.ink),
            shading: over.shading.or(self.shading),
            highlight: over.highlight.or(self.highlight),
            half_points: over.half_points.or(self.half_points),
            has_effect: over.has_effect || self.has_effect,
            is_clear: over.is_clear || self.is_clear,
        }
    }

    /// Reads an element of the effect that fills the letters.
    pub(super) fn take_effect(&mut self, element: &Element<'_>) {
        let is_transparent = || element.number::<u32>("val").is_some_and(|it| it >= TRANSPARENT_FROM);
        self.is_clear |= element.local == "noFill" || element.local == "alpha" && is_transparent();
    }

    /// What is painted behind the letters; a highlighter covers all else.
    pub(super) fn shading(&self) -> Option<Shading> {
        self.highlight.filter(|it| *it != Shading::None).or(self.shading)
    }

    pub(super) fn script(&self) -> Script {
        match (self.script, self.position) {
            (Some(script @ (Script::Raised | Script::Lowered)), _) => script,
            (_, Some(RAISED_FROM..)) => Script::Raised,
            (_, Some(position)) if position <= -RAISED_FROM => Script::Lowered,
            _ => Script::Base,
        }
    }
}

/// Properties of a paragraph.
#[derive(Debug, Clone, Default)]
pub(super) struct ParagraphProperties {
    pub(super) style: Option<Rc<str>>,
    /// The outline level: 0 to 8 for headings, 9 for text.
    pub(super) outline: Option<u8>,
    /// The id of its list, "0" for none, and its level there.
    pub(super) list: Option<Rc<str>>,
    pub(super) level: Option<usize>,
    pub(super) shading: Option<Shading>,
}

impl ParagraphProperties {
    /// Reads an element of `w:pPr`, or of `w:numPr` in it.
    pub(super) fn take(&mut self, element: &Element<'_>) {
        if element.ns != Ns::Word {
            return;
        }
        match element.local {
            "pStyle" => self.style = element.attribute("val").map(Rc::from),
            "outlineLvl" => self.outline = element.number("val"),
            "numId" => self.list = element.attribute("val").map(Rc::from),
            "shd" => self.shading = Some(Shading::of(element)),
            "ilvl" => self.level = element.number("val"),
            _ => {}
        }
    }

    pub(super) fn overlaid(&self, over: &Self) -> Self {
        Self {
            style: over.style.clone().or_else(|| self.style.clone()),
            outline: over.outline.or(self.outline),
            list: over.list.clone().or_else(|| self.list.clone()),
            level: over.level.or(self.level),
            shading: over.shading.or(self.shading),
        }
    }
}
