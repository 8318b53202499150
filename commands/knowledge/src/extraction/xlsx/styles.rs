//! The styles of cells: number formats, and bold or struck fonts.

use std::collections::HashMap;

use quick_xml::events::{BytesStart, Event};

use super::{
    colours::Colour,
    differences::Difference,
    font::Font,
    is_true,
    numbers::Format,
    package::{attribute, events},
};
use crate::extraction::Unreadable;

/// Styles of a workbook; spreadsheets allow 65,490.
const MOST: usize = 65_536;

#[derive(Debug)]
pub(super) struct Styles {
    fonts: Vec<Font>,
    fills: Vec<Colour>,
    /// For each kind of border, whether it crosses the cell out.
    crossing: Vec<bool>,
    cells: Vec<CellStyle>,
    general: Format,
    /// The styles of conditional formats.
    differences: Vec<Difference>,
}

/// The style of a cell, with the numbers of its font, fill and border.
#[derive(Debug)]
struct CellStyle {
    font: usize,
    fill: usize,
    border: usize,
    format: Format,
}

impl Default for Styles {
    fn default() -> Self {
        Self {
            fonts: vec![Font::default()],
            fills: Vec::new(),
            crossing: Vec::new(),
            cells: Vec::new(),
            general: Format::of("General"),
            differences: Vec::new(),
        }
    }
}

impl Styles {
    pub(super) fn read(part: &str) -> Result<Self, Unreadable> {
        let mut styles = Self { fonts: Vec::new(), ..Self::default() };
        let mut codes: HashMap<u32, String> = HashMap::new();
        let mut within = "";
        let mut is_crossed = false;
        for event in events(part) {
            let event = event?;
            match &event {
                Event::Start(element) | Event::Empty(element) => match element.local_name().as_ref() {
                    "fonts" => within = "fonts",
                    "fills" => within = "fills",
                    "borders" => within = "borders",
                    "cellXfs" => within = "cellXfs",
                    "dxfs" => within = "dxfs",
                    "cellStyleXfs" | "tableStyles" | "cellStyles" => within = "",
                    "dxf" if within == "dxfs" && styles.differences.len() < MOST => {
                        styles.differences.push(Difference::default());
                    }
                    name if within == "dxfs" => {
                        if let Some(last) = styles.differences.last_mut() {
                            last.take(name, element);
                        }
                    }
                    "numFmt" => {
                        let id = attribute(element, "numFmtId").and_then(|id| id.parse().ok());
                        if let (Some(id), Some(code)) = (id, attribute(element, "formatCode"))
                            && codes.len() < MOST
                        {
                            codes.entry(id).or_insert(code);
                        }
                    }
                    "xf" if within == "cellXfs" && styles.cells.len() < MOST => {
                        let number =
                            |name: &str| attribute(element, name).and_then(|number| number.parse::<u32>().ok());
                        let id = number("numFmtId").unwrap_or_default();
                        let code = codes.get(&id).map(String::as_str).or(Format::built_in(id)).unwrap_or("General");
                        let index =
                            |name: &str| number(name).and_then(|it| usize::try_from(it).ok()).unwrap_or_default();
                        let (font, fill, border) = (index("fontId"), index("fillId"), index("borderId"));
                        styles.cells.push(CellStyle { font, fill, border, format: Format::of(code) });
                    }
                    "font" if within == "fonts" && styles.fonts.len() < MOST => styles.fonts.push(Font::default()),
                    "fill" if within == "fills" && styles.fills.len() < MOST => styles.fills.push(Colour::WHITE),
                    name @ ("patternFill" | "gradientFill" | "fgColor") if within == "fills" => {
                        if let Some(last) = styles.fills.last_mut() {
                            *last = fill(*last, name, element);
                        }
                    }
                    "border" if within == "borders" && styles.crossing.len() < MOST => {
                        let is_set = |name: &str| attribute(element, name).is_some_and(|value| is_true(&value));
                        is_crossed = is_set("diagonalUp") && is_set("diagonalDown");
                        styles.crossing.push(false);
                    }
                    "diagonal" if within == "borders" => {
                        let has_line = attribute(element, "style").is_some_and(|style| style != "none");
                        if let Some(last) = styles.crossing.last_mut() {
                            *last = is_crossed && has_line;
                        }
                    }
                    name if within == "fonts" => {
                        if let Some(font) = styles.fonts.last_mut() {
                            font.take(name, element);
                        }
                    }
                    _ => {}
                },
                Event::End(element) if element.local_name().as_ref() == "fonts" => within = "",
                _ => {}
            }
        }
        Ok(styles)
    }

    pub(super) fn format(&self, style: usize) -> &Format {
        self.cells.get(style).map_or(&self.general, |style| &style.format)
    }

    pub(super) fn fill(&self, style: usize) -> Colour {
        let fill = self.cells.get(style).and_then(|style| self.fills.get(style.fill));
        fill.copied().unwrap_or(Colour::WHITE)
    }

    /// Whether both diagonals of a cell are drawn.
    pub(super) fn crosses_out(&self, style: usize) -> bool {
        self.cells.get(style).and_then(|style| self.crossing.get(style.border)).copied().unwrap_or_default()
    }

    /// Whether a style of conditional formats sets a colour.
    pub(super) fn colours(&self, style: usize) -> bool {
        self.differences.get(style).is_some_and(|it| it.colours)
    }

    /// Whether a style of conditional formats strikes or hides.
    pub(super) fn withdraws(&self, style: usize) -> bool {
        self.differences.get(style).is_some_and(Difference::withdraws)
    }

    pub(super) fn font(&self, style: usize) -> Font {
        let font = self.cells.get(style).map_or(0, |style| style.font);
        self.fonts.get(font).cloned().unwrap_or_default()
    }
}

/// The colour of a fill after one more of its elements. Only a solid pattern has one colour.
fn fill(before: Colour, name: &str, element: &BytesStart<'_>) -> Colour {
    match (name, before) {
        ("patternFill", _) => match attribute(element, "patternType").as_deref() {
            Some("solid") => Colour::BLACK,
            Some("none") | None => Colour::WHITE,
            Some(_) => Colour::Unknown,
        },
        ("fgColor", Colour::BLACK) => Colour::of(element),
        ("gradientFill", _) => Colour::Unknown,
        _ => before,
    }
}
