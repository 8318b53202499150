//! Roles (ARIA): what an element is to those who do not see the page, whatever its name is.

use scraper::node::Element;

/// The element whose part this one plays, if it says so.
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
