//! The visible text of pages.

use super::{NoteKind, Notes};

pub(super) fn read(page: &str) -> (String, Vec<NoteKind>) {
    let mut notes = Notes::default();
    let text = super::text(page, &mut notes).expect("it is not too complex");
    (text, notes.finished().into_iter().map(|note| note.kind).collect())
}

pub(super) fn text(page: &str) -> String {
    read(page).0
}

#[test]
fn merged_cells_stand_in_each_row_and_below_each_head() {
    let page = "<table><caption>Doses</caption><tr><th colspan=3>Year 2026</th></tr><tr><th>Drug<th>Route<th>Dose</tr>\
        <tr><td>Saline<td colspan=2>see chart</tr><tr><th colspan=3>Adults</th></tr><tr><td rowspan=0>Iron<td>oral\
        <td>60 mg</tr><tr><td>IV<td>100 mg</tr></table>";
    let expected = "Doses\n\nYear 2026\n| Drug | Route | Dose |\n| --- | --- | --- |\n| Saline | see chart | see chart |\n\
        | Adults · Iron | oral | 60 mg |\n| Adults · Iron | IV | 100 mg |";
    assert_eq!(text(page), expected);
}

#[test]
fn a_head_of_two_rows_and_a_foot_that_comes_first_are_put_in_order() {
    let page = "<table><thead><tr><th rowspan=2>Drug</th><th colspan=2>Dose (mg)</th></tr><tr><th>Child</th><th>Adult</th>\
        </tr></thead><tfoot><tr><td>Salt</td><td>1</td><td>2</td></tr></tfoot><tbody><tr><td>Zinc</td><td>10</td>\
        <td>20</td></tr></tbody></table>";
    let expected =
        "| Drug | Dose (mg) · Child | Dose (mg) · Adult |\n| --- | --- | --- |\n| Zinc | 10 | 20 |\n| Salt | 1 | 2 |";
    assert_eq!(text(page), expected);
}

#[test]
fn a_table_of_names_and_values_has_no_header() {
    let page = "<table><tr><th>Drug<td>Zinc</tr><tr><th>Route<td>oral</tr></table>";
    assert_eq!(text(page), "|  |  |\n| --- | --- |\n| Drug | Zinc |\n| Route | oral |");
}

#[test]
fn a_table_in_a_cell_of_a_table_stays_with_its_row() {
    let inner = "<table><tr><td>child<td>10 mg</tr><tr><td>adult<td>20 mg</tr></table>";
    let page = format!("<table><tr><th>Drug<th>Dose</tr><tr><td>Zinc<td>{inner}</tr></table>");
    assert_eq!(text(&page), "| Drug | Dose |\n| --- | --- |\n| Zinc | child, 10 mg; adult, 20 mg |");
    let layout = format!("<table><tr><td>Menu<td><h1>Zinc</h1>{inner}</tr></table>");
    assert!(text(&layout).starts_with("Menu\n\n# Zinc\n\n|"), "{}", text(&layout));
}

#[test]
fn raised_and_lowered_text_stays_apart_from_numbers() {
    for (page, expected) in [
        ("150 × 10<sup>9</sup>/L", "150 × 10⁹/L"),
        ("CO<sub>2</sub> and Ca<sup>2+</sup>", "CO₂ and Ca²⁺"),
        ("10<sup>-3</sup> mol", "10⁻³ mol"),
        ("5<sup>3.5</sup>", "5^(3.5)"),
        ("the 5<sup>th</sup> day", "the 5th day"),
        ("5 mg<sup><a href=#fn1>1</a></sup> daily", "5 mg [1] daily"),
        ("10<a href='#fn1'><sup>2</sup></a>", "10 [2]"),
        ("10<sup class=reference><a href=#n>[3]</a></sup>.", "10 [3]."),
        ("a<sup></sup>b", "ab"),
    ] {
        assert_eq!(text(&format!("<p>{page}</p>")), expected);
    }
}

#[test]
fn what_is_withdrawn_is_left_out_and_told() {
    for struck in [
        "<del>OLD 50 mg</del>",
        "<s>OLD 50 mg</s>",
        "<strike>OLD 50 mg</strike>",
        "<span style='text-decoration: line-through red'>OLD 50 mg</span>",
        "<style>.old { color: red; text-decoration: line-through }</style><span class='x old'>OLD 50 mg</span>",
    ] {
        assert_eq!(
            read(&format!("<p>{struck} <ins>5 mg</ins></p>")),
            ("5 mg".to_owned(), vec![NoteKind::StruckLeftOut])
        );
    }
    assert_eq!(read("<style>s{text-decoration:none}</style><s>5 mg</s>"), ("5 mg".to_owned(), vec![]));
}

