//! Labels of buttons and tabs that a page shows above their panels: "Adult" above one dose, "Child" above another.

use std::collections::{HashMap, HashSet};

use ego_tree::NodeRef;
use scraper::{Html, Node, node::Element};

/// Attributes by which a tab names its panel.
const PANEL: [&str; 4] = ["aria-controls", "data-bs-target", "data-target", "href"];
/// Bytes of a label, at most.
const LONGEST: usize = 200;
/// Nodes and words of a label that are looked at.
const MOST_NODES: usize = 100;
const HEADINGS: [&str; 8] = ["h1", "h2", "h3", "h4", "h5", "h6", "summary", "dt"];

/// The labels of panels of which a page shows one at a time.
#[derive(Debug, Default)]
pub(super) struct Labels {
    /// The labels of tabs, by the ids of their panels and by their own ids.
    of_tabs: HashMap<String, String>,
    /// The ids of elements that buttons and tabs show and hide.
    controlled: HashSet<String>,
    /// The labels of fields, by the ids of the fields.
    of_fields: HashMap<String, String>,
}

impl Labels {
    pub(super) fn of(page: &Html) -> Self {
        let mut labels = Self::default();
        for node in page.tree.root().descendants() {
            let Some(element) = node.value().as_element() else { continue };
            if element.name() == "label"
                && let Some(field) = element.attr("for")
            {
                let says = Some(inner_text(node)).filter(|says| (1..=LONGEST).contains(&says.len()));
                labels.of_fields.extend(says.map(|says| (field.to_owned(), says)));
            }
            let opens =
                is_tab(element) || element.attr("data-toggle").or(element.attr("data-bs-toggle")) == Some("collapse");
            let targets =
                PANEL.iter().filter(|name| opens || **name == "aria-controls").filter_map(|name| element.attr(name));
            labels.controlled.extend(targets.map(|target| target.trim_start_matches('#').to_owned()));
            let Some(tab) = node.value().as_element().filter(|element| is_tab(element)) else { continue };
            let says = inner_text(node);
            let panel = PANEL.iter().find_map(|name| tab.attr(name)).map(|panel| panel.trim_start_matches('#'));
            for key in panel
                .into_iter()
                .chain(tab.attr("id"))
                .filter(|key| !key.is_empty() && (1..=LONGEST).contains(&says.len()))
            {
                labels.of_tabs.entry(key.to_owned()).or_insert_with(|| says.clone());
            }
        }
        labels
    }

    /// Whether a user of the page can show an element that is hidden at first.
    pub(super) fn can_be_shown(&self, element: &Element) -> bool {
        element.attr("id").is_some_and(|id| self.controlled.contains(id)) || self.of_panel(element).is_some()
    }

    /// The label of the field that shows something when it is chosen.
    pub(super) fn of_field(&self, id: &str) -> Option<&str> {
        self.of_fields.get(id).map(String::as_str)
    }

    /// The label of the tab that shows this panel.
    pub(super) fn of_panel(&self, element: &Element) -> Option<&str> {
        if self.of_tabs.is_empty() || is_tab(element) {
            return None;
        }
        let by = |name: &str| element.attr(name).and_then(|key| self.of_tabs.get(key));
        by("id").or_else(|| by("aria-labelledby")).map(String::as_str)
    }
}

fn is_tab(element: &Element) -> bool {
    let toggles =
        ["data-toggle", "data-bs-toggle"].iter().any(|name| matches!(element.attr(name), Some("tab" | "pill")));
    element.attr("role") == Some("tab") || toggles
}

/// Whether a button is the label of the part that it opens and closes: it is the whole of a heading, or declares that
/// it expands something.
pub(super) fn names(button: NodeRef<'_, Node>) -> bool {
    let Some(element) = button.value().as_element() else { return false };
    let is_heading =
        |node: &NodeRef<'_, Node>| node.value().as_element().is_some_and(|element| HEADINGS.contains(&element.name()));
    let is_all = |heading: NodeRef<'_, Node>| inner_text(heading) == inner_text(button);
    let opens = element.attr("aria-expanded").is_some() && element.attr("aria-haspopup").is_none()
        || ["data-toggle", "data-bs-toggle"].iter().any(|name| element.attr(name) == Some("collapse"));
    !is_tab(element) && (opens || button.ancestors().take(4).find(is_heading).is_some_and(is_all))
}

/// The text of a button, a tab or a heading, of its first [`MOST_NODES`] nodes.
fn inner_text(node: NodeRef<'_, Node>) -> String {
    let texts = node.descendants().take(MOST_NODES).filter_map(|node| node.value().as_text());
    let words = texts.flat_map(|text| text.split_whitespace().take(MOST_NODES).map(str::to_owned).collect::<Vec<_>>());
    words.collect::<Vec<_>>().join(" ")
}
