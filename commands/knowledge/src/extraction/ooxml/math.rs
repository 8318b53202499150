//! Formulas of word processors and slides.

use super::{
    math_text::Line,
    xml::{Element, Ns},
};
use crate::extraction::{
    NoteKind,
    scripts::{Script, placed},
};

/// The role of an element in a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// An element that is only a container.
    Through,
    Text,
    /// An operand, as of a fraction or a power.
    Operand(Role),
    Object(Shape),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Base,
    Above,
    Below,
    Lowered,
    Raised,
    Degree,
    Limit,
    Name,
    Row,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Whole,
    Fraction,
    Scripts,
    ScriptsBefore,
    Root,
    Brackets,
    Sum,
    Function,
    Accent,
    Bar,
    LimitBelow,
    LimitAbove,
    Matrix,
    Lines,
    Plain,
    Phantom,
}

/// An open object with its operands, or an open operand with its text.
#[derive(Debug)]
struct Open {
    part: Part,
    line: Line,
    operands: Vec<(Role, Line)>,
    /// Properties by name: `chr`, `begChr`, `type`.
    properties: Vec<(&'static str, String)>,
}

/// A formula while it is read.
#[derive(Debug)]
pub(crate) struct Formula {
    open: Vec<Open>,
    /// The reason for which the current run is left out, and the first reason for which any was.
    run: Option<NoteKind>,
    left_out: Option<NoteKind>,
}

const PROPERTIES: [&str; 10] =
    ["chr", "begChr", "endChr", "sepChr", "type", "degHide", "subHide", "supHide", "pos", "show"];

impl Formula {
    pub(crate) fn new() -> Self {
        Self { open: vec![Open::of(Part::Object(Shape::Whole))], run: None, left_out: None }
    }

    /// Opens an element; `None` skips one that is no part of a formula, with all its content.
    pub(crate) fn open(&mut self, element: &Element<'_>) -> Option<Part> {
        if element.ns != Ns::Math {
            return self.open_in_run(element);
        }
        if let Some(name) = PROPERTIES.into_iter().find(|name| *name == element.local) {
            if let Some(object) = self.open.last_mut() {
                object.properties.push((name, element.attribute("val").unwrap_or_default()));
            }
            return None;
        }
        let part = match element.local {
            "t" => Part::Text,
            "r" => {
                self.run = None;
                Part::Through
            }
            "e" => Part::Operand(Role::Base),
            "num" => Part::Operand(Role::Above),
            "den" => Part::Operand(Role::Below),
            "sub" => Part::Operand(Role::Lowered),
            "sup" => Part::Operand(Role::Raised),
            "deg" => Part::Operand(Role::Degree),
            "lim" => Part::Operand(Role::Limit),
            "fName" => Part::Operand(Role::Name),
            "mr" => Part::Operand(Role::Row),
            "f" => Part::Object(Shape::Fraction),
            "sSup" | "sSub" | "sSubSup" => Part::Object(Shape::Scripts),
            "sPre" => Part::Object(Shape::ScriptsBefore),
            "rad" => Part::Object(Shape::Root),
            "d" => Part::Object(Shape::Brackets),
            "nary" => Part::Object(Shape::Sum),
            "func" => Part::Object(Shape::Function),
            "acc" => Part::Object(Shape::Accent),
            "bar" => Part::Object(Shape::Bar),
            "limLow" => Part::Object(Shape::LimitBelow),
            "limUpp" => Part::Object(Shape::LimitAbove),
            "m" => Part::Object(Shape::Matrix),
            "eqArr" => Part::Object(Shape::Lines),
            "phant" => Part::Object(Shape::Phantom),
            "box" | "borderBox" | "groupChr" => Part::Object(Shape::Plain),
            // A box may be crossed out to withdraw a value, or to cancel a factor of a fraction.
            "strikeH" | "strikeV" | "strikeBLTR" | "strikeTLBR" => {
                if element.is_on("val") {
                    self.left_out.get_or_insert(NoteKind::VisibilityUncertain);
                }
                return None;
            }
            "rPr" | "ctrlPr" | "argPr" | "mPr" | "oMathParaPr" => return None,
            _ => Part::Through,
        };
        if matches!(part, Part::Operand(_) | Part::Object(_)) {
            self.open.push(Open::of(part));
        }
        Some(part)
    }

    /// Reads the properties of a run of a formula, in either dialect.
    fn open_in_run(&mut self, element: &Element<'_>) -> Option<Part> {
        match (element.ns, element.local) {
            (Ns::Word, "t") => return Some(Part::Text),
            (Ns::Word, "ins" | "moveTo" | "smartTag" | "r" | "rPr") => return Some(Part::Through),
            (Ns::Word, "strike" | "dstrike") if element.is_on("val") => self.run = Some(NoteKind::StruckLeftOut),
            (Ns::Word, "vanish") if element.is_on("val") => self.run = Some(NoteKind::HiddenLeftOut),
            (Ns::Drawing, "rPr") if element.attribute("strike").is_some_and(|it| it != "noStrike") => {
                self.run = Some(NoteKind::StruckLeftOut);
            }
            _ => {}
        }
        None
    }

    /// The reason for which a part of the formula is left out or doubtful.
    pub(crate) const fn left_out(&self) -> Option<NoteKind> {
        self.left_out
    }

