//! Selectors of style sheets, and whether an element of a page is one that they name.

use std::{cell::Cell, fmt};

use cssparser::{CowRcStr, ParseError, Parser, ToCss};
use scraper::{
    ElementRef,
    selector::{CssLocalName, CssString, Simple},
};
use selectors::{
    Element, OpaqueElement, SelectorImpl,
    attr::{AttrSelectorOperation, CaseSensitivity, NamespaceConstraint},
    bloom::BloomFilter,
    context::{MatchingContext, MatchingForInvalidation, MatchingMode, NeedsSelectorFlags, QuirksMode, SelectorCaches},
    matching::{ElementSelectorFlags, matches_selector},
    parser::{NonTSPseudoClass, PseudoElement, Selector, SelectorParseErrorKind},
};

/// Steps from element to element while selectors are compared with a page; a page that needs more is hostile.
const MOST_STEPS: u32 = 10_000_000;

/// The language of selectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Css;

type Namespace = <Simple as SelectorImpl>::NamespaceUrl;

impl SelectorImpl for Css {
    type ExtraMatchingData<'a> = ();
    type AttrValue = CssString;
    type Identifier = CssLocalName;
    type LocalName = CssLocalName;
    type NamespaceUrl = Namespace;
    type NamespacePrefix = CssLocalName;
    type BorrowedNamespaceUrl = Namespace;
    type BorrowedLocalName = CssLocalName;
    type NonTSPseudoClass = State;
    type PseudoElement = Place;
}

/// A state of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Checked,
    Link,
    /// A state that only a user of the page brings about: the pointer is over the element.
    Used,
    /// Any other state. Every element is taken to be in it, and its rules are not certain.
    Unknown,
}

impl ToCss for State {
    fn to_css<W: fmt::Write>(&self, _: &mut W) -> fmt::Result {
        Ok(())
    }
}

impl NonTSPseudoClass for State {
    fn is_active_or_hover(&self) -> bool {
        false
    }

    fn is_user_action_state(&self) -> bool {
        *self == Self::Used
    }
}

/// The part of an element that a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Before,
    After,
    /// What stands before an item of a list.
    Marker,
    /// A part that has no text of its own: the first line, a scroll bar.
    Other,
}

impl ToCss for Place {
    fn to_css<W: fmt::Write>(&self, _: &mut W) -> fmt::Result {
        Ok(())
    }
}

impl PseudoElement for Place {
    fn is_before_or_after(&self) -> bool {
        matches!(self, Self::Before | Self::After)
    }
}

/// A parser of selectors that notices which kinds of states it has met.
#[derive(Debug, Default)]
pub(super) struct SelectorParser {
    pub(super) has_unknown: Cell<bool>,
    /// Whether it has met a state that a user brings about.
    pub(super) has_state: Cell<bool>,
}

impl SelectorParser {
    fn unknown(&self) -> State {
        self.has_unknown.set(true);
        State::Unknown
    }
}

type Parsed<T> = Result<T, ParseError<SelectorParseErrorKind>>;

impl<'i> selectors::Parser<'i> for SelectorParser {
    type Impl = Css;
    type Error = SelectorParseErrorKind;

    fn parse_nth_child_of(&self) -> bool {
        true
    }

    fn parse_is_and_where(&self) -> bool {
        true
    }

    fn parse_has(&self) -> bool {
        true
    }

    fn parse_parent_selector(&self) -> bool {
        true
    }

    fn parse_non_ts_pseudo_class(&self, name: CowRcStr<'i>) -> Parsed<State> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "checked" => {
                self.has_state.set(true);
                State::Checked
            }
            "link" | "any-link" => State::Link,
            "hover" | "active" | "focus" | "focus-within" | "focus-visible" | "target" | "visited" => {
                self.has_state.set(true);
                State::Used
            }
            _ => self.unknown(),
        })
    }

    fn parse_non_ts_functional_pseudo_class(&self, _: CowRcStr<'i>, input: &mut Parser<'i>, _: bool) -> Parsed<State> {
        while input.next().is_ok() {}
        Ok(self.unknown())
    }

    fn parse_pseudo_element(&self, name: CowRcStr<'i>) -> Parsed<Place> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "before" => Place::Before,
            "after" => Place::After,
            "marker" => Place::Marker,
            _ => Place::Other,
        })
    }

    fn parse_functional_pseudo_element(&self, _: CowRcStr<'i>, input: &mut Parser<'i>) -> Parsed<Place> {
        while input.next().is_ok() {}
        Ok(Place::Other)
    }
}

/// Compares selectors with the elements of one page, in a limited number of steps.
pub(super) struct Matcher {
    caches: SelectorCaches,
    caches_in_use: SelectorCaches,
    mode: QuirksMode,
    left: Cell<u32>,
}

impl Matcher {
    /// A matcher; in pages of before standards, the case of classes and ids makes no difference.
    pub(super) fn new(ignores_case: bool) -> Self {
        let mode = if ignores_case { QuirksMode::Quirks } else { QuirksMode::NoQuirks };
        let (caches, caches_in_use) = (SelectorCaches::default(), SelectorCaches::default());
        Self { caches, caches_in_use, mode, left: Cell::new(MOST_STEPS) }
    }

    /// Whether there were too many steps; nothing matches any more.
    pub(super) fn is_exhausted(&self) -> bool {
        self.left.get() == 0
    }

