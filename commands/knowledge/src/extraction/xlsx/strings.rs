//! Texts of cells: runs, each with its own font.

use quick_xml::events::{BytesStart, Event};

use super::{
    colours::Colour,
    font::{Font, Script, placed, script_of, size_of},
    is_true,
    package::{attribute, events, push_reference},
};
use crate::extraction::{
    Unreadable,
    legacy_fonts::is_legacy,
    ooxml::seen::{Seen, seen_in_size},
    symbols::{is_symbol_font, shown},
};

/// Shared texts of a workbook; more do not fit into its sheets.
const MOST: usize = 2_000_000;

/// A text with the properties of its fonts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rich {
    /// The runs without struck text.
    runs: Vec<Run>,
    /// Whether text was struck.
    pub(super) has_struck: bool,
    /// The name of a font of before Unicode.
    pub(super) legacy_font: Option<String>,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    text: String,
    /// Whether it has a font of its own, which overrides the cell's font.
    is_own: bool,
    /// The colour of that font.
    colour: Option<Colour>,
    /// Its size in hundredths of a point.
    size: Option<i64>,
}

impl Rich {
    pub(super) fn plain(text: String) -> Self {
        Self { runs: vec![Run { text, is_own: false, colour: None, size: None }], ..Self::default() }
    }

    /// Whether some of its text has the cell's font, and so is struck with a struck cell.
    pub(super) fn follows_cell(&self) -> bool {
        self.runs.iter().any(|run| !run.is_own && !run.text.trim().is_empty())
    }

    /// The visible text in a cell with this font.
    pub(super) fn in_font(&self, font: &Font) -> String {
        let seen = |run: &Run| match &font.symbols {
            _ if run.is_own => run.text.clone(),
            _ if font.is_struck => String::new(),
            Some(symbols) => shown(symbols, &run.text),
            None => placed(&run.text, font.script),
        };
        self.runs.iter().map(seen).collect()
    }

    /// Removes text in the colour of the cell, unless that is not certain, and text that is too small to be read; tells
    /// whether all was seen. A number format may set a colour, too.
    pub(super) fn leave_out_unseen(
        &mut self,
        font: &Font,
        by_format: Option<Colour>,
        fill: Colour,
        is_certain: impl Fn() -> bool,
    ) -> Seen {
        let mut worst = Seen::Yes;
        for run in &mut self.runs {
            if run.text.trim().is_empty() {
                continue;
            }
            let (colour, size) = if run.is_own { (run.colour, run.size) } else { (font.colour, font.size) };
            let in_colour = match by_format.or(colour) {
                Some(colour) => colour.seen_on(fill),
                // Some programs write automatic text white on a dark fill.
                None => Colour::BLACK.seen_on(fill).at_least_perhaps(),
            };
            let in_colour = if is_certain() { in_colour } else { in_colour.at_least_perhaps() };
            let seen = in_colour.max(size.map_or(Seen::Yes, seen_in_size));
            if seen == Seen::No {
                // The blank keeps the words around it apart.
                " ".clone_into(&mut run.text);
            }
            worst = worst.max(seen);
        }
        worst
    }

    fn push(&mut self, run: Run) {
        match self.runs.last_mut() {
            Some(last) if (last.is_own, last.colour, last.size) == (run.is_own, run.colour, run.size) => {
                last.text.push_str(&run.text);
            }
            _ => self.runs.push(run),
        }
    }
}

/// Reads a text, element by element.
#[derive(Default)]
pub(super) struct RichReader {
    rich: Rich,
    run: String,
    font: RunFont,
    is_in_text: bool,
    is_in_phonetic: bool,
}

#[derive(Default)]
struct RunFont {
    is_own: bool,
    is_struck: bool,
    script: Script,
    symbols: Option<String>,
    colour: Option<Colour>,
    size: Option<i64>,
}

impl RichReader {
    pub(super) fn read(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(element) => self.open(element, false),
            Event::Empty(element) => self.open(element, true),
            Event::End(element) => match element.local_name().as_ref() {
                "t" => self.is_in_text = false,
                "r" => self.end_run(),
                "rPh" => self.is_in_phonetic = false,
                _ => {}
            },
            Event::Text(text) if self.is_in_text => self.run.push_str(&text.xml10_content()),
            Event::CData(text) if self.is_in_text => self.run.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) if self.is_in_text => push_reference(reference, &mut self.run),
            _ => {}
        }
    }

    fn open(&mut self, element: &BytesStart<'_>, is_empty: bool) {
        let value = attribute(element, "val");
        match element.local_name().as_ref() {
            "t" => self.is_in_text = !is_empty && !self.is_in_phonetic,
            // A phonetic run repeats the text as it is spoken.
            "rPh" => self.is_in_phonetic = !is_empty,
            "rPr" => self.font.is_own = true,
            "strike" => self.font.is_struck = value.as_deref().is_none_or(is_true),
            "color" => self.font.colour = Colour::of_font(element),
            "sz" => self.font.size = value.as_deref().and_then(size_of),
            "vertAlign" => self.font.script = script_of(value.as_deref()),
            "rFont" => {
                self.font.symbols = value.clone().filter(|font| is_symbol_font(font));
                self.rich.legacy_font = value.filter(|font| is_legacy(font)).or(self.rich.legacy_font.take());
            }
            _ => {}
        }
    }

    fn end_run(&mut self) {
        let RunFont { is_own, is_struck, script, symbols, colour, size } = std::mem::take(&mut self.font);
        let run = unescaped(&std::mem::take(&mut self.run));
        if is_struck {
            self.rich.has_struck |= !run.trim().is_empty();
            // The blank keeps the words around the struck text apart.
            self.rich.push(Run { text: " ".to_owned(), is_own, colour, size });
            return;
        }
        let run = symbols.map_or(run.clone(), |font| shown(&font, &run));
        self.rich.push(Run { text: placed(&run, script), is_own, colour, size });
    }

    pub(super) fn finish(mut self) -> Rich {
        self.end_run();
        self.rich.runs.iter_mut().for_each(|run| run.text.shrink_to_fit());
        self.rich.runs.shrink_to_fit();
        self.rich
    }
}

/// The texts that all sheets share.
pub(super) fn shared(part: &str) -> Result<Vec<Rich>, Unreadable> {
    let mut strings = Vec::new();
    let mut open: Option<RichReader> = None;
    for event in events(part) {
        let event = event?;
        match &event {
            Event::Start(element) if element.local_name().as_ref() == "si" => open = Some(RichReader::default()),
            Event::Empty(element) if element.local_name().as_ref() == "si" => strings.push(Rich::default()),
            Event::End(element) if element.local_name().as_ref() == "si" => {
                strings.push(open.take().unwrap_or_default().finish());
            }
            other => {
                if let Some(open) = &mut open {
                    open.read(other);
                }
            }
        }
        if strings.len() > MOST {
            return Err(Unreadable::TooComplex);
        }
    }
    Ok(strings)
}

/// The text with `_x000D_` escapes replaced, which stand for characters that XML cannot represent.
fn unescaped(text: &str) -> String {
    let mut rest = text;
    let mut unescaped = String::with_capacity(text.len());
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 7).filter(|code| code.ends_with('_'));
        let character = code.and_then(|code| u32::from_str_radix(&code[..4], 16).ok()).and_then(char::from_u32);
        let end = if character.is_some() { at + 7 } else { at + 2 };
        unescaped.push_str(&rest[..if character.is_some() { at } else { end }]);
        unescaped.extend(character);
        rest = &rest[end..];
    }
    unescaped + rest
}