    pub(crate) fn text(&mut self, text: &str, part: Part) {
        if self.run.is_some() {
            self.left_out = self.run;
            return;
        }
        if let (Part::Text, Some(open)) = (part, self.open.last_mut()) {
            open.line.push_text(text);
        }
    }

    pub(crate) fn close(&mut self, part: Part) {
        if !matches!(part, Part::Operand(_) | Part::Object(_)) || self.open.len() < 2 {
            return;
        }
        let Some(closed) = self.open.pop() else { return };
        let Some(parent) = self.open.last_mut() else { return };
        match closed.part {
            Part::Operand(role) => {
                let line = if role == Role::Row { Line::plain(closed.joined(", ")) } else { closed.line };
                parent.operands.push((role, line));
            }
            _ => parent.line.push(&closed.composed()),
        }
    }

    pub(crate) fn finished(mut self) -> String {
        while self.open.len() > 1 {
            let part = self.open.last().map_or(Part::Through, |open| open.part);
            self.close(part);
        }
        self.open.pop().map(|whole| whole.line.as_str().trim().to_owned()).unwrap_or_default()
    }
}

impl Open {
    fn of(part: Part) -> Self {
        Self { part, line: Line::default(), operands: Vec::new(), properties: Vec::new() }
    }

    fn operand(&self, role: Role) -> Option<&Line> {
        self.operands.iter().find(|(it, line)| *it == role && !line.as_str().trim().is_empty()).map(|(_, line)| line)
    }

    fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(it, _)| *it == name).map(|(_, value)| value.as_str())
    }

    fn joined(&self, separator: &str) -> String {
        let lines: Vec<&str> = self.operands.iter().map(|(_, line)| line.as_str().trim()).collect();
        lines.join(separator)
    }

    /// The base of a script, in brackets if the script would otherwise seem to belong to its last character only.
    fn base(&self) -> String {
        self.operand(Role::Base).map(Line::in_brackets).unwrap_or_default()
    }

    fn script(&self, role: Role, script: Script) -> String {
        self.operand(role).map(|line| placed(line.as_str().trim(), script)).unwrap_or_default()
    }

    fn composed(self) -> Line {
        let Part::Object(shape) = self.part else { return self.line };
        let raised = self.script(Role::Raised, Script::Raised);
        let lowered = self.script(Role::Lowered, Script::Lowered);
        let empty = Line::default();
        let base = self.operand(Role::Base).unwrap_or(&empty);
        let text = match shape {
            Shape::Fraction => {
                let (above, below) =
                    (self.operand(Role::Above).unwrap_or(&empty), self.operand(Role::Below).unwrap_or(&empty));
                if self.property("type") != Some("noBar") {
                    return Line::of_fraction(above, below);
                }
                format!("{} over {}", above.in_brackets(), below.in_brackets())
            }
            Shape::Scripts => format!("{}{lowered}{raised}", self.base()),
            Shape::ScriptsBefore => format!("{raised}{lowered}{}", self.base()),
            Shape::Root => match self.operand(Role::Degree).map(|line| line.as_str().trim()) {
                None | Some("2") => format!("√({})", base.as_str()),
                Some("3") => format!("∛({})", base.as_str()),
                Some("4") => format!("∜({})", base.as_str()),
                Some(degree) => format!("root of degree {degree} ({})", base.as_str()),
            },
            Shape::Brackets => {
                let separator = self.property("sepChr").unwrap_or("|");
                let (begin, end) = (self.property("begChr").unwrap_or("("), self.property("endChr").unwrap_or(")"));
                format!("{begin}{}{end}", self.joined(separator))
            }
            Shape::Sum => {
                let sign = self.property("chr").unwrap_or("∫");
                let body = base.as_str().trim();
                let blank = if body.is_empty() { "" } else { " " };
                format!("{sign}{lowered}{raised}{blank}{body}")
            }
            Shape::Function => {
                let name = self.operand(Role::Name).map_or("", |line| line.as_str().trim());
                let argument = self.base();
                let blank = if argument.starts_with('(') { "" } else { " " };
                format!("{name}{blank}{argument}")
            }
            Shape::Accent => marked(base.as_str(), self.property("chr").unwrap_or("\u{302}")),
            Shape::Bar if self.property("pos") == Some("top") => marked(base.as_str(), "\u{305}"),
            Shape::Bar => marked(base.as_str(), "\u{332}"),
            Shape::LimitBelow | Shape::LimitAbove => {
                let script = if shape == Shape::LimitBelow { Script::Lowered } else { Script::Raised };
                let limit = self.script(Role::Limit, script);
                format!("{}{limit}", self.base())
            }
            Shape::Matrix => format!("[{}]", self.joined("; ")),
            // `&` marks where lines are aligned, and is not visible.
            Shape::Lines => self.joined("; ").replace('&', ""),
            Shape::Phantom if self.property("show").is_some_and(|it| matches!(it, "0" | "off" | "false")) => {
                String::new()
            }
            Shape::Whole | Shape::Plain | Shape::Phantom => {
                let mut line = self.line;
                self.operands.iter().for_each(|(_, operand)| line.push(operand));
                return line;
            }
        };
        Line::plain(text)
    }
}

/// A combining mark over or under one character, or over a base in brackets.
fn marked(base: &str, mark: &str) -> String {
    let base = base.trim();
    if base.chars().nth(1).is_none() { format!("{base}{mark}") } else { format!("({base}){mark}") }
}
