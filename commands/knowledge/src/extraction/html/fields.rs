//! The values of form fields, as the page shows them.

use ego_tree::NodeRef;
use scraper::{Node, node::Element};

/// Fields that show no value of the document.
const WITHOUT_VALUE: [&str; 9] = ["hidden", "submit", "button", "reset", "image", "file", "password", "color", "range"];

/// What a field shows.
pub(super) enum Shown<'e> {
    /// Whether a box or a button is chosen.
    Sign(&'static str),
    Value(&'e str),
    Nothing,
}

/// What an `input` shows.
pub(super) fn shown(element: &Element) -> Shown<'_> {
    let kind = element.attr("type").unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        _ if element.name() != "input" => Shown::Nothing,
        "checkbox" | "radio" => Shown::Sign(sign(element.attr("checked").is_some())),
        kind if WITHOUT_VALUE.contains(&kind) => Shown::Nothing,
        _ => element.attr("value").map_or(Shown::Nothing, Shown::Value),
    }
}

pub(super) fn says_anything(element: &Element) -> bool {
    matches!(shown(element), Shown::Value(value) if value.contains(char::is_alphanumeric))
}

fn sign(is_chosen: bool) -> &'static str {
    if is_chosen { "☑" } else { "☐" }
}

/// What a `select` shows, and whether it has other options, which are only seen when it is opened.
pub(super) fn options(select: NodeRef<'_, Node>) -> (String, bool) {
    let attribute = |node: NodeRef<'_, Node>, name: &str| node.value().as_element()?.attr(name).map(str::to_owned);
    let is_option =
        |node: &NodeRef<'_, Node>| node.value().as_element().is_some_and(|element| element.name() == "option");
    let label = |option: NodeRef<'_, Node>| {
        let texts = option.descendants().filter_map(|node| node.value().as_text()).map(|text| &**text);
        let text = texts.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
        attribute(option, "label").filter(|label| !label.trim().is_empty()).unwrap_or(text)
    };
    let options: Vec<(bool, String)> = select
        .descendants()
        .filter(is_option)
        .map(|option| (attribute(option, "selected").is_some(), label(option)))
        .filter(|(_, label)| !label.is_empty())
        .collect();
    let is_open = attribute(select, "multiple").is_some()
        || attribute(select, "size").and_then(|size| size.trim().parse::<u32>().ok()).is_some_and(|size| size > 1);
    if is_open {
        let lines = options.iter().map(|(is_chosen, label)| format!("{} {label}", sign(*is_chosen)));
        return (lines.collect::<Vec<_>>().join(" "), false);
    }
    let chosen = options.iter().rev().find(|(is_chosen, _)| *is_chosen).or(options.first());
    (chosen.map(|(_, label)| label.clone()).unwrap_or_default(), options.len() > 1)
}
