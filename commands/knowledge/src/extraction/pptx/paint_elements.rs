//! The elements that say what is painted: fills, lines, and the colours of text and background.

use super::{
    colours::{Colour, Paint},
    slide::{PaintOf, Slide, Tag},
};
use crate::extraction::ooxml::xml::Element;

/// Whether an element is no paint, or its tag if it is not skipped.
pub(super) enum Painted {
    Not,
    Taken(Option<Tag>),
}

/// The styles of tables that paint nothing.
const PLAIN_TABLES: [&str; 2] = ["{2D5ABB26-0587-4C30-8999-92F81FD0307C}", "{5940675A-B579-460E-94D1-54222C63F5DA}"];

/// Thousandths of a per cent of opacity up to which nothing is seen.
const CLEAR_TO: u32 = 10_000;

fn is_effect(name: &str) -> bool {
    matches!(name, "glow" | "innerShdw" | "outerShdw" | "prstShdw" | "fillOverlay" | "cont")
}

impl Slide<'_, '_> {
    /// Reads an element of a fill, a line or a colour.
    pub(super) fn open_paint(&mut self, element: &Element<'_>, parent: Option<Tag>) -> Painted {
        let of_parent = match parent {
            Some(Tag::ShapeProperties | Tag::CellProperties) => Some(PaintOf::Shape),
            Some(Tag::Line) => Some(PaintOf::Line),
            Some(Tag::BackgroundProperties) => Some(PaintOf::Background),
            Some(Tag::RunProperties) => Some(PaintOf::Run),
            Some(Tag::LevelRun(of, level)) => Some(PaintOf::Level(of, level)),
            _ => None,
        };
        Painted::Taken(match (element.local, parent) {
            (_, Some(Tag::Fill(of))) => {
                let Some(colour) = Colour::of(element) else { return Painted::Taken(None) };
                self.set_paint(of, Paint::Solid(colour));
                Some(Tag::Colour(of))
            }
            // A translucent paint hides nothing for certain; other changes of a colour make white darker.
            (name, Some(Tag::Colour(of))) => {
                let is_clear = || element.number::<u32>("val").is_some_and(|opacity| opacity <= CLEAR_TO);
                self.set_paint(
                    of,
                    match name {
                        "alpha" if is_clear() => Paint::Solid(Colour::Clear),
                        "alpha" => Paint::Other,
                        _ => Paint::Solid(Colour::Other),
                    },
                );
                None
            }
            ("ln", Some(Tag::ShapeProperties)) => {
                if let Some(shape) = self.shapes.last_mut() {
                    shape.line_width = element.number("w").unwrap_or(0);
                }
                Some(Tag::Line)
            }
            ("highlight", Some(Tag::RunProperties)) => Some(Tag::Fill(PaintOf::Highlight)),
            ("hlinkClick", Some(Tag::RunProperties)) => {
                self.set_paint(PaintOf::Run, Paint::Other);
                None
            }
            ("ln" | "effectLst" | "effectDag", Some(Tag::RunProperties | Tag::LevelRun(..))) => {
                of_parent.map(Tag::Effect)
            }
            (name, Some(Tag::Effect(of))) => {
                let is_seen = is_effect(name) || Paint::of(element).is_some_and(|paint| paint != Paint::None);
                let run = match of {
                    PaintOf::Level(of, level) => self.style(of).map(|style| &mut style.levels[level].run),
                    _ => self.paragraph().map(|paragraph| &mut paragraph.run),
                };
                if let Some(run) = run {
                    run.has_effect |= is_seen;
                }
                None
            }
            (_, Some(Tag::CellProperties)) if Paint::of(element).is_none() => None,
            ("fillRef", _) => {
                let is_painted = element.attribute("idx").is_none_or(|it| it.trim() != "0");
                if let Some(shape) = self.shapes.last_mut() {
                    shape.is_styled |= is_painted;
                }
                None
            }
            ("fontRef", _) => Some(Tag::Fill(PaintOf::Font)),
            _ => {
                let (Some(of), Some(paint)) = (of_parent, Paint::of(element)) else { return Painted::Not };
                self.set_paint(of, paint);
                (element.local == "solidFill").then_some(Tag::Fill(of))
            }
        })
    }

    /// Reads the background of a slide by its number in the theme, of which 1001 is one colour.
    pub(super) fn open_background(&mut self, element: &Element<'_>) -> Option<Tag> {
        let number = element.number::<u32>("idx").unwrap_or(0);
        self.background = if matches!(number, 0 | 1_000) { Paint::None } else { Paint::Other };
        (number == 1_001).then_some(Tag::Fill(PaintOf::Background))
    }

    fn set_paint(&mut self, of: PaintOf, paint: Paint) {
        let colour = || {
            Some(match &paint {
                Paint::Solid(colour) => colour.clone(),
                Paint::None => Colour::Clear,
                _ => Colour::Other,
            })
        };
        match of {
            PaintOf::Shape => {
                if let Some(shape) = self.shapes.last_mut() {
                    shape.fill = paint;
                }
            }
            PaintOf::Font => {
                if let Some(shape) = self.shapes.last_mut() {
                    shape.font_colour = colour();
                }
            }
            PaintOf::Line => {
                if let Some(shape) = self.shapes.last_mut() {
                    shape.outline = paint;
                }
            }
            PaintOf::Highlight => {
                if let Some(paragraph) = self.paragraph() {
                    paragraph.run.highlight = Some(paint);
                }
            }
            PaintOf::Background => self.background = paint,
            PaintOf::Run => {
                if let Some(paragraph) = self.paragraph() {
                    paragraph.run.colour = colour();
                }
            }
            PaintOf::Level(of, level) => {
                if let Some(style) = self.style(of) {
                    style.levels[level].run.colour = colour();
                }
            }
        }
    }

    pub(super) fn take_table_style(&mut self, id: &str) {
        if let Some(table) = &mut self.table {
            table.is_styled = !PLAIN_TABLES.contains(&id.trim());
        }
    }
}
