//! Text that nobody sees: in the colour of its background, transparent, of no size, invisible or struck.

use super::{
    colours::{Colour, Size, WHITE},
    style::Effect,
};
use crate::extraction::notes::NoteKind;

/// What the text of an element has from the elements around it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ink {
    colour: Option<Colour>,
    /// The colour that letters are filled with in place of theirs.
    fill: Option<Colour>,
    ground: Ground,
    /// The ground in the shape of the letters (`background-clip: text`).
    clipped: Option<Colour>,
    size: Option<Size>,
    /// Whether something else than a background of an element around may be behind the text.
    is_overlaid: bool,
    /// Whether letters have a shadow or a line around them.
    is_outlined: bool,
    withdrawn: Withdrawn,
}

/// What is known to be behind a text.
#[derive(Debug, Clone, Copy)]
enum Ground {
    /// The page, with its colour if it has one.
    Page(Option<Colour>),
    /// The background of an element.
    Of(Colour),
}

impl Default for Ground {
    fn default() -> Self {
        Self::Page(None)
    }
}

impl Ground {
    fn colour(self) -> Option<Colour> {
        match self {
            Self::Page(colour) => colour,
            Self::Of(colour) => Some(colour),
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Withdrawn {
    is_unseen: bool,
    is_struck: bool,
}

/// How much of a text is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Yes,
    No,
    /// In the colour of its background, as far as that is known; something else may be behind it.
    Perhaps,
}

impl Ink {
    /// The ink within an element; `is_page` tells `html` and `body`, whose background is that of the page.
    pub(super) fn within(self, effect: &Effect, is_page: bool) -> Self {
        let mut ink = self;
        match effect.colour {
            None | Some(Colour::Inherited | Colour::Current) => {}
            colour => ink.colour = colour,
        }
        match effect.fill {
            None | Some(Colour::Inherited) => {}
            Some(Colour::Current) => ink.fill = None,
            fill => ink.fill = fill,
        }
        if let Some(size) = effect.size.filter(|size| *size != Size::Part) {
            ink.size = Some(size);
        }
        ink.is_outlined = effect.is_outlined.unwrap_or(self.is_outlined);
        ink.is_overlaid |= effect.is_displaced == Some(true) || effect.is_blended == Some(true);
        ink.lay_ground(effect, is_page);
        ink.is_overlaid |= effect.is_shaded == Some(true);
        let is_apart = effect.is_inline_box == Some(true) || effect.floats == Some(true) || effect.is_placed();
        let is_as_around = effect.is_seen_as_around == Some(true);
        ink.withdrawn = Withdrawn {
            is_unseen: effect.unseen.filter(|_| !is_as_around).unwrap_or(self.withdrawn.is_unseen),
            // The line of an element goes through what is on its lines, whatever that declares.
            is_struck: self.withdrawn.is_struck && !is_apart || effect.struck == Some(true),
        };
        ink
    }

    fn lay_ground(&mut self, effect: &Effect, is_page: bool) {
        let own = match effect.ground {
            None | Some(Colour::Inherited | Colour::Transparent) => None,
            Some(Colour::Current) => Some(self.colour.unwrap_or(Colour::Unknown)),
            colour => colour,
        };
        let has_picture = effect.has_picture == Some(true);
        let Some(ground) = own.or(has_picture.then_some(Colour::Unknown)) else { return };
        if effect.clips == Some(true) {
            self.clipped = Some(if has_picture { Colour::Unknown } else { ground });
            return;
        }
        let ground = ground.over(self.ground.colour());
        self.ground = if is_page { Ground::Page(Some(ground)) } else { Ground::Of(ground) };
        self.clipped = None;
        // A picture lies over the colour.
        self.is_overlaid = has_picture;
    }

    /// The same text with something behind it that may be its background.
    pub(super) fn overlaid(self) -> Self {
        Self { is_overlaid: true, ..self }
    }

    /// The reason for which nothing within an element is to be read, but what shows itself again.
    pub(super) fn withdrawn(self) -> Option<NoteKind> {
        if self.withdrawn.is_unseen {
            return Some(NoteKind::HiddenLeftOut);
        }
        self.withdrawn.is_struck.then_some(NoteKind::StruckLeftOut)
    }

    /// Whether the text is seen; `may_be_covered` tells that something may cover the page behind it.
    pub(super) fn seen(self, may_be_covered: bool) -> Seen {
        let ground = self.ground.colour();
        let is_clear = |colour| colour == Some(Colour::Transparent);
        let mut colour = self.fill.or(self.colour);
        if is_clear(colour) && self.clipped.is_some() {
            colour = self.clipped;
        }
        let is_like = |colour: Colour| colour.over(ground).is_like(ground.unwrap_or(WHITE));
        match colour {
            _ if self.size == Some(Size::None) => Seen::No,
            _ if is_clear(colour) && self.is_outlined => Seen::Perhaps,
            _ if is_clear(colour) => Seen::No,
            Some(colour) if is_like(colour) => {
                let is_page = matches!(self.ground, Ground::Page(_));
                if self.is_outlined || self.is_overlaid || is_page && may_be_covered { Seen::Perhaps } else { Seen::No }
            }
            _ => Seen::Yes,
        }
    }
}
