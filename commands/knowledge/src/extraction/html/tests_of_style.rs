//! What the page's own style hides, strikes and writes, and what its form fields show.

use std::time::{Duration, Instant};

use super::{
    NoteKind,
    tests::{read, text},
};

/// The text and the notes of a page that declares a standard, with this style.
fn styled(style: &str, body: &str) -> (String, Vec<NoteKind>) {
    read(&format!("<!doctype html><style>{style}</style>{body}"))
}

#[test]
fn a_sign_that_style_writes_is_read() {
    for (rule, expected) in [
        (".k::before{content:\"≥ \"}", "Age ≥ 5"),
        (".k:before { content: '\\2265\\a0' }", "Age ≥ 5"),
        ("p .k:after{color:red;content:' mg/kg'}", "Age 5 mg/kg"),
        (".k::before{content:'– '}", "Age 5"),
        (".k::before{content:'weight; not age: '}", "Age weight; not age: 5"),
        (".k:hover::before{content:'x'} .k:hover{content:'x'}", "Age 5"),
        (".k::before{content:'x'} p .k::before{content:none}", "Age 5"),
        (".k::before{content:''; text-decoration:line-through; display:none}", "Age 5"),
    ] {
        let page = format!("<style>{rule}</style><p>Age <span class=k>5</span></p>");
        assert_eq!(read(&page), (expected.to_owned(), vec![]), "{rule}");
    }
}

#[test]
fn a_warning_that_style_writes_is_read_however_long_it_is() {
    let warning = styled(".y::before{content:'Contraindicated: '}", "<p class=y>aspirin in children");
    assert_eq!(warning, ("Contraindicated: aspirin in children".to_owned(), vec![]));
    let malayalam = styled(".z::after{content:' കൊടുക്കരുത്'}", "<p class=z>കുട്ടികൾക്ക് ആസ്പിരിൻ");
    assert_eq!(malayalam, ("കുട്ടികൾക്ക് ആസ്പിരിൻ കൊടുക്കരുത്".to_owned(), vec![]));
    let hindi = styled(".h::after{content:' नहीं देना'}", "<p class=h>बच्चों को एस्पिरिन");
    assert_eq!(hindi, ("बच्चों को एस्पिरिन नहीं देना".to_owned(), vec![]));
}

#[test]
fn a_unit_that_style_writes_in_a_column_stands_behind_its_doses() {
    let table = "<table><tr><th>Drug<th>Dose<tr><td>Zinc<td>5<tr><td>Iron<td>6</table>";
    let expected = "| Drug | Dose |\n| --- | --- |\n| Zinc | 5 mg/kg |\n| Iron | 6 mg/kg |";
    for selector in ["td:nth-child(2)::after", "td:first-child+td:after", "td:not(:first-child)::after"] {
        let rule = format!("{selector}{{content:' mg/kg'}}");
        assert_eq!(styled(&rule, table), (expected.to_owned(), vec![]), "{selector}");
    }
}

#[test]
fn a_unit_in_an_attribute_is_read() {
    let page = "<p>Zinc <b class=u data-unit=mg>5</b><p>Iron <b class=u data-unit=µg>6</b><p>Salt <b class=u>7</b>";
    let rule = ".u::after{content:' ' attr(data-unit)}";
    assert_eq!(styled(rule, page), ("Zinc 5 mg\n\nIron 6 µg\n\nSalt 7".to_owned(), vec![]));
}

#[test]
fn what_style_writes_and_cannot_be_read_is_told() {
    for (rule, expected) in [
        (".k::before{content:counter(x) '.'}", NoteKind::ObjectsLeftOut),
        (".k::before{content:url(skull.png)}", NoteKind::ObjectsLeftOut),
        (".k::before{content:'arrow_circle_right_outlined'}", NoteKind::ObjectsLeftOut),
        (".k::after{content:'\\f00c'}", NoteKind::UnknownSymbols),
        (".k::after{content:'OLD';text-decoration:line-through}", NoteKind::StruckLeftOut),
        (".k:weird::after{content:' mg'}", NoteKind::ValuesUncertain),
    ] {
        assert_eq!(styled(rule, "<p>Age <b class=k>5</b>"), ("Age 5".to_owned(), vec![expected]), "{rule}");
    }
}

