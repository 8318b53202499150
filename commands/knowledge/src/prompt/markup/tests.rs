use crate::markdown::{ELEMENTS, written};
use proptest::prelude::*;

use super::*;

fn shown<'a>(pieces: impl IntoIterator<Item = &'a str>) -> String {
    let mut markup = Markup::default();
    let mut shown: String = pieces.into_iter().map(|piece| markup.push(piece)).collect();
    shown.push_str(&markup.finish());
    shown
}

fn letter_by_letter(text: &str) -> String {
    let letters: Vec<String> = text.chars().map(String::from).collect();
    shown(letters.iter().map(String::as_str))
}

/// `~` stands for the joiner.
#[test]
fn what_is_below_a_limit_is_not_swallowed_as_a_tag() {
    for (text, expected) in [
        ("Stop if ALT <ULN. Never give it when BP >90.", "Stop if ALT <~ULN. Never give it when BP >90."),
        ("<p>ALT <ULN and AST >3x</p>", "<p>ALT <~ULN and AST >3x</p>"),
        ("<br>\nALT <ULN and AST >3x", "<br>\nALT <~ULN and AST >3x"),
        ("<b class=x>a</b>, <b and never >5, <p x=1 y>", "<b>a</b>, <~b and never >5, <~p x=1 y>"),
        ("<style>x</style><iframe src=\"y\">", "<~style>x<~/style><~iframe src=\"y\">"),
        ("a <!-- not --> b <?x?> </ULN>", "a <~!-- not --> b <~?x?> <~/ULN>"),
        ("eGFR <b", "eGFR <~b"),
        ("Heartbeat 5` and ALT <ULN", "Heartbeat 5` and ALT <~ULN"),
        ("``` x ``` then ALT <ULN", "``` x ``` then ALT <~ULN"),
        ("    if alt <ULN", "    if alt <~ULN"),
        ("\\<ULN", "\\<~ULN"),
        ("https://who.int/y<ULN and", "https://who.int/y<~ULN and"),
        ("![x](https://example.org/?q=fever)!", "!~[x](https://example.org/?q=fever)!"),
        ("<p>BP </= 90 and HR >100.</p>, </ 94 %, </5, </", "<p>BP <~/= 90 and HR >100.</p>, <~/ 94 %, <~/5, <~/"),
    ] {
        let expected = expected.replace('~', &JOINER.to_string());
        assert_eq!(shown([text]), expected);
        assert_eq!(letter_by_letter(text), expected);
    }
}

/// `~` stands for the joiner.
#[test]
fn an_address_is_no_tag_that_loads_something() {
    for (text, expected) in [
        (
            "see <https://example.org/a?b> and <HTTP://example.org>",
            "see ~https://example.org/a?b and ~HTTP://example.org",
        ),
        ("(<https://a.org>), <https://b.org>.", "(~https://a.org), ~https://b.org."),
        ("<https://a.org>and [<https://b.org>]", "~https://a.org and [~https://b.org ]"),
        ("<div>\n<https://a.org x=\"y\">5 mg</div>", "<div>\n<~https://a.org x=\"y\">5 mg</div>"),
        ("<p>x <http://a.org/y and never >5 mg</p>", "<p>x <~http://a.org/y and never >5 mg</p>"),
        ("<https://a.org", "<~https://a.org"),
        (
            "[x](<https://a.org/b c>) [y](<https://a.org?d=e>) _<https://b.org>_",
            "[x](<https://a.org/b c>) [y](https://a.org?d=e) _~https://b.org_",
        ),
        ("<div>](<https://a.org style=x>", "<div>](<~https://a.org style=x>"),
        ("!<a href=\"tel:108\">[x](https://e.org)</a>", "!~[x](https://e.org) (tel:108)"),
        ("<<a href='https://a.org'>img src=x>", "<~img src=x>"),
        ("<p><<https://a.org/>style=x>", "<p><~https://a.org/ style=x>"),
        ("<https://a_b/![x](http://e.org)>", "~https://a_b/%21%5Bx%5D(http://e.org)"),
        ("<a href=\"javascript:x()\">y</a>", "<~a href=\"javascript:x()\">y<~/a>"),
        ("<a href=\"https://a.org\" class=x>WHO</a>, <a name=x>b</a>", "~WHO (https://a.org), <~a name=x>b<~/a>"),
    ] {
        let expected = expected.replace('~', &JOINER.to_string());
        assert_eq!(shown([text]), expected);
        assert_eq!(letter_by_letter(text), expected);
    }
    let endless = format!("<https://{}", "a".repeat(10_000));
    assert_eq!(Markup::default().push(&endless).len(), endless.len() + JOINER.len_utf8(), "nobody waits for its end");
}

