//! The styles of cells: number formats, and bold or struck fonts.

use std::collections::HashMap;

use quick_xml::events::Event;

use super::{
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
    /// The font index and the number format of each style.
    cells: Vec<(usize, Format)>,
    general: Format,
    /// For each style of conditional formats, whether it strikes or hides.
    withdrawing: Vec<bool>,
}

impl Default for Styles {
    fn default() -> Self {
        Self {
            fonts: vec![Font::default()],
            cells: Vec::new(),
            general: Format::of("General"),
            withdrawing: Vec::new(),
        }
    }
}

impl Styles {
    pub(super) fn read(part: &str) -> Result<Self, Unreadable> {
        let mut styles = Self { fonts: Vec::new(), ..Self::default() };
        let mut codes: HashMap<u32, String> = HashMap::new();
        let mut within = "";
        for event in events(part) {
            let event = event?;
            match &event {
                Event::Start(element) | Event::Empty(element) => match element.local_name().as_ref() {
                    "fonts" => within = "fonts",
                    "cellXfs" => within = "cellXfs",
                    "dxfs" => within = "dxfs",
                    "cellStyleXfs" | "tableStyles" | "cellStyles" => within = "",
                    "dxf" if within == "dxfs" && styles.withdrawing.len() < MOST => styles.withdrawing.push(false),
                    name @ ("strike" | "numFmt") if within == "dxfs" => {
                        let value = attribute(element, if name == "strike" { "val" } else { "formatCode" });
                        let withdraws = match name {
                            "strike" => value.as_deref().is_none_or(is_true),
                            _ => value.is_some_and(|code| Format::of(&code).number(1.0, false).trim().is_empty()),
                        };
                        if let Some(last) = styles.withdrawing.last_mut() {
                            *last |= withdraws;
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
                        let font = number("fontId").and_then(|font| usize::try_from(font).ok()).unwrap_or_default();
                        styles.cells.push((font, Format::of(code)));
                    }
                    "font" if within == "fonts" && styles.fonts.len() < MOST => styles.fonts.push(Font::default()),
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
        self.cells.get(style).map_or(&self.general, |(_, format)| format)
    }

    /// Whether a style of conditional formats strikes or hides.
    pub(super) fn withdraws(&self, style: usize) -> bool {
        self.withdrawing.get(style).copied().unwrap_or_default()
    }

    pub(super) fn font(&self, style: usize) -> Font {
        let font = self.cells.get(style).map_or(0, |(font, _)| *font);
        self.fonts.get(font).cloned().unwrap_or_default()
    }
}