#[test]
fn what_is_hidden_is_left_out_and_told() {
    for hidden in [
        "<div hidden>OLD</div>",
        "<div style='DISPLAY : none !important'>OLD</div>",
        "<span style=visibility:hidden>OLD</span>",
        "<style>/* a{} */ p.x, #old {display:none}</style><div id=old>OLD</div>",
        "<style>@media print{p{display:none}} .old{display:none}</style><b class=Old>OLD</b>",
    ] {
        assert_eq!(read(&format!("{hidden}<p>NEW")), ("NEW".to_owned(), vec![NoteKind::HiddenLeftOut]), "{hidden}");
    }
    for shown in [
        "<style>.tab{display:none} .tab.open{display:block}</style><div class=tab>NEW</div>",
        "<style>@media print{.x{display:none}}</style><div class=x>NEW</div>",
        "<style>div{display:none}</style><div style=display:block>NEW</div>",
        "<span aria-hidden=true>NEW</span><template>OLD</template>",
        "<details>NEW</details><div hidden> - </div>",
    ] {
        assert_eq!(read(shown), ("NEW".to_owned(), vec![]), "{shown}");
    }
}

#[test]
fn lists_are_numbered_as_the_page_shows_them() {
    for (list, expected) in [
        ("<ol start=3><li>a<li>b</ol>", "3. a\n4. b"),
        ("<ol><li>a<li value=7>b<li>c</ol>", "1. a\n7. b\n8. c"),
        ("<ol reversed><li>a<li>b</ol>", "2. a\n1. b"),
        ("<ol type=a start=26><li>a<li>b</ol>", "z. a\naa. b"),
        ("<ol style='list-style-type:upper-roman' start=4><li>a</ol>", "IV. a"),
        ("<ol start=-1><li>a<li>b<li>c</ol>", "-1. a\n0. b\n1. c"),
        ("<ul><li><input type=checkbox checked>a<li><input type=checkbox>b</ul>", "- ☑ a\n- ☐ b"),
    ] {
        assert_eq!(text(list), expected);
    }
}

#[test]
fn formulas_are_written_on_a_line() {
    for (formula, expected) in [
        ("<mi>BMI</mi><mo>=</mo><mfrac><mi>w</mi><msup><mi>h</mi><mn>2</mn></msup></mfrac>", "BMI = w/h²"),
        ("<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></mfrac>", "(a + b)/2"),
        ("<msqrt><mfrac><mrow><mi>h</mi><mo>×</mo><mi>w</mi></mrow><mn>3600</mn></mfrac></msqrt>", "√((h × w)/3600)"),
        ("<msup><mrow><mo>(</mo><mn>1</mn><mo>+</mo><mi>r</mi><mo>)</mo></mrow><mi>n</mi></msup>", "(1 + r)ⁿ"),
        ("<msub><mi>C</mi><mi>max</mi></msub><mo>&lt;</mo><mn>5</mn>", "Cₘₐₓ < 5"),
        (
            "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover><msub><mi>x</mi><mi>i</mi></msub>",
            "∑_(i = 1)^(n) xᵢ",
        ),
        ("<mo>−</mo><mn>5</mn>", "−5"),
        ("<mn>2</mn><mo>\u{2062}</mo><mn>3</mn>", "2 × 3"),
        (
            "<semantics><mrow><mi>x</mi></mrow><annotation encoding='application/x-tex'>\\x</annotation></semantics>",
            "x",
        ),
    ] {
        let page = format!("<p>Formula: <math><mrow>{formula}</mrow></math>.</p>");
        assert_eq!(read(&page), (format!("Formula: {expected}."), vec![NoteKind::FormulasAsText]));
    }
    assert_eq!(text("<math alttext='w/h^2'></math>"), "w/h^2");
}

#[test]
fn fonts_of_before_unicode_are_told() {
    for page in ["<font face='ML-TTKarthika'>tUmkv</font>", "<p style=\"font-family: 'Kruti Dev 010', Arial\">nok</p>"]
    {
        assert_eq!(read(page).1, [NoteKind::LegacyFontUnknown], "{page}");
    }
}