#[test]
fn a_table_keeps_its_cells_whatever_its_style_is() {
    let table = "<table border=\"1\" class='x'><tr style=\"background:url(http://a.org)\"><td colspan=\"2\" rowspan=3>5</td></tr></table>";
    let expected = "<table><tr><td colspan=\"2\" rowspan=\"3\">5</td></tr></table>";
    let others = "<details open><ol start=\"3\"><li value=x onclick='y()'>a</li></ol></details><td colspan=99999>";
    let odd = "<td nowrap align = \"center\">5</td><tfoot><col width=5><ol reversed>";
    let without_odd = "<td>5</td><tfoot><col><ol>";
    let without = "<details open><ol start=\"3\"><li>a</li></ol></details><td>";
    for (text, expected) in [(table, expected), (others, without), (odd, without_odd)] {
        assert_eq!(shown([text]), expected);
        assert_eq!(letter_by_letter(text), expected);
    }
}

/// `~` stands for the joiner.
#[test]
fn more_than_a_limit_is_no_quotation() {
    for (text, expected) in [
        ("- >94% on air\n- >=94 %: observe", "- ~>94% on air\n- ~>=94 %: observe"),
        ("1. > 40 kg: 500 mg\n2. <= 40 kg", "1. ~> 40 kg: 500 mg\n2. <= 40 kg"),
        ("**Adults**\n>60 kg: 1 g\n>40 kg: 500 mg", "**Adults**\n~>60 kg: 1 g\n~>40 kg: 500 mg"),
        ("1. >38.5 °C: paracetamol\n   >40 °C: refer", "1. ~>38.5 °C: paracetamol\n   ~>40 °C: refer"),
        ("Age | Dose\n--|--\n>5 | <ULN", "Age | Dose\n--|--\n~>5 | <~ULN"),
        ("Target:\n> 94 % on air", "Target:\n~> 94 % on air"),
        (">ULN: stop\n- > ULN: stop", "~>ULN: stop\n- ~> ULN: stop"),
        ("> Target:\n> >94 %\n> > 94 %", "> Target:\n> ~>94 %\n> ~> 94 %"),
        ("* >५ किग्रा\n+ >.5 mg", "* ~>५ किग्रा\n+ ~>.5 mg"),
        ("> = 94", "~> = 94"),
        ("- > +2 SD\n- >-3 SD\n- > **94 %**\n- >\u{202f}94", "- ~> +2 SD\n- ~>-3 SD\n- ~> **94 %**\n- ~>\u{202f}94"),
        ("a\n>**38.5 °C**\n> 94%\n>₹50\n>\u{a0}94 %", "a\n~>**38.5 °C**\n~> 94%\n~>₹50\n~>\u{a0}94 %"),
    ] {
        let expected = expected.replace('~', &JOINER.to_string());
        assert_eq!(shown([text]), expected);
        assert_eq!(letter_by_letter(text), expected);
    }
}

#[test]
fn a_quotation_stays_one_and_gains_no_limit() {
    for text in [
        "> 5 mg daily for ten days",
        "The guideline says:\n\n> Zinc is given.\n> 20 mg daily\n>\n> 10 mg below six months",
        "> > A quotation\n> > 5 mg in it",
        "> Zinc is given\nfor ten days:\n> 20 mg daily",
        "Doses:\n> - 5 mg\n> - 10 mg",
        "**Steps**\n> 1. Wash hands\n> 2. Give 5 mg",
        "**Note:**\n> 3 to 5 mL\n\n**Dose**\n> **5 rights** of medication",
        "### Target\n> 94 % on air\n\n---\n> 94 %\n\n```\nx\n```\n> 94 %",
        "| a |\n|---|\n| b |\n> 94 % is enough",
        ">**Note:** 5 mg\n> ",
        "- > ",
        "A -> B, 5 -> 10, x\n-> 5",
        "BP >90\nHR > 100",
    ] {
        assert_eq!(shown([text]), text);
        assert_eq!(letter_by_letter(text), text);
    }
}

