//! The effect of each declaration of style.

use std::rc::Rc;

use super::{
    colours::{Colour, LEAST_OPACITY, Size, has_picture, words},
    content::Content,
    lists::Marker,
    style::{Effect, Script},
};
use crate::extraction::legacy_fonts::is_legacy;

/// Pixels of a border or an outline from which it is an area.
const BROAD: f32 = 5.0;
/// Words that undo what other rules declare.
const RESET: [&str; 7] = ["none", "normal", "initial", "unset", "revert", "revert-layer", "inherit"];

impl Effect {
    /// Adds the effect of a declaration; its name is in lower case.
    pub(super) fn declare(&mut self, name: &str, as_written: &str) {
        let value = as_written.to_ascii_lowercase();
        let value = value.as_str();
        let is_reset = RESET.contains(&value);
        match name {
            "display" => self.displayed(value),
            "visibility" => {
                self.unseen = Some(matches!(value, "hidden" | "collapse"));
                self.is_seen_as_around = Some(is_reset && value != "initial");
            }
            "opacity" => self.clear = Some(is_clear(value)),
            "filter" => {
                let opacity = value.split_once("opacity(").and_then(|(_, rest)| rest.split(')').next());
                self.faded = Some(opacity.is_some_and(is_clear));
                self.is_blended = Some(value.contains("invert("));
            }
            "mix-blend-mode" => self.is_blended = Some(!is_reset),
            "content-visibility" => self.skipped = Some(value == "hidden"),
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
            "list-style" | "list-style-type" => self.marker = Some(Rc::new(Marker::of(as_written))),
            "color" => self.colour = Some(Colour::of(value)),
            "-webkit-text-fill-color" => self.fill = Some(Colour::of(value)),
            "text-shadow" | "-webkit-text-stroke" | "-webkit-text-stroke-width" => {
                self.is_outlined = Some(!is_reset && (name == "text-shadow" || !value.starts_with('0')));
            }
            "background" => {
                self.ground = Some(Colour::of_ground(value));
                self.has_picture = Some(has_picture(value));
                self.clips = Some(words(value).any(|word| word == "text"));
                self.has_band = Some(has_band(value));
            }
            "background-color" => self.ground = Some(Colour::of_ground(value)),
            "background-image" => {
                self.has_picture = Some(has_picture(value));
                self.has_band = Some(has_band(value));
            }
            "background-clip" | "-webkit-background-clip" => self.clips = Some(value.contains("text")),
            "font-size" => self.size = Some(Size::of(value)),
            "font-family" | "font" => self.written_in(name, value),
            _ => self.place(name, value, is_reset),
        }
    }

    /// Adds the effect of a declaration on where the element is and what is drawn around it.
    fn place(&mut self, name: &str, value: &str, is_reset: bool) {
        match name {
            "position" => {
                let is_out = matches!(value, "absolute" | "fixed" | "sticky" | "-webkit-sticky");
                self.is_displaced = Some(is_out);
                self.is_out_of_flow = Some(matches!(value, "absolute" | "fixed"));
            }
            "float" => self.floats = Some(matches!(value, "left" | "right")),
            "transform" | "translate" | "grid-area" | "grid-row" | "grid-column" if !is_reset => {
                self.is_displaced = Some(true);
            }
            "box-shadow" => self.is_shaded = Some(value.contains("inset")),
            "color-scheme" => self.is_dark = Some(value.contains("dark")),
            "z-index" => self.is_behind = Some(value.starts_with('-')),
            "top" | "bottom" | "inset" | "inset-block" | "inset-block-start" => {
                if has_negative(value) {
                    self.is_displaced = Some(true);
                }
                if words(value).any(is_middle) {
                    self.is_in_middle = Some(true);
                }
            }
            "left" | "right" => {
                if has_negative(value) {
                    self.is_displaced = Some(true);
                }
                if value == "100%" {
                    self.is_beside = Some(true);
                }
            }
            "height" => self.is_thin = Some(pixels(value).is_some_and(|size| size > 0.0 && size <= BROAD)),
            name if name.starts_with("margin") && has_negative(value) => self.is_displaced = Some(true),
            name if name.starts_with("border") || name.starts_with("outline") => {
                let width = words(value).filter_map(pixels).fold(0.0, f32::max);
                let is_broad = width >= BROAD && !name.contains("radius") && !name.contains("spacing");
                if is_broad && name.starts_with("outline") {
                    self.is_shaded = Some(true);
                } else if is_broad {
                    self.is_edged = Some(true);
                }
                let is_side = matches!(name, "border" | "border-top" | "border-bottom" | "border-block-start");
                if is_side && width > 0.0 && width <= BROAD {
                    self.is_lined = Some(true);
                }
            }
            _ => {}
        }
    }

