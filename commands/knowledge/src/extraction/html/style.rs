//! The effect of style declarations on the text of an element.

use scraper::node::Element;

use crate::extraction::{legacy_fonts::is_legacy, symbols::is_private};

/// Bytes of generated content: a sign, a unit, a word of warning. It is written at many places.
const LONGEST_CONTENT: usize = 16;

/// The effect of style on an element; `None` is not set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Effect {
    /// Not displayed (`display: none`).
    pub(super) hidden: Option<bool>,
    /// Displayed but invisible (`visibility: hidden` and the like).
    pub(super) unseen: Option<bool>,
    pub(super) struck: Option<bool>,
    pub(super) script: Option<Script>,
    /// Begins a line of its own.
    pub(super) is_block: Option<bool>,
    /// Whether its children are separated from each other.
    pub(super) parts_children: Option<bool>,
    /// The generated content before and after it.
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    /// The first font of `font-family`.
    pub(super) face: Option<String>,
    /// A font of before Unicode.
    pub(super) legacy_font: Option<String>,
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
            struck: self.struck.or(other.struck),
            script: self.script.or(other.script),
            is_block: self.is_block.or(other.is_block),
            parts_children: self.parts_children.or(other.parts_children),
            before: self.before.or_else(|| other.before.clone()),
            after: self.after.or_else(|| other.after.clone()),
            face: self.face.or_else(|| other.face.clone()),
            legacy_font: self.legacy_font.or_else(|| other.legacy_font.clone()),
        }
    }

    /// The effect of the declarations of a rule or of a `style` attribute.
    pub(super) fn of(declarations: &str) -> Self {
        let mut effect = Self::default();
        for (name, value) in declarations.split(';').filter_map(|declaration| declaration.split_once(':')) {
            let value = value.trim().trim_end_matches("!important").trim().to_ascii_lowercase();
            match name.trim().to_ascii_lowercase().as_str() {
                "display" => effect.displayed(&value),
                "visibility" if matches!(value.as_str(), "hidden" | "collapse") => effect.unseen = Some(true),
                "text-decoration" | "text-decoration-line" => effect.struck = Some(value.contains("line-through")),
                "vertical-align" => {
                    effect.script = Some(match value.as_str() {
                        "super" => Script::Raised,
                        "sub" => Script::Lowered,
                        _ => Script::Line,
                    });
                }
                name @ ("font-family" | "font") => {
                    effect.legacy_font =
                        value.split(',').map(str::trim).find(|font| is_legacy(font)).map(str::to_owned);
                    let first = value.split(',').next().unwrap_or_default();
                    // In `font`, the size stands before the first font.
                    let face = if name == "font" { first.split_whitespace().last().unwrap_or_default() } else { first };
                    effect.face = Some(face.trim_matches(['"', '\'', ' ']).to_owned());
                }
                _ => {}
            }
        }
        effect
    }

    /// The effect of class names that say what they do: the style sheet that defines them is seldom in the page.
    pub(super) fn of_classes(element: &Element) -> Self {
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

/// The text of `content: "≥ "`; `None` for counters, pictures and characters that only a symbol font shows.
pub(super) fn content(declarations: &str) -> Option<String> {
    let is_content = |declaration: &&str| declaration.trim_start().to_ascii_lowercase().starts_with("content");
    let (_, value) = declarations.split(';').find(is_content)?.split_once(':')?;
    let value = value.trim().trim_end_matches("!important").trim();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let quoted = value[1..].strip_suffix(quote).filter(|text| !text.contains(quote))?;
    Some(unescaped(quoted)).filter(|text| (1..=LONGEST_CONTENT).contains(&text.len()) && !text.contains(is_private))
}

/// The text with escapes replaced: `\2265` is a character by its number, and a blank ends it.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut unescaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.chars().take(6).take_while(char::is_ascii_hexdigit).count();
        let (number, rest) = part.split_at(digits);
        unescaped.extend(u32::from_str_radix(number, 16).ok().and_then(char::from_u32));
        unescaped.push_str(if digits > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest });
    }
    unescaped
}
