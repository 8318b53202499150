use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser};

use super::*;

/// The visible text of Markdown on one line; `None` if anything in it is formatted.
fn shown(markdown: &str) -> Option<String> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_FOOTNOTES;
    let mut text = String::new();
    let mut started = 0;
    for event in Parser::new_ext(&format!("> {markdown}"), options) {
        match event {
            // A joiner is invisible.
            Event::Text(words) => text.push_str(&words.replace(JOINER, "")),
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
        ("neonates <one week or weight >two kg", "neonates <\u{2060}one week or weight >two kg"),
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
        ("-:", r"\-:"),
    ] {
        assert_eq!(escaped(text), markdown);
        assert_eq!(unescaped(markdown), text);
        assert_eq!(shown(markdown).as_deref(), Some(text));
    }
}

#[test]
fn a_dose_is_heard_as_it_is_written() {
    for (markdown, heard) in [
        ("## Dose\n- **20 mg** `zinc`", "Dose.\n20 milligrams zinc"),
        ("500 mg 1*3*5 days", "500 milligrams 1 times 3 times 5 days"),
        (r"> 500 mg 1\*3\*5 days", "500 milligrams 1 times 3 times 5 days"),
        ("5~10 mg and 20~30 mg", "5 to 10 milligrams and 20 to 30 milligrams"),
        ("|Drug|Dose|Most|\n|---|---|---|\n|Zinc|10|20|", "Drug, Dose, Most.\nZinc, 10, 20"),
        ("1. Wash\n2. Dry<br>well", "1. Wash.\n2. Dry.\nwell"),
        ("neonates <\u{2060}one week or <two kg", "neonates less than one week or less than two kilograms"),
        ("neonates <one week or weight >two kg", "neonates less than one week or weight more than two kilograms"),
        ("150 × 10<sup>9</sup>/L", "150 times 10 to the power 9 per litre"),
        ("H<sub>2</sub>O and B<sub>12</sub>", "H2O and B12"),
        ("5 mg<sup>a</sup> on the 1<sup>st</sup> day", "5 milligrams a on the 1st day"),
        (
            "- SpO2\n  - > 94 %: no oxygen\n  - < 94 %: oxygen",
            "SpO2.\nmore than 94 percent: no oxygen.\nless than 94 percent: oxygen",
        ),
        ("every 5\n1/2 tablet", "every 5 half tablet"),
        (">94 %", "more than 94 percent"),
        ("> 94 patients were seen", "94 patients were seen"),
        ("- [ ] Wash\n- [x] Dry", "empty box Wash.\ntick Dry"),
    ] {
        assert_eq!(spoken(markdown, "en"), heard);
    }
}

#[test]
fn what_stands_in_a_block_of_html_is_heard() {
    for (markdown, heard) in [
        (
            "Give 5 mg.\n\n<p>Never give >10 mg to children.</p>",
            "Give 5 milligrams.\nNever give more than 10 milligrams to children.",
        ),
        (
            "<table>\n<tr><th>Who</th><th>Dose</th></tr>\n<tr><td>Adult</td><td>500 mg</td></tr><tr><td>Child</td><td></td></tr></table>\n\nDone.",
            "Who, Dose.\nAdult, 500 milligrams.\nChild, blank.\nDone.",
        ),
        ("<div>Never give aspirin.</div>\nTake rest.", "Never give aspirin.\nTake rest."),
        ("- a\n- <p>Never 8 mg</p>", "a.\nNever 8 milligrams"),
        (
            "<details><summary>Warning</summary>\nNot <del>10</del> 5&nbsp;mg, 10<sup>9</sup> &lt; x &#8805; y</details>",
            "Warning.\nNot 5 milligrams, 10 to the power 9 less than x greater than or equal to y",
        ),
        (
            "<h2>Dose</h2>\n<ul>\n<li>5 mg</li>\n<li>ALT <\u{2060}ULN, A&B, 5 &x; 6</li></ul>",
            "Dose.\n5 milligrams.\nALT less than ULN, A and B, 5 and x; 6",
        ),
        (
            "5∼10 mg and 20∼30 mg, 15∗weight∗3 mg",
            "5 to 10 milligrams and 20 to 30 milligrams, 15 times weight times 3 milligrams",
        ),
    ] {
        assert_eq!(spoken(markdown, "en"), heard);
    }
}

#[test]
fn a_dose_is_heard_in_its_column_where_a_cell_before_it_is_empty() {
    for (markdown, heard) in [
        ("|Drug|Child|Adult|\n|---|---|---|\n|Zinc||20 mg|", "Drug, Child, Adult.\nZinc, blank, 20 milligrams"),
        (
            "|Drug|Child|Adult|\n|---|---|---|\n|Zinc|-|20|\n|Iron|10|–|",
            "Drug, Child, Adult.\nZinc, dash, 20.\nIron, 10, dash",
        ),
        ("|Drug|Child|Adult|\n|---|---|---|\n|Zinc|~~10~~|20|", "Drug, Child, Adult.\nZinc, blank, 20"),
        ("|  |  |\n|---|---|\n|Zinc|10|", "Zinc, 10"),
    ] {
        assert_eq!(spoken(markdown, "en"), heard);
    }
    assert_eq!(spoken("|Zinc|Iron|\n|---|---|\n||5|", "hi"), "Zinc, Iron.\nखाली, 5");
}

#[test]
fn withdrawn_text_addresses_and_references_are_not_heard() {
    for (markdown, heard) in [
        ("Give ~~10 mg~~ 5 mg.", "Give 5 milligrams."),
        ("Give <del>10 mg</del> 5 mg.", "Give 5 milligrams."),
        ("Give <s>10 mg.\n\nGive 5 mg.", "Give.\nGive 5 milligrams."),
        ("5~~10 mg and 20~~30 mg", "5 to 10 milligrams and 20 to 30 milligrams"),
        ("See [the guide](https://example.org/a?b=c).", "See the guide."),
        ("Rest.[[1]](https://example.org/a) Drink.", "Rest. Drink."),
        ("Rest [1](https://example.org/a).", "Rest."),
        ("Read https://example.org/5-10?x=<9.", "Read."),
        ("Read <https://example.org/a> now.", "Read now."),
        ("Rest.[1] Drink[2, 3].", "Rest. Drink."),
        ("Rest[^1].\n\n[^1]: Never below <5 kg", "Rest.\nNever below less than 5 kilograms"),
        (r"units \[5](10)", "units [5](10)"),
        ("Give units [5].", "Give units [5]."),
    ] {
        assert_eq!(spoken(markdown, "en"), heard, "{markdown}");
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