    fn written_in(&mut self, name: &str, value: &str) {
        self.legacy_font = value.split(',').map(str::trim).find(|font| is_legacy(font)).map(str::to_owned);
        let first = value.split(',').next().unwrap_or_default();
        let mut face = first;
        if name == "font" {
            // The size stands before the first font, with the height of the lines behind a slash.
            face = first.split_whitespace().last().unwrap_or_default();
            let has_digit = |part: &&str| part.starts_with(|c: char| c.is_ascii_digit() || c == '.');
            let is_weight = |part: &str| part.parse::<f32>().is_ok_and(|weight| weight > 0.0);
            let size = first.split([' ', '/']).filter(has_digit).find(|part| !is_weight(part));
            self.size = Some(size.map_or(Size::Some, Size::of));
        }
        self.face = Some(face.trim_matches(['"', '\'', ' ']).to_owned());
    }

    fn displayed(&mut self, value: &str) {
        self.hidden = Some(value == "none");
        self.parts_children = Some(value.contains("flex") || value.contains("grid"));
        let is_on_line = value.starts_with("inline") || matches!(value, "none" | "contents") || RESET.contains(&value);
        self.is_block = Some(!is_on_line);
        self.is_inline_box = Some(value.starts_with("inline-"));
    }
}

/// Whether an opacity, a number or a percentage, leaves nothing to see.
fn is_clear(value: &str) -> bool {
    let (number, whole) = value.strip_suffix('%').map_or((value, 1.0), |number| (number, 100.0));
    number.trim().parse::<f32>().is_ok_and(|opacity| opacity < LEAST_OPACITY * whole)
}

/// Whether a gradient is a line through the middle: transparent, a colour, transparent, from above to below.
fn has_band(value: &str) -> bool {
    let Some((_, stops)) = value.split_once("linear-gradient(") else { return false };
    let is_level = |word: &str| matches!(word, "90deg" | "270deg" | "right" | "left");
    let colours: Vec<Colour> = words(stops).filter_map(|word| Colour::named(word.trim_end_matches(';'))).collect();
    let is_clear = |colour: Option<&Colour>| colour == Some(&Colour::Transparent);
    let has_colour = colours.iter().any(|colour| *colour != Colour::Transparent);
    is_clear(colours.first()) && is_clear(colours.last()) && has_colour && !words(stops).any(is_level)
}

fn has_negative(value: &str) -> bool {
    value.split(['(', ' ', ',']).any(|word| {
        word.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
    })
}

/// Whether a distance from the top of an element is in the middle of a line.
fn is_middle(value: &str) -> bool {
    let value = value.strip_prefix("calc(").unwrap_or(value);
    let between = |unit: &str, least: f32, most: f32| {
        let number = value.split_once(unit).map(|(number, _)| number);
        number.and_then(|number| number.parse::<f32>().ok()).is_some_and(|part| part >= least && part <= most)
    };
    between("%", 25.0, 75.0) || between("em", 0.3, 0.9)
}

fn pixels(value: &str) -> Option<f32> {
    let units = [("px", 1.0), ("pt", 1.33), ("rem", 16.0), ("em", 16.0)];
    units.iter().find_map(|(unit, size)| value.strip_suffix(unit)?.parse::<f32>().ok().map(|count| count * size))
}
