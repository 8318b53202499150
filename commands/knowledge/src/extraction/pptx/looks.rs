//! How characters and paragraphs look: by what they say themselves, or the styles that they stand in.

use std::rc::Rc;

use crate::extraction::ooxml::xml::Element;

/// Levels of paragraphs, which each have a style.
pub(super) const LEVELS: usize = 9;

/// How characters look. `None` is what is not said.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    is_struck: Option<bool>,
    baseline: Option<i64>,
    pub(super) latin: Option<Rc<str>>,
    pub(super) symbols: Option<Rc<str>>,
}

/// What a paragraph says of its bullet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Bullet {
    /// Nothing: as the place is that it stands in.
    #[default]
    Usual,
    None,
    Sign(String),
    Number {
        kind: String,
        start: i64,
    },
}

/// How a paragraph looks, or the paragraphs of a level.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    pub(super) bullet: Bullet,
    pub(super) bullet_font: Option<Rc<str>>,
    pub(super) run: Run,
}

/// How paragraphs look by their level.
#[derive(Debug, Clone, Default)]
pub(super) struct TextStyle {
    pub(super) levels: [Look; LEVELS],
}

impl Run {
    /// Takes up the attributes of `a:rPr` or `a:defRPr`.
    pub(super) fn take(&mut self, element: &Element<'_>) {
        self.is_struck = element.attribute("strike").map(|it| it != "noStrike").or(self.is_struck);
        self.baseline = element.attribute("baseline").map(|it| percent(&it)).or(self.baseline);
    }

    /// Takes up a font in it.
    pub(super) fn take_font(&mut self, element: &Element<'_>) {
        let font = element.attribute("typeface").map(Rc::from);
        match element.local {
            "latin" => self.latin = font,
            "sym" => self.symbols = font,
            _ => {}
        }
    }

    /// What this says, and where it says nothing, what `under` says.
    pub(super) fn over(&self, under: &Self) -> Self {
        Self {
            is_struck: self.is_struck.or(under.is_struck),
            baseline: self.baseline.or(under.baseline),
            latin: self.latin.clone().or_else(|| under.latin.clone()),
            symbols: self.symbols.clone().or_else(|| under.symbols.clone()),
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
    /// Takes up an element of `a:pPr`, or of the properties of a level.
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

/// In thousandths of a per cent, or, in the strict edition, with the sign.
fn percent(value: &str) -> i64 {
    let value = value.trim();
    match value.strip_suffix('%') {
        Some(percent) => {
            percent.split('.').next().and_then(|it| it.parse::<i64>().ok()).unwrap_or(0).saturating_mul(1_000)
        }
        None => value.parse().unwrap_or(0),
    }
}
