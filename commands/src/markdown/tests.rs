use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser};

use super::*;

/// What a reader sees of Markdown on one line, if nothing in it is formatted.
fn shown(markdown: &str) -> Option<String> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_FOOTNOTES;
    let mut text = String::new();
    let mut started = 0;
    for event in Parser::new_ext(&format!("> {markdown}"), options) {
        match event {
            Event::Text(words) => text.push_str(&words),
            Event::Start(_) => started += 1,
            Event::End(_) => {}
            _ => return None,
        }
    }
    // The quote and its paragraph.
    (started == 2).then_some(text)
}

#[test]
fn a_dose_is_shown_as_the_document_has_it() {
    for (text, markdown) in [
        ("500 mg 1*3*5 days", r"500 mg 1\*3\*5 days"),
        ("5~10 mg by vein and ketamine is 20~30 mg", r"5\~10 mg by vein and ketamine is 20\~30 mg"),
        ("neonates <one week or weight >two kg", r"neonates \<one week or weight >two kg"),
        ("units [5](10)", r"units \[5](10)"),
        ("20. Higher", r"20\. Higher"),
        ("- 20 degrees", r"\- 20 degrees"),
        ("+ 5", r"\+ 5"),
        ("# 5", r"\# 5"),
        ("5 * 3 mg, <5 kg, -20 degrees, R&D, 2.5 mg", "5 * 3 mg, <5 kg, -20 degrees, R&D, 2.5 mg"),
        ("&lt;5 kg", r"\&lt;5 kg"),
        (r"a\*b", r"a\\\*b"),
        ("_5_ of a_b_c", r"\_5\_ of a_b_c"),
        ("---", r"\---"),
    ] {
        assert_eq!(escaped(text), markdown);
        assert_eq!(unescaped(markdown), text);
        assert_eq!(shown(markdown).as_deref(), Some(text));
    }
}

#[test]
fn a_dose_is_heard_as_it_is_written() {
    for (markdown, heard) in [
        ("## Dose\n- **20 mg** `zinc`", "Dose\n20 mg zinc"),
        ("500 mg 1*3*5 days", "500 mg 1 × 3 × 5 days"),
        (r"> 500 mg 1\*3\*5 days", "500 mg 1*3*5 days"),
        ("5~10 mg and 20~30 mg", "5~10 mg and 20~30 mg"),
        ("|Drug|Dose|Most|\n|---|---|---|\n|Zinc|10|20|", "Drug, Dose, Most\nZinc, 10, 20"),
        ("See [the guide](https://example.org/a?b=c).", "See the guide."),
        ("1. Wash\n2. Dry<br>well", "1. Wash\n2. Dry well"),
        ("neonates <one week or weight >two kg", "neonates <one week or weight >two kg"),
    ] {
        assert_eq!(spoken(markdown), heard);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn every_text_is_shown_and_unescaped_as_it_is(text in r"[ab1*_~`<>&#;.\\\[\]()!|/:=+ -]{1,20}") {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assume!(!text.is_empty());
        prop_assert_eq!(unescaped(&escaped(&text)), text.clone());
        prop_assert_eq!(shown(&escaped(&text)), Some(text));
    }
}
