//! Conditions that give the cells of a sheet other colours.

use quick_xml::events::Event;

use super::{
    package::{attribute, events},
    places::{MOST_COLUMNS, MOST_ROWS, Range, place},
    styles::Styles,
};
use crate::extraction::Unreadable;

/// Ranges of a sheet with conditional formats beyond which any cell may have one.
const MOST: usize = 10_000;

/// The ranges of a sheet in which a condition gives cells other colours.
pub(super) fn coloured_by_condition(sheet: &str, styles: &Styles) -> Result<Vec<Range>, Unreadable> {
    let mut ranges = Vec::new();
    if !sheet.contains("conditionalFormatting") {
        return Ok(ranges);
    }
    let mut of_rule = String::new();
    for event in events(sheet) {
        let (Event::Start(element) | Event::Empty(element)) = event? else { continue };
        match element.local_name().as_ref() {
            "conditionalFormatting" => of_rule = attribute(&element, "sqref").unwrap_or_default(),
            // A scale of colours has no style.
            "cfRule" if ranges.len() >= MOST => {
                return Ok(vec![Range { first: (1, 1), last: (MOST_ROWS, MOST_COLUMNS) }]);
            }
            "cfRule" => {
                let style = attribute(&element, "dxfId").and_then(|style| style.parse::<usize>().ok());
                if style.is_none_or(|style| styles.colours(style)) {
                    let range =
                        |name: &str| Range::named(name).or_else(|| place(name).map(|at| Range { first: at, last: at }));
                    ranges.extend(of_rule.split_whitespace().filter_map(range));
                }
            }
            _ => {}
        }
    }
    Ok(ranges)
}
