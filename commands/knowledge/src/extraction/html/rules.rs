//! The rules of a page's own style sheets, in the order of the cascade.
//!
//! A class, id or attribute that a rule with several parts and of a higher rank shows again is switched by a script or
//! a user (tabs, accordions), so that its text can be seen.

use std::{borrow::Cow, collections::HashMap, rc::Rc};

use scraper::{ElementRef, Html};
use selectors::parser::{Component, Selector};

use super::{
    page::Drawn,
    selectors::{Css, Matcher, Place, State},
    sheets::{Declarations, Rule, Sheets, declared},
    style::{Effect, HIDINGS},
    variables::{Looks, Scope},
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
    looks: Looks,
    is_incomplete: bool,
    /// Whether something may be behind white text: a picture, or what a style sheet elsewhere draws.
    pub(super) may_cover: bool,
}

/// The effect of all style on an element.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub(super) whole: Effect,
    pub(super) before: Effect,
    pub(super) after: Effect,
    pub(super) marker: Effect,
    /// The custom properties that apply within it.
    pub(super) scope: Option<Rc<Scope>>,
    /// Whether a rule that may apply hides, shows, strikes or completes it.
    pub(super) is_doubtful: bool,
    /// Whether a rule that may apply gives it another colour or ground.
    pub(super) may_be_coloured: bool,
    /// The id of the field that shows it when it is chosen, if it is hidden at first.
    pub(super) opener: Option<String>,
}

/// How a rule applies to an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Applied {
    Surely,
    Perhaps,
    /// After a click.
    InUse,
}

