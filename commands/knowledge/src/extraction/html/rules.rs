//! The rules of a page's own style sheets that hide, strike through, raise and separate text.
//!
//! Rules for one element, class or id are applied. Other rules are applied except where they hide: a class or id that
//! any other rule shows again is switched by a script (tabs, accordions), so that its text can be seen.

use std::collections::{HashMap, HashSet};

use ego_tree::NodeRef;
use scraper::{ElementRef, Html, Node, Selector};

use super::style::{Effect, content};

/// Rules with several parts (descendants, siblings) that are applied.
const MOST_OTHERS: usize = 1_000;

/// The rules of a page.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// By `element`, `.class`, `#id`, `element.class`, `element#id`.
    by_selector: HashMap<String, Effect>,
    /// Classes and ids that some rule shows, with their `.` or `#`.
    shown: HashSet<String>,
    /// Other rules, by the last `element`, `.class` or `#id` of their selectors; a later one overrides an earlier one.
    others: HashMap<String, Vec<(Selector, Effect)>>,
    count: usize,
}

impl Rules {
    /// The rules of a page, preceded by those of a style sheet.
    pub(super) fn of(page: &Html, sheet: &str) -> Self {
        let mut rules = Self::default();
        rules.read(sheet);
        let is_style =
            |node: &NodeRef<'_, Node>| node.value().as_element().is_some_and(|element| element.name() == "style");
        for sheet in page.tree.root().descendants().filter(is_style) {
            sheet.children().filter_map(|child| child.value().as_text()).for_each(|text| rules.read(text));
        }
        rules
    }

    /// Reads the rules of a style sheet.
    fn read(&mut self, sheet: &str) {
        let sheet = without_comments(sheet);
        let mut depth = 0_usize;
        let mut start = 0;
        let mut selectors = "";
        // Rules inside of `@media` and the like may apply or not; none of them is used.
        let mut at_rules = 0_usize;
        for (at, sign) in sheet.match_indices(['{', '}', ';']) {
            let before = &sheet[start..at];
            match sign {
                "{" => {
                    depth += 1;
                    if before.trim_start().starts_with('@') {
                        at_rules += 1;
                    } else {
                        selectors = before;
                    }
                    start = at + 1;
                }
                "}" => {
                    if at_rules == 0 && depth == 1 {
                        self.add(selectors, before);
                    }
                    depth = depth.saturating_sub(1);
                    if depth < at_rules {
                        at_rules = depth;
                    }
                    start = at + 1;
                }
                _ if depth == 0 => start = at + 1,
                _ => {}
            }
        }
    }

    fn add(&mut self, selectors: &str, declarations: &str) {
        let (effect, content) = (Effect::of(declarations), content(declarations));
        if effect == Effect::default() && content.is_none() {
            return;
        }
        for as_written in selectors.split(',').map(str::trim).filter(|selector| !selector.is_empty()) {
            let (as_written, effect) = match generated(as_written, content.as_ref()) {
                None => (as_written, effect.clone()),
                Some((of, written)) => (of, written),
            };
            let selector = as_written.to_ascii_lowercase();
            let selector = selector.as_str();
            let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
            let name = selector.strip_prefix(['.', '#']).unwrap_or(selector);
            let is_simple = !selector.starts_with(['.', '#']) && selector.split(['.', '#']).count() <= 2
                || !name.is_empty() && name.chars().all(is_part);
            if is_simple && selector.chars().all(|c| is_part(c) || matches!(c, '.' | '#')) {
                let entry = self.by_selector.entry(selector.to_owned()).or_default();
                *entry = effect.clone().or(entry);
                continue;
            }
            // The last part of a selector is the element that the rule applies to.
            let last = selector.rsplit([' ', '>', '+', '~']).next().unwrap_or_default();
            self.add_other(last, as_written, &effect);
            if effect.hidden == Some(false) {
                for (at, _) in last.match_indices(['.', '#']) {
                    let end = last[at + 1..].find(|c| !is_part(c)).map_or(last.len(), |end| at + 1 + end);
                    self.shown.insert(last[at..end].to_owned());
                }
            }
        }
    }

    /// Adds a rule whose selector has several parts or classes. It never hides anything.
    fn add_other(&mut self, last: &str, selector: &str, effect: &Effect) {
        let effect = Effect { hidden: None, unseen: None, ..effect.clone() };
        let end = last[1.min(last.len())..].find(['.', '#', ':', '[']).map_or(last.len(), |end| end + 1);
        if effect == Effect::default() || self.count >= MOST_OTHERS || selector.contains(':') {
            return;
        }
        if let Ok(selector) = Selector::parse(selector) {
            self.count += 1;
            self.others.entry(last[..end].to_owned()).or_default().push((selector, effect));
        }
    }

    /// The effect of all rules and of the element's own attributes; the nearest overrides.
    pub(super) fn effect(&self, node: ElementRef<'_>) -> Effect {
        let element = node.value();
        let mut effect = element.attr("style").map(Effect::of).unwrap_or_default();
        if element.attr("hidden").is_some() {
            effect.hidden = effect.hidden.or(Some(true));
        }
        if self.by_selector.is_empty() && self.others.is_empty() {
            return effect.or(&Effect::of_classes(element));
        }
        let name = element.name();
        let ids = element.id().map(|id| format!("#{}", id.to_ascii_lowercase()));
        let classes = element.classes().map(|class| format!(".{}", class.to_ascii_lowercase()));
        let keys: Vec<String> = ids.into_iter().chain(classes).collect();
        if !self.others.is_empty() {
            let keys = keys.iter().map(String::as_str).chain([name, "*"]);
            for (selector, rule) in keys.filter_map(|key| self.others.get(key)).flat_map(|rules| rules.iter().rev()) {
                if selector.matches(&node) {
                    effect = effect.or(rule);
                }
            }
        }
        for key in &keys {
            let found = [format!("{name}{key}"), key.clone()];
            for mut rule in found.iter().filter_map(|selector| self.by_selector.get(selector).cloned()) {
                if self.shown.contains(key) {
                    rule.hidden = None;
                }
                effect = effect.or(&rule);
            }
        }
        effect = self.by_selector.get(name).map_or(effect.clone(), |rule| effect.or(rule));
        effect.or(&Effect::of_classes(element))
    }
}

/// The content of a rule for `::before` or `::after`, and the selector of its element.
fn generated<'s>(selector: &'s str, content: Option<&String>) -> Option<(&'s str, Effect)> {
    let (of, place) = selector.rsplit_once(':')?;
    let (of, content) = (of.trim_end_matches(':'), content.cloned());
    match place.to_ascii_lowercase().as_str() {
        "before" => Some((of, Effect { before: content, ..Effect::default() })),
        "after" => Some((of, Effect { after: content, ..Effect::default() })),
        _ => None,
    }
}

fn without_comments(sheet: &str) -> String {
    let mut text = String::with_capacity(sheet.len());
    let mut rest = sheet;
    while let Some((before, comment)) = rest.split_once("/*") {
        text.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    text + rest
}
