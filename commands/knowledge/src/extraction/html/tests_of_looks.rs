//! Text whose meaning depends on its look: raised by style, in boxes beside each other, behind buttons, as pictures.

use super::{
    NoteKind, Notes,
    tests::{read, text},
};

#[test]
fn a_struck_or_invisible_cell_does_not_move_the_doses_behind_it() {
    let head = "<tr><th>Drug<th>Old dose<th>New dose<th>Route</tr>";
    let expected = "| Drug | Old dose | New dose | Route |\n| --- | --- | --- | --- |\n| Zinc |  | 20 mg | oral |";
    for (cell, kind) in [
        ("<td style='text-decoration:line-through'>60 mg", NoteKind::StruckLeftOut),
        ("<td style='visibility:hidden'>60 mg", NoteKind::HiddenLeftOut),
        ("<td><s>60 mg</s>", NoteKind::StruckLeftOut),
    ] {
        let page = format!("<table>{head}<tr><td>Zinc{cell}<td>20 mg<td>oral</tr></table>");
        assert_eq!(read(&page), (expected.to_owned(), vec![kind]), "{cell}");
    }
    // `display: none` removes a cell from its row, other than `visibility: hidden`.
    let gone = "<table><tr><th>Drug<th style=display:none>Id<th>Dose</tr><tr><td>Zinc<td style=display:none>7<td>20 mg</table>";
    assert_eq!(text(gone), "| Drug | Dose |\n| --- | --- |\n| Zinc | 20 mg |");
}

#[test]
fn what_is_struck_by_a_rule_for_something_within_is_left_out() {
    for page in [
        "<style>.Old td { text-decoration: line-through }</style><table><tr><td>Zinc<td>5 mg</tr><tr class=Old><td>OLD<td>50 mg</table>",
        "<p>Zinc 5 mg <span class='text-sm line-through'>OLD 50 mg</span></p>",
        "<style>p span.was.x{text-decoration:line-through}</style><p>Zinc 5 mg <span class='x was'>OLD 50 mg</span></p>",
        "<style>#b > .c i{text-decoration:line-through}</style><div id=b><p class=c>Zinc 5 mg <i>OLD</i></div>",
    ] {
        let (text, notes) = read(page);
        assert!(text.contains("Zinc") && text.contains("5 mg") && !text.contains("OLD"), "{text}");
        assert_eq!(notes, [NoteKind::StruckLeftOut], "{page}");
    }
}

#[test]
fn digits_raised_by_style_are_no_digits_of_the_number() {
    for (page, expected) in [
        ("10<span style='vertical-align:super'>9</span>/L", "10⁹/L"),
        ("<style>.c3{font-size:60%;vertical-align:super}</style>10<span class=c3>-3</span> mol", "10⁻³ mol"),
        ("SpO<span style='vertical-align: sub'>2</span>", "SpO₂"),
        ("5 mg<span style='vertical-align:super'><a href='#ftnt1'>[1]</a></span> daily", "5 mg [1] daily"),
        ("10<span class=superscript>9</span>/L", "10⁹/L"),
        ("10<sup style='vertical-align:super'>9</sup>", "10⁹"),
        ("<style>.s{vertical-align:super}</style>10<b class=s style='vertical-align:baseline'>9</b>", "109"),
    ] {
        assert_eq!(text(&format!("<p>{page}</p>")), expected);
    }
}

#[test]
fn what_the_style_sheet_of_a_book_strikes_is_left_out() {
    let mut notes = Notes::default();
    let page = "<p><span class=c7>OLD 50 mg</span> 5 mg<i class=up>1</i></p>";
    let style = ".c7 { text-decoration: line-through }\n.up { vertical-align: super }";
    let text = super::text_in_style(page, style, &mut notes).expect("it is not too complex");
    assert_eq!((text.as_str(), notes.finished()[0].kind), ("5 mg¹", NoteKind::StruckLeftOut));
}

#[test]
fn the_mark_of_a_note_is_no_digit_of_the_number_before_it() {
    for mark in ["<a href='#fn1' epub:type='noteref'>1</a>", "<a href='#fn1' role=doc-noteref>[1]</a>"] {
        assert_eq!(text(&format!("<p>at most 200{mark} mg</p>")), "at most 200 [1] mg");
    }
    assert_eq!(text("<p>200<sup><a href='#fn1' role=doc-noteref>1</a></sup> mg"), "200 [1] mg");
}

