//! Text boxes on a sheet.

use quick_xml::events::{BytesStart, Event};

use super::{
    font::{Script, placed},
    is_true,
    package::{attribute, events, push_reference},
};
use crate::extraction::{
    Unreadable,
    symbols::{is_symbol_font, shown},
};

/// Bytes of all text boxes of a sheet that are read.
const MOST: usize = 1_048_576;

/// The drawings on a sheet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Drawing {
    /// The texts of the boxes, without struck text.
    pub(super) texts: Vec<String>,
    pub(super) has_struck: bool,
    pub(super) has_hidden: bool,
    /// Whether there are pictures, diagrams and the like.
    pub(super) has_objects: bool,
}

/// A shape that is being read.
#[derive(Default)]
struct Shape {
    text: String,
    run: String,
    is_in_text: bool,
    is_struck: bool,
    is_hidden: bool,
    script: Script,
    symbols: Option<String>,
}

pub(super) fn read(part: &str) -> Result<Drawing, Unreadable> {
    let mut drawing = Drawing::default();
    let mut open: Option<Shape> = None;
    let mut left = MOST;
    // A fallback is shown by older programs in place of the newer content, and would repeat it.
    let mut is_fallback = false;
    for event in events(part) {
        let event = event?;
        match (&event, &mut open) {
            (Event::Start(element), _) if element.local_name().as_ref() == "Fallback" => is_fallback = true,
            (Event::End(element), _) if element.local_name().as_ref() == "Fallback" => is_fallback = false,
            _ if is_fallback => {}
            (Event::Start(element), None) if element.local_name().as_ref() == "sp" => open = Some(Shape::default()),
            (Event::Start(element) | Event::Empty(element), None) => {
                let is_object =
                    matches!(element.local_name().as_ref(), "pic" | "graphicFrame" | "contentPart" | "Choice");
                drawing.has_objects |= is_object;
            }
            (Event::End(element), Some(shape)) if element.local_name().as_ref() == "sp" => {
                let text = shape.text.split_whitespace().collect::<Vec<_>>().join(" ");
                drawing.has_hidden |= shape.is_hidden && !text.is_empty();
                if !shape.is_hidden && !text.is_empty() && text.len() <= left {
                    left -= text.len();
                    drawing.texts.push(text);
                }
                open = None;
            }
            (event, Some(shape)) => drawing.has_struck |= shape.read(event),
            _ => {}
        }
    }
    Ok(drawing)
}

impl Shape {
    /// Reads an event; returns whether struck text was left out.
    fn read(&mut self, event: &Event<'_>) -> bool {
        match event {
            Event::Start(element) | Event::Empty(element) => {
                self.open(element, matches!(event, Event::Empty(_)));
            }
            Event::End(element) => match element.local_name().as_ref() {
                "t" => self.is_in_text = false,
                "r" | "fld" => return self.end_run(),
                "p" => self.text.push(' '),
                _ => {}
            },
            Event::Text(text) if self.is_in_text => self.run.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) if self.is_in_text => push_reference(reference, &mut self.run),
            _ => {}
        }
        false
    }

    fn open(&mut self, element: &BytesStart<'_>, is_empty: bool) {
        match element.local_name().as_ref() {
            "t" => self.is_in_text = !is_empty,
            "br" => self.text.push(' '),
            "cNvPr" => self.is_hidden |= attribute(element, "hidden").is_some_and(|value| is_true(&value)),
            "rPr" => {
                self.is_struck = attribute(element, "strike").is_some_and(|strike| strike != "noStrike");
                self.script =
                    match attribute(element, "baseline").and_then(|rise| rise.trim_end_matches('%').parse().ok()) {
                        Some(1_i32..) => Script::Raised,
                        Some(..=-1) => Script::Lowered,
                        _ => Script::Line,
                    };
            }
            "latin" | "sym" => {
                let font = attribute(element, "typeface").filter(|font| is_symbol_font(font));
                self.symbols = font.or(self.symbols.take());
            }
            _ => {}
        }
    }

    fn end_run(&mut self) -> bool {
        let run = std::mem::take(&mut self.run);
        let (script, symbols) = (std::mem::take(&mut self.script), self.symbols.take());
        if std::mem::take(&mut self.is_struck) {
            self.text.push(' ');
            return !run.trim().is_empty();
        }
        let run = symbols.map_or(run.clone(), |font| shown(&font, &run));
        self.text.push_str(&placed(&run, script));
        false
    }
}
