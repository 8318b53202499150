//! The rules of a page's own style sheets, in the order of the cascade.
//!
//! A class, id or attribute that a rule with several parts and of a higher rank shows again is switched by a script or
//! a user (tabs, accordions), so that its text can be seen.

use std::collections::HashMap;

use scraper::{ElementRef, Html};
use selectors::parser::{Component, Selector};

use super::{
    selectors::{Css, Matcher, Place},
    sheets::{Rule, Sheets, declared},
    style::Effect,
};

/// The key of rules for elements of any name.
const ANY: &str = "*";

/// The rules of a page.
pub(super) struct Rules {
    /// The rules by rank: a later one overrides an earlier one.
    ranked: Vec<Rule>,
    /// The places of rules by the `element`, `.class` or `#id` of the element that they are for.
    by_key: HashMap<String, Vec<usize>>,
    matcher: Matcher,
    is_incomplete: bool,
    /// Whether the page has style sheets of its own elsewhere, which are not read.
    pub(super) has_sheets_elsewhere: bool,
}

/// The effect of all style on an element.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub(super) whole: Effect,
    pub(super) before: Effect,
    pub(super) after: Effect,
    /// Whether a rule that may apply hides, strikes or completes it.
    pub(super) is_doubtful: bool,
}

impl Rules {
    /// The rules of a page, preceded by those of a style sheet.
    pub(super) fn of(page: &Html, sheet: &str) -> Self {
        let mut sheets = Sheets::default();
        sheets.read(sheet, "");
        let mut has_sheets_elsewhere = false;
        for node in page.tree.root().descendants() {
            let Some(element) = node.value().as_element() else { continue };
            let is_sheet = |rel: &str| rel.split_whitespace().any(|word| word.eq_ignore_ascii_case("stylesheet"));
            has_sheets_elsewhere |= element.name() == "link" && element.attr("rel").is_some_and(is_sheet);
            if element.name() == "style" {
                let text: String =
                    node.children().filter_map(|child| child.value().as_text()).map(|text| &**text).collect();
                has_sheets_elsewhere |= text.contains("@import");
                sheets.read(&text, element.attr("media").unwrap_or_default());
            }
        }
        // The sheet that a book's chapter refers to is the given one.
        has_sheets_elsewhere &= sheet.is_empty();
        let Sheets { mut rules, is_incomplete, .. } = sheets;
        rules.sort_by_key(|rule| rule.rank);
        let mut switched = HashMap::new();
        for rule in rules.iter().filter(|rule| !is_simple(&rule.selector)) {
            for (way, state) in rule.effect.hidings().into_iter().enumerate() {
                if state == Some(false) {
                    switched.extend(names(&rule.selector).map(|name| ((way, name), rule.rank)));
                }
            }
        }
        let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, rule) in rules.iter_mut().enumerate() {
            for (way, state) in rule.effect.hidings_mut().into_iter().enumerate() {
                let is_overridden = |name| switched.get(&(way, name)).is_some_and(|shown| *shown > rule.rank);
                if *state == Some(true) && names(&rule.selector).any(is_overridden) {
                    *state = None;
                }
            }
            by_key.entry(key(&rule.selector)).or_default().push(at);
        }
        // Only pages that declare a standard tell upper and lower case apart.
        let ignores_case = page.quirks_mode != Html::new_document().quirks_mode;
        Self { ranked: rules, by_key, matcher: Matcher::new(ignores_case), is_incomplete, has_sheets_elsewhere }
    }

    /// Whether some rules of the page are not applied, as there are too many.
    pub(super) fn are_incomplete(&self) -> bool {
        self.is_incomplete || self.matcher.is_exhausted()
    }

    /// The effect of all rules and of the element's own attributes.
    pub(super) fn look(&mut self, node: ElementRef<'_>) -> Look {
        let element = node.value();
        let own = element.attr("style").map(declared).unwrap_or_default();
        let mut look = Look { whole: own.important, ..Look::default() };
        let mut usual = Some(own.usual);
        let mut doubtful = Effect::default();
        for at in self.candidates(node) {
            let rule = &self.ranked[at];
            if !self.matcher.matches(&rule.selector, node) {
                continue;
            }
            if !rule.rank.0
                && let Some(usual) = usual.take()
            {
                look.whole = look.whole.or(&usual);
            }
            let effect = match rule.selector.pseudo_element() {
                Some(Place::Other) => continue,
                Some(_) if !rule.is_certain => {
                    doubtful.content = doubtful.content.or_else(|| rule.effect.content.clone());
                    continue;
                }
                None if !rule.is_certain => &mut doubtful,
                None => &mut look.whole,
                Some(Place::Before) => &mut look.before,
                Some(Place::After) => &mut look.after,
            };
            *effect = std::mem::take(effect).or(&rule.effect);
        }
        look.whole = look.whole.or(&usual.unwrap_or_default()).or(&Effect::of_element(element));
        look.is_doubtful = look.whole.clear == Some(true) && look.whole.moves == Some(true)
            || doubtful.hides() && !look.whole.hides()
            || doubtful.struck == Some(true) && look.whole.struck != Some(true)
            || doubtful.content.is_some_and(|content| content.is_incomplete || content.length(element) > 0);
        look
    }

    /// The rules that may be for an element, those that override others first.
    fn candidates(&self, node: ElementRef<'_>) -> Vec<usize> {
        if self.ranked.is_empty() || self.matcher.is_exhausted() {
            return Vec::new();
        }
        let element = node.value();
        let id = element.id().map(|id| format!("#{}", id.to_ascii_lowercase()));
        let classes = element.classes().map(|class| format!(".{}", class.to_ascii_lowercase()));
        let keys = classes.chain(id).chain([element.name().to_ascii_lowercase(), ANY.to_owned()]);
        let mut found: Vec<usize> = keys.filter_map(|key| self.by_key.get(&key)).flatten().copied().collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        found
    }
}

