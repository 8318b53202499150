//! The effect of style declarations on the text of an element.

use std::rc::Rc;

use scraper::node::Element;

use super::{
    colours::{Colour, Size},
    content::Content,
};
use crate::extraction::legacy_fonts::is_legacy;

/// The effect of style on an element; `None` is not set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Effect {
    /// Not displayed (`display: none`).
    pub(super) hidden: Option<bool>,
    /// Displayed but invisible (`visibility: hidden` and the like).
    pub(super) unseen: Option<bool>,
    /// Of no opacity.
    pub(super) clear: Option<bool>,
    /// Changing with time, as text that fades in.
    pub(super) moves: Option<bool>,
    pub(super) struck: Option<bool>,
    pub(super) script: Option<Script>,
    /// Begins a line of its own.
    pub(super) is_block: Option<bool>,
    /// Whether its children are separated from each other.
    pub(super) parts_children: Option<bool>,
    /// The text that style writes, of what stands before or after an element.
    pub(super) content: Option<Rc<Content>>,
    /// The first font of `font-family`.
    pub(super) face: Option<String>,
    /// A font of before Unicode.
    pub(super) legacy_font: Option<String>,
    pub(super) colour: Option<Colour>,
    pub(super) ground: Option<Colour>,
    pub(super) size: Option<Size>,
}

/// The position of text on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Line,
    Raised,
    Lowered,
}

impl Effect {
    pub(super) fn or(self, other: &Self) -> Self {
        Self {
            hidden: self.hidden.or(other.hidden),
            unseen: self.unseen.or(other.unseen),
            clear: self.clear.or(other.clear),
            moves: self.moves.or(other.moves),
            struck: self.struck.or(other.struck),
            script: self.script.or(other.script),
            is_block: self.is_block.or(other.is_block),
            parts_children: self.parts_children.or(other.parts_children),
            content: self.content.or_else(|| other.content.clone()),
            face: self.face.or_else(|| other.face.clone()),
            legacy_font: self.legacy_font.or_else(|| other.legacy_font.clone()),
            colour: self.colour.or(other.colour),
            ground: self.ground.or(other.ground),
            size: self.size.or(other.size),
        }
    }

    /// Whether text with this effect is not to be read, however it is hidden.
    pub(super) fn hides(&self) -> bool {
        let is_clear = self.clear == Some(true) && self.moves != Some(true);
        self.hidden == Some(true) || self.unseen == Some(true) || is_clear
    }

    /// The ways in which text can be hidden.
    pub(super) fn hidings(&self) -> [Option<bool>; 3] {
        [self.hidden, self.unseen, self.clear]
    }

    /// The same, to be changed.
    pub(super) fn hidings_mut(&mut self) -> [&mut Option<bool>; 3] {
        [&mut self.hidden, &mut self.unseen, &mut self.clear]
    }

    /// Adds the effect of a declaration; its name is in lower case.
    pub(super) fn declare(&mut self, name: &str, as_written: &str) {
        let value = as_written.to_ascii_lowercase();
        let value = value.as_str();
        match name {
            "display" => self.displayed(value),
            "visibility" => self.unseen = Some(matches!(value, "hidden" | "collapse")),
            "opacity" => self.clear = Some(value.trim_end_matches('%').parse::<f32>() == Ok(0.0)),
            "animation" | "animation-name" | "transition" => self.moves = Some(value != "none"),
            "text-decoration" | "text-decoration-line" => self.struck = Some(value.contains("line-through")),
            "vertical-align" => {
                self.script = Some(match value {
                    "super" => Script::Raised,
                    "sub" => Script::Lowered,
                    _ => Script::Line,
                });
            }
            "content" => self.content = Some(Rc::new(Content::of(as_written))),
            "color" | "-webkit-text-fill-color" => self.colour = Colour::of(value).or(self.colour),
            "background" | "background-color" | "background-image" => {
                self.ground = Colour::of_ground(value).or(self.ground);
            }
            "font-size" => self.size = Size::of(value),
            "font-family" | "font" => {
                self.legacy_font = value.split(',').map(str::trim).find(|font| is_legacy(font)).map(str::to_owned);
                let first = value.split(',').next().unwrap_or_default();
                let mut face = first;
                if name == "font" {
                    // The size stands before the first font, with the height of the lines behind a slash.
                    face = first.split_whitespace().last().unwrap_or_default();
                    let has_digit = |part: &&str| part.starts_with(|c: char| c.is_ascii_digit() || c == '.');
                    let is_weight = |part: &str| part.parse::<f32>().is_ok_and(|weight| weight > 0.0);
                    let size = first.split([' ', '/']).filter(has_digit).find(|part| !is_weight(part));
                    self.size = size.and_then(Size::of);
                }
                self.face = Some(face.trim_matches(['"', '\'', ' ']).to_owned());
            }
            _ => {}
        }
    }

    /// The effect that an element has without any style, from its name and its attributes.
    pub(super) fn of_element(element: &Element) -> Self {
        let mut effect = Self::of_classes(element);
        let has = |name| element.attr(name).is_some();
        let is_closed = match element.name() {
            "dialog" => !has("open"),
            name => name == "datalist" || has("popover"),
        };
        if is_closed || has("hidden") {
            effect.hidden = Some(true);
        }
        let colour = |name: &str| element.attr(name).and_then(|colour| Colour::of(&colour.trim().to_ascii_lowercase()));
        if element.name() == "font" {
            effect.colour = colour("color");
        }
        effect.ground = if has("background") { Some(Colour::Unknown) } else { colour("bgcolor") };
        effect
    }

    /// The effect of class names that say what they do: the style sheet that defines them is seldom in the page.
    fn of_classes(element: &Element) -> Self {
        let mut effect = Self::default();
        for class in element.classes() {
            match class.to_ascii_lowercase().as_str() {
                "line-through" | "text-decoration-line-through" | "strikethrough" | "strike-through" => {
                    effect.struck = Some(true);
                }
                "superscript" | "align-super" => effect.script = Some(Script::Raised),
                "subscript" | "align-sub" => effect.script = Some(Script::Lowered),
                _ => {}
            }
        }
        effect
    }

    fn displayed(&mut self, value: &str) {
        self.hidden = Some(value == "none");
        self.parts_children = Some(value.contains("flex") || value.contains("grid"));
        let is_on_line = value.starts_with("inline") || matches!(value, "none" | "contents" | "inherit" | "initial");
        self.is_block = Some(!is_on_line);
    }
}