#[test]
fn micrograms_typed_in_a_symbol_font_do_not_become_milligrams() {
    for page in [
        "5 <font face=Symbol>m</font>g if <font face='Symbol'>&#179;</font> 5",
        "5 <span style='font-family:Symbol;mso-char-type:symbol'><span style='mso-char-type:symbol'>m</span></span>g if \
            <span style='font:10pt Symbol'>&#xF0B3;</span> 5",
        "<style>.s{font-family:\"Symbol\",serif}</style>5 <i class=s>m</i>g if <i class=s>³<b style='font-family:Arial'> 5</b></i>",
    ] {
        assert_eq!(read(&format!("<p>{page}</p>")), ("5 µg if ≥ 5".to_owned(), vec![NoteKind::LegacyFontConverted]));
    }
    assert_eq!(read("<p>5 &#xF06D;g").1, [NoteKind::UnknownSymbols]);
    assert_eq!(text("<p>5 &#xF06D;g"), "5 \u{fffd}g");
}

#[test]
fn a_name_and_a_dose_in_boxes_beside_each_other_do_not_become_one_word() {
    for page in [
        "<style>.row{display:flex}</style><div class=row><span>Vitamin B1</span><span>2 mg</span></div>",
        "<style>ul.doses li{display:grid}</style><ul class=doses><li><b>Vitamin B1</b><i>2 mg</i></ul>",
        "<label>Vitamin B1</label><output>2 mg</output>",
        "<p><span style='display:block'>Vitamin B1</span><span style='display:block'>2 mg</span></p>",
        "<div style='display:table-row'><span style='display:table-cell'>Vitamin B1</span><span style='display:table-cell'>2 mg</span></div>",
    ] {
        let text = text(page);
        let words: Vec<&str> = text.trim_start_matches("- ").split_whitespace().collect();
        assert_eq!(words, ["Vitamin", "B1", "2", "mg"], "{page}");
    }
    assert_eq!(text("<p>10<span style='display:inline-block'>5</span> mg"), "105 mg");
}

#[test]
fn a_dose_behind_a_button_or_a_tab_has_its_name() {
    let accordion = "<h2><button class=accordion aria-expanded=false>Amoxicillin</button></h2><div>40 mg</div>\
        <button data-toggle=collapse>Zinc</button><div>20 mg</div><button>Print</button><h3>Iron <button>Copy</button></h3>";
    assert_eq!(text(accordion), "## Amoxicillin\n\n40 mg\n\nZinc\n\n20 mg\n\n### Iron");
    for tabs in [
        "<nav><button id=t1 role=tab aria-controls=p1>Adult</button><button id=t2 role=tab>Child</button></nav>\
            <div id=p1 role=tabpanel>1 g</div><div role=tabpanel aria-labelledby=t2 hidden>250 mg</div>",
        "<nav><a data-toggle=tab href='#p1'>Adult</a><a data-bs-toggle=pill data-bs-target='#p2'>Child</a></nav>\
            <div id=p1>1 g</div><div id=p2>250 mg</div>",
    ] {
        assert_eq!(text(tabs), "Adult\n\n1 g\n\nChild\n\n250 mg", "{tabs}");
    }
}

#[test]
fn a_dose_that_a_button_shows_is_not_hidden() {
    let page = |id: &str| {
        format!(
            "<button aria-expanded=false aria-controls=p>Zinc</button><div id={id} style='display:none'>20 mg</div>"
        )
    };
    assert_eq!(read(&page("p")), ("Zinc\n\n20 mg".to_owned(), vec![]));
    assert_eq!(read(&page("q")), ("Zinc".to_owned(), vec![NoteKind::HiddenLeftOut]));
}

#[test]
fn a_heading_with_boxes_in_it_is_a_heading() {
    for heading in ["<h2><div>Zinc</div><div>oral</div></h2>", "<h2><p>Zinc</p>oral</h2>", "<h2>Zinc<br>oral</h2>"] {
        assert_eq!(text(&format!("{heading}20 mg")), "## Zinc oral\n\n20 mg");
    }
    assert_eq!(text("<h1>Zinc<p>20 mg<ul><li>daily</ul>"), "# Zinc\n\n20 mg\n- daily");
    assert_eq!(text("<ol><li><p>Zinc</p><p>20 mg</p><li><p>Iron</p></ol>"), "1. Zinc\n\n20 mg\n2. Iron");
}

