//! The effect of style declarations on the text of an element.

use std::rc::Rc;

use scraper::node::Element;

use super::{
    STRUCK,
    colours::{Colour, Size},
    content::Content,
    lists::Marker,
};

/// Makes the type of effects, and the effect of two rules of which one overrides the other.
macro_rules! effect {
    ($($(#[$doc:meta])* $field:ident: $kind:ty,)*) => {
        /// The effect of style on an element; `None` is not set.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub(super) struct Effect {
            $($(#[$doc])* pub(super) $field: Option<$kind>,)*
        }

        impl Effect {
            pub(super) fn or(self, other: &Self) -> Self {
                Self { $($field: self.$field.or_else(|| other.$field.clone()),)* }
            }
        }
    };
}

effect! {
    /// Not displayed (`display: none`).
    hidden: bool,
    /// Displayed but invisible (`visibility: hidden`).
    unseen: bool,
    /// As visible as the element around (`visibility: inherit`).
    is_seen_as_around: bool,
    /// Of no opacity.
    clear: bool,
    /// Of no opacity by a filter.
    faded: bool,
    /// With content that is not drawn (`content-visibility: hidden`).
    skipped: bool,
    /// Changing with time, as text that fades in.
    moves: bool,
    struck: bool,
    script: Script,
    /// Begins a line of its own.
    is_block: bool,
    /// A box of its own on its line.
    is_inline_box: bool,
    /// Whether its children are separated from each other.
    parts_children: bool,
    /// The text that style writes, of what stands before or after an element.
    content: Rc<Content>,
    /// What stands before an item of a list.
    marker: Rc<Marker>,
    /// The first font of `font-family`.
    face: String,
    /// A font of before Unicode.
    legacy_font: String,
    colour: Colour,
    /// The colour that letters are filled with in place of theirs.
    fill: Colour,
    /// The colour of the background.
    ground: Colour,
    /// Whether there is a picture on the background.
    has_picture: bool,
    /// Whether that picture is a line through the middle.
    has_band: bool,
    /// Whether the background is in the shape of the letters.
    clips: bool,
    size: Size,
    /// Whether letters have a shadow or a line around them.
    is_outlined: bool,
    /// Whether a shadow or an outline covers its inside.
    is_shaded: bool,
    /// Whether it has a broad border.
    is_edged: bool,
    /// Whether its colours are changed by what is behind it.
    is_blended: bool,
    /// Whether it may be shown on a dark page.
    is_dark: bool,
    /// Whether it may lie over another element.
    is_displaced: bool,
    /// Whether it is put elsewhere (`position: absolute`).
    is_out_of_flow: bool,
    floats: bool,
    /// Whether it is put behind its text.
    is_behind: bool,
    /// Whether it begins in the middle of the height.
    is_in_middle: bool,
    /// Whether it begins where the text ends.
    is_beside: bool,
    /// Whether it is as thin as a line.
    is_thin: bool,
    /// Whether it has a thin border.
    is_lined: bool,
}

/// The position of text on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Line,
    Raised,
    Lowered,
}

/// The ways in which text can be hidden.
pub(super) const HIDINGS: usize = 5;

impl Effect {
    /// Whether nothing within an element with this effect is to be read.
    pub(super) fn hides(&self) -> bool {
        let is_clear = self.clear == Some(true) && self.moves != Some(true);
        self.hidden == Some(true) || self.faded == Some(true) || self.skipped == Some(true) || is_clear
    }

    /// The ways in which text can be hidden.
    pub(super) fn hidings(&self) -> [Option<bool>; HIDINGS] {
        [self.hidden, self.unseen, self.clear, self.faded, self.skipped]
    }

    /// The same, to be changed.
    pub(super) fn hidings_mut(&mut self) -> [&mut Option<bool>; HIDINGS] {
        [&mut self.hidden, &mut self.unseen, &mut self.clear, &mut self.faded, &mut self.skipped]
    }

    pub(super) fn is_placed(&self) -> bool {
        self.is_out_of_flow == Some(true)
    }

    /// Whether it is a background that is not transparent.
    pub(super) fn paints(&self) -> bool {
        let has_colour = self.ground.is_some_and(|colour| !matches!(colour, Colour::Transparent | Colour::Inherited));
        has_colour || self.has_picture == Some(true)
    }

    /// Whether what style writes with this effect is a line through the text of its element.
    pub(super) fn is_line_through(&self) -> bool {
        let is_line = self.is_lined == Some(true) || self.is_thin == Some(true) && self.paints();
        let is_on_text = self.is_placed() && self.is_in_middle == Some(true) && self.is_beside != Some(true);
        is_line && is_on_text && self.is_behind != Some(true) && !self.hides() && self.content.is_some()
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
        if effect.struck.is_none() && STRUCK.contains(&element.name()) {
            effect.struck = Some(true);
        }
        let colour = |name: &str| element.attr(name).map(|colour| Colour::of(&colour.trim().to_ascii_lowercase()));
        if element.name() == "font" {
            effect.colour = colour("color");
        }
        effect.ground = colour("bgcolor");
        effect.has_picture = has("background").then_some(true);
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
}