#[test]
fn a_range_is_not_struck_and_a_product_is_not_emphasised() {
    for (text, expected) in [
        ("5~10 mg, then 20~30 mg", "5∼10 mg, then 20∼30 mg"),
        ("15*weight*3 mg, 1*3*5 days", "15∗weight∗3 mg, 1∗3∗5 days"),
        (
            "weight*dose*frequency, mild~moderate, moderate~severe",
            "weight∗dose∗frequency, mild∼moderate, moderate∼severe",
        ),
        ("*Day 1*ന് 5*3*2, *a\n\nb*c", "*Day 1*ന് 5∗3∗2, *a\n\nb∗c"),
        (
            "[(140-age)*weight]/(72*SCr), dose*(weight)*60, 2*(5)*3",
            "[(140-age)∗weight]/(72∗SCr), dose∗(weight)∗60, 2∗(5)∗3",
        ),
        ("***Note:** 5 mg*को 5*3, ***both*** 5*3, *(a)*b", "***Note:** 5 mg*को 5∗3, ***both*** 5∗3, *(a)*b"),
        ("www.who.int/a~b*c*d 5~6", "www.who.int/a~b*c*d 5∼6"),
        ("https://a.org/?x=1~150*2*3 5~6", "https://a.org/?x=1~150*2*3 5∼6"),
        ("* item\n* 5*3\n  * x", "* item\n* 5∗3\n  * x"),
        (
            "**5 mg**, ~~5 mg~~10 mg, ~5 mg, 5 * 3, *5* mg, **a** *b*",
            "**5 mg**, ~~5 mg~~10 mg, ~5 mg, 5 * 3, *5* mg, **a** *b*",
        ),
    ] {
        assert_eq!(shown([text]), expected);
        assert_eq!(letter_by_letter(text), expected);
        assert_eq!(written(expected), text);
    }
}

/// `~` stands for the joiner.
#[test]
fn a_dose_behind_a_word_in_brackets_is_no_address_of_a_link() {
    for (text, expected) in [
        ("[Adults]: 500mg\n[^2]: Never 5 mg", "[Adults]~: 500mg\n[^2]~: Never 5 mg"),
        ("[1]: https://example.org\n[2]: <http://a.org>", "[1]~: https://example.org\n[2]~: ~http://a.org"),
        ("[1]:", "[1]~:"),
    ] {
        let expected = expected.replace('~', &JOINER.to_string());
        assert_eq!(shown([text]), expected);
        assert_eq!(letter_by_letter(text), expected);
    }
}

#[test]
fn what_is_no_foreign_tag_stays_as_it_is() {
    for text in [
        "SpO2 <94 %, < 94 %, <",
        "10<sup>9</sup>/L<br>H<SUB>2</SUB>O<br/><br />",
        "| a |\n|---|\n| x<br>y |",
        "നില <൯൪",
    ] {
        assert_eq!(shown([text]), text);
        assert_eq!(letter_by_letter(text), text);
    }
}

#[test]
fn what_is_decided_is_shown_at_once() {
    let mut markup = Markup::default();
    assert_eq!(markup.push("Take rest <"), "Take rest ");
    assert_eq!(markup.push("br"), "");
    assert_eq!(markup.push(">now <AL"), format!("<br>now <{JOINER}AL"));
}

proptest! {
    #[test]
    fn the_cut_into_pieces_changes_nothing_and_no_sign_is_lost(
        text in "([<>/!?\\[\\]()=\"`~*:\\\\\n bx5]|- |<su[bp]>|</?b>|```|<?https?:/?/?){0,24}",
    ) {
        let whole = shown([text.as_str()]);
        prop_assert_eq!(&letter_by_letter(&text), &whole);
        // Addresses lose their angle brackets, and tags their attributes.
        if !text.contains('=') && !text.contains("://") {
            prop_assert_eq!(written(&whole), text);
        }
    }
}

/// Whether a page makes a tag, comment or image of text that is no part of an answer's layout.
fn has_foreign(shown: &str) -> bool {
    let is_foreign = |after: &str| {
        let name = after.strip_prefix('/').unwrap_or(after);
        let name = &name[..name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len())];
        let rest = &after[after.find(name).unwrap_or_default() + name.len()..];
        let begins = after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        let is_known = ELEMENTS.iter().any(|known| known.eq_ignore_ascii_case(name));
        begins && !(is_known && rest.trim_start_matches([' ', '/']).starts_with('>'))
    };
    shown.contains("![") || shown.match_indices('<').any(|(at, _)| is_foreign(&shown[at + 1..]))
}

proptest! {
    #[test]
    fn nothing_is_loaded_however_an_answer_is_put_together(
        text in "(<a href=\"https://a.org\">|<a href='tel:1'>|</a>|<https://a_b/!\\[x\\]\\(http://e\\)>|<https://a.org>|<|>|!|\\[x\\]\\(y\\)|img src=x>|style=x>|<td style=x>|</td>|<!--|/|=| |\n){0,16}",
    ) {
        let whole = shown([text.as_str()]);
        prop_assert!(!has_foreign(&whole), "{} became {}", text, whole);
        prop_assert_eq!(letter_by_letter(&text), whole);
    }
}