/// The parts of a selector that say which element it is for.
fn subject(selector: &Selector<Css>) -> impl Iterator<Item = &Component<Css>> {
    let mut parts = selector.iter();
    if selector.has_pseudo_element() {
        parts.by_ref().for_each(drop);
        parts.next_sequence();
    }
    parts
}

/// Whether a selector is one element, class or id, or an element with one of these.
fn is_simple(selector: &Selector<Css>) -> bool {
    let is_element = |part: &Component<Css>| matches!(part, Component::LocalName(_));
    let is_plain = |part: &Component<Css>| matches!(part, Component::Class(_) | Component::ID(_)) || is_element(part);
    let parts: Vec<_> = subject(selector).collect();
    selector.len() == parts.len()
        && parts.iter().all(|part| is_plain(part))
        && (parts.len() == 1 || parts.len() == 2 && parts.iter().any(|part| is_element(part)))
}

/// The classes, ids and attributes of the element that a rule is for.
fn names(selector: &Selector<Css>) -> impl Iterator<Item = String> {
    subject(selector).filter_map(name)
}

fn name(part: &Component<Css>) -> Option<String> {
    match part {
        Component::ID(id) => Some(format!("#{}", id.0.to_ascii_lowercase())),
        Component::Class(class) => Some(format!(".{}", class.0.to_ascii_lowercase())),
        Component::AttributeInNoNamespaceExists { local_name_lower: name, .. }
        | Component::AttributeInNoNamespace { local_name: name, .. } => Some(format!("[{}]", &*name.0)),
        _ => None,
    }
}

/// The key under which a rule is found.
fn key(selector: &Selector<Css>) -> String {
    let rank = |part: &Component<Css>| match part {
        Component::ID(_) => 3,
        Component::Class(_) => 2,
        Component::LocalName(_) => 1,
        _ => 0,
    };
    match subject(selector).max_by_key(|part| rank(part)) {
        Some(part @ (Component::ID(_) | Component::Class(_))) => name(part).unwrap_or_else(|| ANY.to_owned()),
        Some(Component::LocalName(name)) => name.lower_name.0.to_string(),
        _ => ANY.to_owned(),
    }
}