/// Declarations that apply to an element or to a part of it; the number is that of the rule.
type Source = (Rc<Declarations>, Option<Place>, Applied, usize);

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
        rules.sort_by(|one, other| one.rank.cmp(&other.rank));
        let mut switched = HashMap::new();
        for rule in rules.iter().filter(|rule| !is_simple(&rule.selector)) {
            for (way, state) in rule.hidings.into_iter().enumerate() {
                if state == Some(false) {
                    switched.extend(names(&rule.selector).map(|name| ((way, name), rule.rank.clone())));
                }
            }
        }
        let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, rule) in rules.iter_mut().enumerate() {
            for (way, state) in rule.hidings.iter_mut().enumerate() {
                let is_overridden = |name| switched.get(&(way, name)).is_some_and(|shown| *shown > rule.rank);
                if *state == Some(true) && names(&rule.selector).any(is_overridden) {
                    *state = None;
                }
            }
            by_key.entry(key(&rule.selector)).or_default().push(at);
        }
        // Only pages that declare a standard tell upper and lower case apart.
        let ignores_case = page.quirks_mode != Html::new_document().quirks_mode;
        let may_cover =
            has_sheets_elsewhere || Drawn::of(page, rules.iter().map(|rule| &rule.declarations)).may_cover();
        let (matcher, looks) = (Matcher::new(ignores_case), Looks::default());
        Self { ranked: rules, by_key, matcher, looks, is_incomplete, may_cover }
    }

    /// Whether some rules of the page are not applied, as there are too many.
    pub(super) fn are_incomplete(&self) -> bool {
        self.is_incomplete || self.matcher.is_exhausted() || self.looks.are_exhausted()
    }

    /// The effect of all rules and of the element's own attributes, where these custom properties apply around it.
    pub(super) fn look(&mut self, node: ElementRef<'_>, around: Option<&Rc<Scope>>) -> Look {
        let sources = self.sources(node);
        let is_of_element = |source: &&Source| source.1.is_none() && source.2 == Applied::Surely;
        let properties = sources.iter().filter(is_of_element).map(|source| &source.0.properties);
        let properties = properties.filter(|properties| !properties.is_empty()).map(Rc::clone).collect();
        let scope = Scope::within(around.map(Rc::clone), properties);
        let (mut look, mut doubtful) = (Look::default(), Effect::default());
        let mut shown: [Option<Applied>; HIDINGS] = Default::default();
        for (declarations, place, applied, at) in &sources {
            let mut effect = declarations.effect(scope.as_deref(), &self.looks);
            if let Some(rule) = self.ranked.get(*at)
                && effect.hidings() != rule.hidings
                && matches!(effect, Cow::Borrowed(_))
            {
                // What it hides, another rule shows again.
                for (state, of_rule) in effect.to_mut().hidings_mut().into_iter().zip(rule.hidings) {
                    *state = of_rule;
                }
            }
            let part = match (place, applied) {
                (Some(Place::Other), _) | (Some(_), Applied::InUse) => continue,
                (Some(_), Applied::Perhaps) => {
                    doubtful.content = doubtful.content.or_else(|| effect.content.clone());
                    continue;
                }
                (Some(Place::Before), _) => &mut look.before,
                (Some(Place::After), _) => &mut look.after,
                (Some(Place::Marker), _) => &mut look.marker,
                (None, Applied::Surely) => &mut look.whole,
                (None, _) => {
                    for ((seen, state), certain) in shown.iter_mut().zip(effect.hidings()).zip(look.whole.hidings()) {
                        if state == Some(false) && certain.is_none() && seen.is_none() {
                            *seen = Some(*applied);
                            if look.opener.is_none() && *applied == Applied::InUse {
                                look.opener = opener(&self.ranked[*at].selector);
                            }
                        }
                    }
                    if *applied == Applied::InUse {
                        continue;
                    }
                    let recolours = effect.colour.is_some() && look.whole.colour.is_none();
                    look.may_be_coloured |= recolours || effect.paints() && look.whole.ground.is_none();
                    &mut doubtful
                }
            };
            *part = std::mem::take(part).or(&effect);
        }
        look.scope = scope;
        look.whole = std::mem::take(&mut look.whole).or(&Effect::of_element(node.value()));
        let mut is_opened = false;
        for (state, shown) in look.whole.hidings_mut().into_iter().zip(shown) {
            if *state == Some(true)
                && let Some(applied) = shown
            {
                *state = Some(false);
                is_opened |= applied == Applied::InUse;
                look.is_doubtful |= applied == Applied::Perhaps;
            }
        }
        if !is_opened {
            look.opener = None;
        }
        look.is_doubtful |= look.whole.clear == Some(true) && look.whole.moves == Some(true)
            || doubtful.hides() && !look.whole.hides()
            || doubtful.unseen == Some(true) && look.whole.unseen != Some(true)
            || doubtful.struck == Some(true) && look.whole.struck != Some(true)
            || doubtful.content.is_some_and(|content| content.is_incomplete || content.length(node.value()) > 0);
        look
    }

    /// The declarations that apply to an element and to its parts, those that override others first.
    fn sources(&mut self, node: ElementRef<'_>) -> Vec<Source> {
        let own = node.value().attr("style").map(declared).unwrap_or_default();
        let (mut sources, no_rule) = (Vec::new(), usize::MAX);
        let mut usual = Some(own.usual);
        sources.push((Rc::new(own.important), None, Applied::Surely, no_rule));
        for at in self.candidates(node) {
            let rule = &self.ranked[at];
            let applied = if self.matcher.matches(&rule.selector, node) {
                if rule.is_certain { Applied::Surely } else { Applied::Perhaps }
            } else if rule.has_state
                && rule.hidings.contains(&Some(false))
                && self.matcher.can_match(&rule.selector, node)
            {
                Applied::InUse
            } else {
                continue;
            };
            if !rule.rank.0
                && let Some(usual) = usual.take()
            {
                sources.push((Rc::new(usual), None, Applied::Surely, no_rule));
            }
            sources.push((Rc::clone(&rule.declarations), rule.selector.pseudo_element().copied(), applied, at));
        }
        sources.extend(usual.map(|usual| (Rc::new(usual), None, Applied::Surely, no_rule)));
        sources
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

/// The id of the field that a selector requires to be chosen.
fn opener(selector: &Selector<Css>) -> Option<String> {
    let parts: Vec<_> = selector.iter_raw_match_order().collect();
    let compounds = parts.split(|part| part.is_combinator());
    let is_checked = |part: &&Component<Css>| matches!(part, Component::NonTSPseudoClass(State::Checked));
    compounds.filter(|parts| parts.iter().any(is_checked)).find_map(|parts| {
        parts.iter().find_map(|part| match part {
            Component::ID(id) => Some(id.0.to_string()),
            _ => None,
        })
    })
}
