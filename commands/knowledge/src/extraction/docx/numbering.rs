//! The numbers of lists: the file does not store them, so they are counted.

use std::collections::{HashMap, HashSet};

use crate::extraction::{
    Unreadable,
    ooxml::{
        bullets,
        numbers::written,
        xml::{Element, Handler, Ns},
    },
};

const LEVELS: usize = 9;

#[derive(Debug, Clone, Default)]
struct Level {
    start: Option<i64>,
    format: String,
    /// The label's pattern, with `%1` for the number of the first level.
    text: String,
    font: Option<String>,
    /// The level, from 1, whose next item restarts this one; 0 for none.
    restart: Option<usize>,
    /// Whether the numbers of all levels are written in digits.
    is_legal: bool,
    style: Option<String>,
}

#[derive(Debug, Default)]
struct Abstract {
    levels: [Option<Level>; LEVELS],
    /// The list style that this definition defines (`w:styleLink`), and the one whose definition it uses
    /// (`w:numStyleLink`).
    is_of_style: Option<String>,
    takes_style: Option<String>,
}

#[derive(Debug, Default)]
struct List {
    of: String,
    starts: [Option<i64>; LEVELS],
    levels: [Option<Level>; LEVELS],
}

/// The definitions of a document's lists, and the current count of each.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    definitions: Definitions,
    counts: HashMap<String, [Option<i64>; LEVELS]>,
    /// Lists whose start override was applied, by level.
    begun: HashSet<(String, usize)>,
    reading: Reading,
}

#[derive(Debug, Default)]
struct Definitions {
    abstracts: HashMap<String, Abstract>,
    /// The ids of the definitions that list styles name.
    of_styles: HashMap<String, String>,
    lists: HashMap<String, List>,
}

impl Definitions {
    /// The definition of this list, with its id.
    fn of(&self, list: &str) -> Option<(&str, &Abstract)> {
        let (id, found) = self.abstracts.get_key_value(&self.lists.get(list)?.of)?;
        let of_style = found.takes_style.as_ref().and_then(|style| self.of_styles.get(style));
        let (id, found) = of_style.and_then(|id| self.abstracts.get_key_value(id)).unwrap_or((id, found));
        Some((id, found))
    }
}

/// The definition, list and level that are being read.
#[derive(Debug, Default)]
struct Reading {
    of_abstract: Option<(String, Abstract)>,
    of_list: Option<(String, List)>,
    level: Option<(usize, Level)>,
    overridden: usize,
}

/// The label of a list item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// A bullet, with its sign if that has a meaning, such as a cross.
    Bullet(Option<char>),
    Number(String),
}

impl Numbering {
    /// The level that a paragraph style has in a list, if the list links one to it.
    pub(super) fn level_of_style(&self, list: &str, style: &str) -> Option<usize> {
        let levels = &self.definitions.of(list)?.1.levels;
        levels.iter().position(|level| level.as_ref().is_some_and(|level| level.style.as_deref() == Some(style)))
    }

