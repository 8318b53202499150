//! What a page draws besides the backgrounds of the elements around a text, which may be behind the text.

use std::rc::Rc;

use scraper::{Html, node::Element};

use super::{
    colours::{Colour, WHITE},
    sheets::{Declarations, declared},
    style::Effect,
    variables::Looks,
};

/// Elements that draw something.
const PICTURES: [&str; 8] = ["img", "svg", "canvas", "video", "picture", "object", "embed", "iframe"];

/// What a page draws.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// Whether it has backgrounds or pictures that are not white.
    paints: bool,
    /// Whether something may lie over something else.
    displaces: bool,
    /// Whether it may be shown on a dark ground.
    is_dark: bool,
}

impl Drawn {
    pub(super) fn of<'r>(page: &Html, rules: impl Iterator<Item = &'r Rc<Declarations>>) -> Self {
        let (mut drawn, looks) = (Self::default(), Looks::default());
        let mut last: Option<&Rc<Declarations>> = None;
        for declarations in rules {
            if !last.is_some_and(|last| Rc::ptr_eq(last, declarations)) {
                drawn.add(&declarations.effect(None, &looks));
            }
            last = Some(declarations);
        }
        for element in page.tree.root().descendants().filter_map(|node| node.value().as_element()) {
            drawn.add_element(element);
        }
        drawn
    }

    fn add(&mut self, effect: &Effect) {
        let is_white = |colour: Colour| colour.is_like(WHITE);
        let has_colour = effect.paints() && !(effect.ground.is_some_and(is_white) && effect.has_picture != Some(true));
        self.paints |= has_colour || effect.is_edged == Some(true);
        self.displaces |= effect.is_displaced == Some(true);
        self.is_dark |= effect.is_dark == Some(true);
    }

    fn add_element(&mut self, element: &Element) {
        if let Some(style) = element.attr("style") {
            let declared = declared(style);
            for declarations in [declared.usual, declared.important] {
                self.add(&declarations.effect(None, &Looks::default()));
            }
        }
        let says_dark = || element.attr("content").is_some_and(|schemes| schemes.contains("dark"));
        self.is_dark |= element.name() == "meta" && element.attr("name") == Some("color-scheme") && says_dark();
        self.paints |= PICTURES.contains(&element.name()) || element.attr("bgcolor").is_some();
    }

    /// Whether something else than a background of an element around it may be behind white text.
    pub(super) fn may_cover(&self) -> bool {
        self.is_dark || self.paints && self.displaces
    }
}