    pub(super) fn matches(&mut self, selector: &Selector<Css>, element: ElementRef<'_>) -> bool {
        self.matches_in(selector, element, false)
    }

    /// Whether a user of the page can bring about that the selector matches, by a click or the pointer.
    pub(super) fn can_match(&mut self, selector: &Selector<Css>, element: ElementRef<'_>) -> bool {
        self.matches_in(selector, element, true)
    }

    fn matches_in(&mut self, selector: &Selector<Css>, element: ElementRef<'_>, is_in_use: bool) -> bool {
        let candidate = Candidate { element, left: &self.left, is_in_use };
        let of_part = selector.has_pseudo_element();
        let mode = if of_part { MatchingMode::ForStatelessPseudoElement } else { MatchingMode::Normal };
        let (flags, purpose) = (NeedsSelectorFlags::No, MatchingForInvalidation::No);
        let caches = if is_in_use { &mut self.caches_in_use } else { &mut self.caches };
        let mut context = MatchingContext::new(mode, None, caches, self.mode, flags, purpose);
        candidate.step() && matches_selector(selector, 0, None, &candidate, &mut context) && candidate.left.get() > 0
    }
}

/// An element that counts the steps that lead away from it.
#[derive(Debug, Clone)]
struct Candidate<'a> {
    element: ElementRef<'a>,
    left: &'a Cell<u32>,
    /// Whether everything is taken to be chosen and under the pointer.
    is_in_use: bool,
}

impl<'a> Candidate<'a> {
    /// Takes a step; `false` if none is left.
    fn step(&self) -> bool {
        self.left.set(self.left.get().saturating_sub(1));
        self.left.get() > 0
    }

    fn first(&self, nodes: impl Iterator<Item = ego_tree::NodeRef<'a, scraper::Node>>) -> Option<Self> {
        let element = nodes.take_while(|_| self.step()).find_map(ElementRef::wrap)?;
        Some(Self { element, ..*self })
    }
}

impl Element for Candidate<'_> {
    type Impl = Css;

    fn opaque(&self) -> OpaqueElement {
        self.element.opaque()
    }

    fn parent_element(&self) -> Option<Self> {
        self.first(self.element.parent().into_iter())
    }

    fn prev_sibling_element(&self) -> Option<Self> {
        self.first(self.element.prev_siblings())
    }

    fn next_sibling_element(&self) -> Option<Self> {
        self.first(self.element.next_siblings())
    }

    fn first_element_child(&self) -> Option<Self> {
        self.first(self.element.children())
    }

    fn is_html_element_in_html_document(&self) -> bool {
        self.element.is_html_element_in_html_document()
    }

    fn has_local_name(&self, name: &CssLocalName) -> bool {
        self.element.has_local_name(name)
    }

    fn has_namespace(&self, namespace: &Namespace) -> bool {
        self.element.has_namespace(namespace)
    }

    fn is_same_type(&self, other: &Self) -> bool {
        self.element.is_same_type(&other.element)
    }

    fn attr_matches(
        &self,
        namespace: &NamespaceConstraint<&Namespace>,
        name: &CssLocalName,
        operation: &AttrSelectorOperation<&CssString>,
    ) -> bool {
        // A long value takes long to be searched.
        let is_looked_at = self.element.value().attrs().all(|(_, value)| (0..=value.len() / 64).all(|_| self.step()));
        is_looked_at && self.element.attr_matches(namespace, name, operation)
    }

    fn match_non_ts_pseudo_class(&self, state: &State, _: &mut MatchingContext<'_, Css>) -> bool {
        let element = self.element.value();
        let has = |name| element.attr(name).is_some();
        match state {
            State::Checked => {
                let is_chosen = self.is_in_use || has("checked") || has("selected");
                matches!(element.name(), "input" | "option") && is_chosen
            }
            State::Link => matches!(element.name(), "a" | "area") && has("href"),
            State::Used => self.is_in_use,
            State::Unknown => true,
        }
    }

    fn match_pseudo_element(&self, _: &Place, _: &mut MatchingContext<'_, Css>) -> bool {
        false
    }

    fn is_link(&self) -> bool {
        self.element.value().name() == "a" && self.element.value().attr("href").is_some()
    }

    fn has_id(&self, id: &CssLocalName, case: CaseSensitivity) -> bool {
        self.element.has_id(id, case)
    }

    fn has_class(&self, name: &CssLocalName, case: CaseSensitivity) -> bool {
        let mut classes = self.element.value().classes().take_while(|_| self.step());
        classes.any(|class| case.eq(class.as_bytes(), name.0.as_bytes()))
    }

    fn is_empty(&self) -> bool {
        self.element.is_empty()
    }

    fn is_root(&self) -> bool {
        self.element.is_root()
    }

    fn is_pseudo_element(&self) -> bool {
        false
    }

    fn parent_node_is_shadow_root(&self) -> bool {
        false
    }

    fn containing_shadow_host(&self) -> Option<Self> {
        None
    }

    fn is_html_slot_element(&self) -> bool {
        false
    }

    fn has_custom_state(&self, _: &CssLocalName) -> bool {
        false
    }

    fn imported_part(&self, _: &CssLocalName) -> Option<CssLocalName> {
        None
    }

    fn is_part(&self, _: &CssLocalName) -> bool {
        false
    }

    fn apply_selector_flags(&self, _: ElementSelectorFlags) {}

    fn add_element_unique_hashes(&self, _: &mut BloomFilter) -> bool {
        false
    }
}