    /// The label of the next item of a list; `None` if there is no such list.
    pub(super) fn next(&mut self, list: &str, level: usize) -> Option<Mark> {
        let level = level.min(LEVELS - 1);
        let (of, found) = self.definitions.of(list)?;
        let own = self.definitions.lists.get(list)?;
        let levels: [Option<&Level>; LEVELS] =
            std::array::from_fn(|at| own.levels[at].as_ref().or(found.levels[at].as_ref()));
        let start = |at: usize| {
            own.starts[at]
                .or_else(|| levels[at].and_then(|level| level.start))
                .unwrap_or(i64::from(levels[at].is_some()))
        };
        let counts = self.counts.entry(of.to_owned()).or_default();
        let sets_beginning = (0..=level).filter(|at| own.starts[*at].is_some());
        for at in sets_beginning {
            if self.begun.insert((list.to_owned(), at)) {
                counts[at] = None;
            }
        }
        counts[level] = Some(counts[level].map_or_else(|| start(level), |count| count.saturating_add(1)));
        for below in level + 1..LEVELS {
            let begins_after = levels[below].and_then(|it| it.restart).unwrap_or(below);
            if level < begins_after {
                counts[below] = None;
            }
        }
        let Some(definition) = levels[level] else { return Some(Mark::Bullet(None)) };
        if definition.format == "bullet" {
            return Some(Mark::Bullet(bullets::sign(&definition.text, definition.font.as_deref())));
        }
        let number = |at: usize| {
            let format = match levels[at] {
                Some(it) if !definition.is_legal || matches!(it.format.as_str(), "none" | "bullet") => &it.format,
                _ => "decimal",
            };
            written(counts[at].unwrap_or_else(|| start(at)), if format == "bullet" { "none" } else { format })
        };
        let mut label = String::new();
        let mut chars = definition.text.chars().peekable();
        while let Some(c) = chars.next() {
            match chars.peek().and_then(|c| c.to_digit(10)).and_then(|digit| usize::try_from(digit).ok()) {
                Some(of @ 1..=LEVELS) if c == '%' => {
                    chars.next();
                    label.push_str(&number(of - 1));
                }
                _ => label.push(c),
            }
        }
        Some(Mark::Number(label.trim().to_owned()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Through,
    Abstract,
    List,
    Override,
    Level,
    /// The font of a bullet.
    Font,
}

impl Handler for Numbering {
    type Tag = Tag;

    fn open(&mut self, element: &Element<'_>, parent: Option<Tag>) -> Result<Option<Tag>, Unreadable> {
        if element.ns != Ns::Word {
            return Ok(None);
        }
        let value = || element.attribute("val");
        let reading = &mut self.reading;
        let tag = match (element.local, parent) {
            ("abstractNum", _) => {
                let id = element.attribute("abstractNumId").unwrap_or_default();
                reading.of_abstract = Some((id, Abstract::default()));
                Tag::Abstract
            }
            ("num", _) => {
                reading.of_list = Some((element.attribute("numId").unwrap_or_default(), List::default()));
                Tag::List
            }
            ("lvlOverride", Some(Tag::List)) => {
                reading.overridden = element.number("ilvl").unwrap_or(0);
                Tag::Override
            }
            ("lvl", _) => {
                reading.level = Some((element.number("ilvl").unwrap_or(0), Level::default()));
                Tag::Level
            }
            ("rPr", Some(Tag::Level)) => Tag::Font,
            ("numbering", _) => Tag::Through,
            (name, Some(Tag::Abstract)) => {
                if let Some((_, it)) = &mut reading.of_abstract {
                    match name {
                        "styleLink" => it.is_of_style = value(),
                        "numStyleLink" => it.takes_style = value(),
                        _ => {}
                    }
                }
                return Ok(None);
            }
            (name, Some(Tag::List | Tag::Override)) => {
                if let Some((_, list)) = &mut reading.of_list {
                    match name {
                        "abstractNumId" => list.of = value().unwrap_or_default(),
                        "startOverride" => {
                            if let Some(start) = list.starts.get_mut(reading.overridden) {
                                *start = element.number("val");
                            }
                        }
                        _ => {}
                    }
                }
                return Ok(None);
            }
            (name, Some(Tag::Level | Tag::Font)) => {
                if let Some((_, level)) = &mut reading.level {
                    level.take(name, element);
                }
                return Ok(None);
            }
            _ => return Ok(None),
        };
        Ok(Some(tag))
    }

    fn close(&mut self, tag: Tag) -> Result<(), Unreadable> {
        let reading = &mut self.reading;
        match tag {
            Tag::Abstract => {
                let Some((id, it)) = reading.of_abstract.take() else { return Ok(()) };
                if let Some(style) = &it.is_of_style {
                    self.definitions.of_styles.insert(style.clone(), id.clone());
                }
                self.definitions.abstracts.insert(id, it);
            }
            Tag::List => self.definitions.lists.extend(reading.of_list.take()),
            Tag::Level => {
                let levels = match (&mut reading.of_list, &mut reading.of_abstract) {
                    (Some((_, list)), _) => &mut list.levels,
                    (None, Some((_, it))) => &mut it.levels,
                    (None, None) => return Ok(()),
                };
                if let Some((at, level)) = reading.level.take()
                    && let Some(place) = levels.get_mut(at)
                {
                    *place = Some(level);
                }
            }
            Tag::Through | Tag::Override | Tag::Font => {}
        }
        Ok(())
    }

    fn text(&mut self, _: &str, _: Tag) {}
}

impl Level {
    fn take(&mut self, name: &str, element: &Element<'_>) {
        match name {
            "start" => self.start = element.number("val"),
            "numFmt" => self.format = element.attribute("val").unwrap_or_default(),
            "lvlText" => self.text = element.attribute("val").unwrap_or_default(),
            "lvlRestart" => self.restart = element.number("val"),
            "isLgl" => self.is_legal = element.is_on("val"),
            "pStyle" => self.style = element.attribute("val"),
            "rFonts" => self.font = element.attribute("ascii").or_else(|| element.attribute("hAnsi")),
            _ => {}
        }
    }
}