#[test]
fn what_begins_a_line_in_an_item_of_a_list_does() {
    for (item, expected) in [
        (
            "<table><tr><th>Drug<th>Dose<tr><td>Zinc<td>5 mg</table>",
            "-\n\n| Drug | Dose |\n| --- | --- |\n| Zinc | 5 mg |",
        ),
        ("<h3>Zinc</h3>5 mg", "-\n\n### Zinc\n\n5 mg"),
        ("<ul><li>Zinc</ul>", "-\n  - Zinc"),
    ] {
        assert_eq!(text(&format!("<ul><li>{item}</ul>")), expected);
    }
}

#[test]
fn a_sign_that_is_a_picture_is_read() {
    for (page, expected) in [
        ("if age <img src=ge.gif alt='≥'> 5 years", "if age ≥ 5 years"),
        ("Safe<img src=x.svg alt=Yes>", "Safe Yes"),
        ("<svg aria-label='Do not use'><path></svg>", "Do not use"),
        ("Logo<img src=x.png alt=''>", "Logo"),
    ] {
        assert_eq!(read(&format!("<p>{page}</p>")), (expected.to_owned(), vec![]));
    }
    for page in ["Dose <img src=x.png>", "Dose <img src=x.png alt=image001.png>"] {
        assert_eq!(read(page), ("Dose".to_owned(), vec![NoteKind::ObjectsLeftOut]));
    }
}

#[test]
fn a_formula_that_is_laid_out_beside_its_text_is_read_once() {
    let formula = "<math><msup><mn>10</mn><mn>9</mn></msup></math>";
    for page in [
        format!("<span>{formula}</span><span aria-hidden=true><b>10</b><b>9</b></span>"),
        format!("<span style=display:none>{formula}</span><img aria-hidden=true alt='{{10^{{9}}}}'>"),
    ] {
        assert_eq!(read(&format!("<p>{page} per litre")), ("10⁹ per litre".to_owned(), vec![NoteKind::FormulasAsText]));
    }
}

#[test]
fn a_table_made_of_boxes_with_roles_is_a_table() {
    let page = "<div role=table><div role=rowgroup><div role=row><span role=columnheader>Drug</span><span role=columnheader>Child\
        </span><span role=columnheader>Adult</span></div></div><div role=row><b role=rowheader>Zinc</b><span role=cell></span>\
        <span role=cell>20 mg</span></div></div>";
    assert_eq!(text(page), "| Drug | Child | Adult |\n| --- | --- | --- |\n| Zinc |  | 20 mg |");
}

#[test]
fn a_page_beside_its_menu_is_no_table() {
    let page = "<table><tr><td>Menu<td><h2>Zinc</h2><p>20 mg<p>daily</table>";
    assert_eq!(text(page), "Menu\n\n## Zinc\n\n20 mg\n\ndaily");
}

#[test]
fn a_head_that_comes_later_is_the_head() {
    let page = "<table><tbody><tr><td>Zinc<td>10 mg</tbody><thead><tr><th>Drug<th>Dose</thead><tbody><tr><td>Iron<td>60 mg</table>";
    assert_eq!(text(page), "| Drug | Dose |\n| --- | --- |\n| Zinc | 10 mg |\n| Iron | 60 mg |");
}

#[test]
fn a_list_in_a_cell_has_no_signs_that_look_like_minus() {
    let page = "<table><tr><th>Drug<th>Dose</tr><tr><td>Zinc<td><ul><li>5 mg<li>10 mg</ul></table>";
    assert_eq!(text(page), "| Drug | Dose |\n| --- | --- |\n| Zinc | • 5 mg • 10 mg |");
}

#[test]
fn a_page_that_is_xml_is_not_lost_in_an_empty_title() {
    let page = "<?xml version='1.0'?><html><head><title/><script src='a.js'/></head><body><p>Zinc <a id='p'/>10<sup/> mg<br/><s/>daily\
        </p><table><tr><td>A</td><td/><td>5 mg &lt; 6/></td></tr></table></body></html>";
    assert_eq!(read(page), ("Zinc 10 mg\ndaily\n\n| A |  | 5 mg < 6/> |\n| --- | --- | --- |".to_owned(), vec![]));
}

#[test]
fn a_small_page_does_not_become_a_large_text() {
    let rule = format!("<style>b::before{{content:'{}'}}</style>", "x".repeat(10_000));
    assert!(text(&(rule + &"<b>y</b>".repeat(10_000))).len() < 1_000_000);
    let tab = format!("<a role=tab aria-controls=p>{}</a>", "x".repeat(10_000));
    assert!(text(&(tab + &"<p id=p>y</p>".repeat(10_000))).len() < 1_000_000);
}
