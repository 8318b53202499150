//! Roles (ARIA), which tell screen readers the meaning of an element whatever its name is.

use scraper::node::Element;

/// The element whose role this one has, if it declares one.
pub(super) fn acts_as(element: &Element) -> &str {
    match element.attr("role").map(str::trim) {
        Some("table" | "grid" | "treegrid") => "table",
        Some("rowgroup") if element.name() == "div" => "tbody",
        Some("row") => "tr",
        Some("cell" | "gridcell") => "td",
        Some("columnheader" | "rowheader") => "th",
        _ => element.name(),
    }
}
