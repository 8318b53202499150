//! The rendered form of a quote.

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, TagEnd};

use super::*;
use crate::markdown::JOINER;

/// The lines and cells of Markdown; `None` if a sign of the text formats something.
fn shown(markdown: &str) -> Option<Vec<String>> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut shown = vec![String::new()];
    for event in Parser::new_ext(markdown, options) {
        match event {
            // A joiner is invisible.
            Event::Text(words) => shown.last_mut()?.push_str(&words.replace(JOINER, "")),
            Event::HardBreak | Event::End(TagEnd::Paragraph | TagEnd::TableCell) => shown.push(String::new()),
            Event::Start(_)
            | Event::End(TagEnd::BlockQuote(_) | TagEnd::Table | TagEnd::TableHead | TagEnd::TableRow) => {}
            _ => return None,
        }
    }
    shown.retain(|line| !line.is_empty());
    Some(shown)
}

#[test]
fn a_table_is_shown_as_one_with_its_signs() {
    let text =
        "Zinc *a*\n\n| Drug | Dose |\n| --- | --- |\n| Zinc \\| salt | 1*3 <br> |\n| - 5 | > 5 |\n\n`Not` [so](x)";
    let quote = quoted("zinc dose", text);
    let seen = shown(&quote).expect("nothing in it is formatted");
    assert_eq!(seen, ["Zinc *a*", "Drug", "Dose", "Zinc | salt", "1*3 <br>", "- 5", "> 5", "`Not` [so](x)"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn every_line_is_shown_as_it_is(lines in prop::collection::vec(r"[ab1*_~`<>&;.\\\[\]()!|/:=+ -]{1,12}", 1..6)) {
        let tidied = |line: &String| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = lines.iter().map(tidied).filter(|line| !line.is_empty()).collect();
        let text = format!("zinc\n{}", lines.join("\n"));
        // Rows are rendered as cells.
        prop_assume!(!text.lines().any(crate::retrieval::is_row));
        let parts = vec![Part { page: None, text: text.clone() }];
        let answer = quote("zinc", &found("zinc", &[("Guide", parts)])).text;
        let seen = shown(answer.rsplit_once("\":\n\n").map_or("", |(_, quote)| quote));
        prop_assert_eq!(seen, Some(text.lines().map(str::to_owned).collect::<Vec<_>>()));
    }
}