#[test]
fn what_any_rule_hides_is_left_out_and_told() {
    for rule in [
        ".chart .old{display:none}",
        ".chart > p:nth-child(2){display:none}",
        ".old:not(.new){display:none}",
        ":is(.old){visibility:hidden}",
        "div p + p{display:none}",
        "[data-old]{display:none}",
        "[data-old=yes i]{display:none}",
        ".chart{ & .old{display:none} }",
        ".chart{ .old{display:none} }",
        "@media all{.old{display:none}}",
        "@media screen and (min-width: 30em){.old{display:none}}",
        "@layer a{.old{display:none}}",
        "@supports (display:grid){@media screen{.old{display:none}}}",
        ".old{opacity:0}",
        ".old{font-size:0}",
        ".old{color:transparent}",
        ".old{color:#fff;background:#ffffff}",
        "<!-- p.old{display:none} -->",
        "x{} } .old{display:none}  .old{display:none}",
        ".old{display:none!important} div .old{display:block}",
        ".chart .old{display:block} .old[data-old]{display:none}",
        "/* } */ .old{content:'}';display:/**/none}",
    ] {
        let page = "<div class=chart><p>NEW<p class=old data-old=yes>OLD</div>";
        assert_eq!(styled(rule, page), ("NEW".to_owned(), vec![NoteKind::HiddenLeftOut]), "{rule}");
    }
}

#[test]
fn what_any_rule_strikes_is_left_out_and_told() {
    for rule in [
        "tr:nth-child(3){text-decoration:line-through}",
        "[data-old]{text-decoration:none line-through red}",
        "@media screen{.old{text-decoration:line-through}}",
        "@layer a{@supports (color:red){.old{text-decoration-line:line-through}}}",
        "table .old{text-decoration:none} table tr.old{text-decoration:line-through}",
        "table tr.old{text-decoration:line-through} .old{text-decoration:none}",
    ] {
        let page = "<table><tr><th>Drug<th>Dose<tr><td>Zinc<td>5 mg<tr class=old data-old><td>Zinc<td>50 mg</table>";
        let expected = "| Drug | Dose |\n| --- | --- |\n| Zinc | 5 mg |";
        assert_eq!(styled(rule, page), (expected.to_owned(), vec![NoteKind::StruckLeftOut]), "{rule}");
    }
}

#[test]
fn a_column_that_style_hides_is_left_out() {
    let page = "<table><tr><th>Drug<th>Old<th>New<tr><td>Zinc<td>50 mg<td>5 mg</table>";
    let read = styled("td:nth-child(2),th:nth-child(2){display:none}", page);
    assert_eq!(read, ("| Drug | New |\n| --- | --- |\n| Zinc | 5 mg |".to_owned(), vec![NoteKind::HiddenLeftOut]));
}

#[test]
fn what_style_hides_elsewhere_is_read() {
    for rule in [
        "@media print{.x{display:none}}",
        "@media (max-width:600px){.x{display:none}}",
        "@keyframes f{from{opacity:0}} @font-face{display:none}",
        ".x:hover{display:none}",
        ".X{display:none}",
        ".x::first-letter{font-size:0} .x::-webkit-scrollbar{display:none}",
        ".x{display:none} .x:target{display:block}",
        ".x{opacity:0} .x.in{opacity:1}",
        ".chart .x{display:none} #x{display:block}",
        ".x{display:none} p{display:block !important}",
        ".x{color:white;background:navy} .chart{color:#fff}",
        ".chart{background:url(dark.png)} .x{color:#fff}",
        ".chart{font-size:0;color:transparent} .x{font-size:12pt;color:#000}",
        ".chart{font:400 12px/1.5 Arial} .x{font-size:100%}",
    ] {
        let page = "<div class=chart><p class=x id=x>NEW</p></div>";
        assert_eq!(styled(rule, page), ("NEW".to_owned(), vec![]), "{rule}");
    }
    let sheet = "<style media=print>p{display:none}</style><p>NEW";
    assert_eq!(read(sheet), ("NEW".to_owned(), vec![]));
}

#[test]
fn what_style_may_hide_or_strike_is_read_and_told() {
    for page in [
        "<style>@media (orientation:portrait){.x{display:none}}</style><p class=x>5 mg",
        "<style>@container (width > 1px){.x{text-decoration:line-through}}</style><p class=x>5 mg",
        "<style>.x:weird(a){text-decoration:line-through}</style><p class=x>5 mg",
        "<style>.x{opacity:0;animation:show 1s}</style><p class=x>5 mg",
    ] {
        assert_eq!(read(page), ("5 mg".to_owned(), vec![NoteKind::ValuesUncertain]), "{page}");
    }
    let page = "<link rel=stylesheet href=a.css><p style=color:white>5 mg";
    assert_eq!(read(page), ("5 mg".to_owned(), vec![NoteKind::VisibilityUncertain]));
}

