//! The look of characters and paragraphs, by their own properties or their styles.

use std::rc::Rc;

use super::colours::{Colour, Paint};
use crate::extraction::ooxml::xml::Element;

/// Levels of paragraphs, each with a style of its own.
pub(super) const LEVELS: usize = 9;

/// The look of characters; `None` is not set.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    is_struck: Option<bool>,
    baseline: Option<i64>,
    pub(super) latin: Option<Rc<str>>,
    pub(super) symbols: Option<Rc<str>>,
    pub(super) colour: Option<Colour>,
    /// What a highlighter paints behind it.
    pub(super) highlight: Option<Paint>,
    /// Its size in hundredths of a point.
    pub(super) size: Option<i64>,
    /// Whether an outline, a shadow or the like makes it readable on any ground.
    pub(super) has_effect: bool,
}

/// The bullet of a paragraph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Bullet {
    /// Not set: the paragraph has the bullet of its placeholder or style.
    #[default]
    Usual,
    None,
    Sign(String),
    Number {
        kind: String,
        start: i64,
    },
}

/// The look of a paragraph, or of the paragraphs of a level.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    pub(super) bullet: Bullet,
    pub(super) bullet_font: Option<Rc<str>>,
    pub(super) run: Run,
}

/// The looks of paragraphs by their level.
#[derive(Debug, Clone, Default)]
pub(super) struct TextStyle {
    pub(super) levels: [Look; LEVELS],
}

impl Run {
    /// Reads the attributes of `a:rPr` or `a:defRPr`.
    pub(super) fn take(&mut self, element: &Element<'_>) {
        self.is_struck = element.attribute("strike").map(|it| it != "noStrike").or(self.is_struck);
        self.size = element.number("sz").or(self.size);
        self.baseline = element.attribute("baseline").map(|it| percent(&it)).or(self.baseline);
    }

    /// Reads a font of it.
    pub(super) fn take_font(&mut self, element: &Element<'_>) {
        let font = element.attribute("typeface").map(Rc::from);
        match element.local {
            "latin" => self.latin = font,
            "sym" => self.symbols = font,
            _ => {}
        }
    }

    /// These properties, with those of `under` where they are not set.
    pub(super) fn over(&self, under: &Self) -> Self {
        Self {
            is_struck: self.is_struck.or(under.is_struck),
            baseline: self.baseline.or(under.baseline),
            latin: self.latin.clone().or_else(|| under.latin.clone()),
            symbols: self.symbols.clone().or_else(|| under.symbols.clone()),
            colour: self.colour.clone().or_else(|| under.colour.clone()),
            highlight: self.highlight.clone().or_else(|| under.highlight.clone()),
            size: self.size.or(under.size),
            has_effect: self.has_effect || under.has_effect,
        }
    }

    pub(super) fn is_struck(&self) -> bool {
        self.is_struck == Some(true)
    }

    pub(super) fn baseline(&self) -> i64 {
        self.baseline.unwrap_or(0)
    }
}

impl Look {
    /// Reads an element of `a:pPr`, or of the properties of a level.
    pub(super) fn take(&mut self, element: &Element<'_>) {
        match element.local {
            "buNone" => self.bullet = Bullet::None,
            "buChar" => self.bullet = Bullet::Sign(element.attribute("char").unwrap_or_default()),
            "buBlip" => self.bullet = Bullet::Sign(String::new()),
            "buFont" => self.bullet_font = element.attribute("typeface").map(Rc::from),
            "buAutoNum" => {
                let kind = element.attribute("type").unwrap_or_default();
                self.bullet = Bullet::Number { kind, start: element.number("startAt").unwrap_or(1) };
            }
            _ => {}
        }
    }

    pub(super) fn over(&self, under: &Self) -> Self {
        Self {
            bullet: if self.bullet == Bullet::Usual { under.bullet.clone() } else { self.bullet.clone() },
            bullet_font: self.bullet_font.clone().or_else(|| under.bullet_font.clone()),
            run: self.run.over(&under.run),
        }
    }
}

/// A percentage, in thousandths of a per cent or, in the strict edition, with a per cent sign.
fn percent(value: &str) -> i64 {
    let value = value.trim();
    match value.strip_suffix('%') {
        Some(percent) => {
            percent.split('.').next().and_then(|it| it.parse::<i64>().ok()).unwrap_or(0).saturating_mul(1_000)
        }
        None => value.parse().unwrap_or(0),
    }
}