#[test]
fn what_an_element_hides_of_itself_is_left_out_and_told() {
    for hidden in [
        "<span style=opacity:0>15 mg</span>",
        "<span style='font-size:0px'>15 mg</span>",
        "<span style='color:rgba(0, 0, 0, 0)'>15 mg</span>",
        "<span style='color:white'>15 mg</span>",
        "<font color='#FFFFFF'>15 mg</font>",
        "<span style='background-color:#eee'><b style='color:#eeeeee'>15 mg</b></span>",
        "<dialog>15 mg</dialog>",
        "<datalist><option>15 mg</datalist>",
        "<span popover>15 mg</span>",
    ] {
        let expected = ("Give 5 mg".to_owned(), vec![NoteKind::HiddenLeftOut]);
        let (text, notes) = read(&format!("<p>Give {hidden} 5 mg"));
        assert_eq!((text.split_whitespace().collect::<Vec<_>>().join(" "), notes), expected, "{hidden}");
    }
    assert_eq!(read("<dialog open>5 mg</dialog>"), ("5 mg".to_owned(), vec![]));
}

#[test]
fn the_values_of_form_fields_are_read() {
    for (field, expected) in [
        ("<input value='20 mg'>", "Give 20 mg daily"),
        ("<input type=number value=20 readonly> mg", "Give 20 mg daily"),
        ("<input type=hidden value=TOKEN><input type=submit value=Send>", "Give daily"),
        ("<input type=radio checked>500 mg <input type=radio>1 g", "Give ☑ 500 mg ☐ 1 g daily"),
        ("<select><option>30 mg</select>", "Give 30 mg daily"),
        ("<select multiple><option>30 mg<option selected>60 mg</select>", "Give ☐ 30 mg ☑ 60 mg daily"),
        ("<input style=opacity:0 type=checkbox checked>30 mg", "Give ☑ 30 mg daily"),
    ] {
        assert_eq!(read(&format!("<p>Give {field} daily")), (expected.to_owned(), vec![]), "{field}");
    }
    let choice =
        "<table><tr><th>Drug<th>Dose<tr><td>Iron<td><select><option>30 mg<option selected>60 mg</select></table>";
    let expected = "| Drug | Dose |\n| --- | --- |\n| Iron | 60 mg |";
    assert_eq!(read(choice), (expected.to_owned(), vec![NoteKind::HiddenLeftOut]));
    assert_eq!(read("<p hidden><input value='20 mg'>").1, [NoteKind::HiddenLeftOut]);
}

#[test]
fn a_page_whose_rules_take_too_long_is_read_and_told() {
    let begin = Instant::now();
    let rules: Vec<_> = (0..500).map(|at| format!("i ~ b ~ i ~ p:has(u ~ .c{at}){{display:none}}")).collect();
    let (text, notes) = styled(&rules.concat(), &"<i></i><b></b><p>5<u></u>".repeat(5_000));
    assert!(text.starts_with('5') && notes == [NoteKind::ValuesUncertain], "{notes:?}");
    let deep = format!("{}.x{}{{display:none}}", ":not(".repeat(50_000), ")".repeat(50_000));
    let many = "a ".repeat(100_000) + "{display:none}";
    let nested = "a{".repeat(50_000);
    for rules in [deep, many, nested] {
        assert_eq!(styled(&rules, "<p>5 mg").0, "5 mg");
    }
    assert!(begin.elapsed() < Duration::from_mins(1), "{:?}", begin.elapsed());
}

#[test]
fn a_list_of_rules_is_applied_by_importance_then_detail_then_order() {
    for (rules, is_shown) in [
        ("p{display:none} p{display:block}", true),
        ("p.x{display:block} .x{display:none}", true),
        ("#x{display:none} p.x{display:block}", false),
        ("p{display:none !important} #x{display:block}", false),
        ("p.x{display:none} .x{display:block}", false),
    ] {
        assert_eq!(text(&format!("<style>{rules}</style><p class=x id=x>5 mg")) == "5 mg", is_shown, "{rules}");
    }
}
