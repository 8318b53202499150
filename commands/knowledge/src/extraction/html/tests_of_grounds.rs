//! Text in the colour of the page that something else is behind, and what is drawn over or in place of text.

use super::{NoteKind, tests::read};

/// The text and the notes of a page that declares a standard, with this style.
fn styled(style: &str, body: &str) -> (String, Vec<NoteKind>) {
    read(&format!("<!doctype html><style>{style}</style>{body}"))
}

#[test]
fn white_text_on_something_else_than_the_page_is_read_and_told() {
    for (rules, page) in [
        (
            ".x::before{content:'';position:absolute;inset:0;background:#036;z-index:-1} p{color:#fff}",
            "<div class=x><p>5 mg</div>",
        ),
        (".x img{position:absolute} p{color:#fff}", "<div class=x><img alt=''><p>5 mg</div>"),
        (".x{background:#fff} .y{position:absolute;color:#fff}", "<div class=x><img alt=''><p class=y>5 mg</div>"),
        (".d{background:#036} p{color:#fff}", "<table><col class=d><tr><td><p>5 mg</table>"),
        (
            "body{background:#fff} .bar{background:#036} .t{color:#fff;margin-top:-32px}",
            "<div class=bar></div><p class=t>5 mg",
        ),
        ("", "<p style='color:#fff;box-shadow:inset 0 0 0 200px #036'>5 mg"),
        ("", "<p style='color:#fff;text-shadow:0 0 3px #000'>5 mg"),
        ("", "<p style='color:#fff;background:#fff;-webkit-text-stroke:1px #000'>5 mg"),
        ("", "<p style='color:transparent;text-shadow:0 0 0 #000'>5 mg"),
        (":root{color-scheme:dark} p{color:#fff}", "<p>5 mg"),
        ("", "<p style='color:#fff;border-top:30px solid #036'><b style='position:relative;top:-15px'>5 mg</b>"),
        ("", "<svg style='position:absolute'><rect /></svg><p style='position:absolute;color:#fff'>5 mg"),
        (".b{background:#fff url(dark.png);color:#fff}", "<p class=b>5 mg"),
        (".b{background-image:linear-gradient(#036,#024);background-color:#fff;color:#fff}", "<p class=b>5 mg"),
        ("p{color:#fff} @media (prefers-contrast:more){p{color:#000}}", "<p>5 mg"),
    ] {
        let expected = ("5 mg".to_owned(), vec![NoteKind::VisibilityUncertain]);
        assert_eq!(styled(rules, page), expected, "{rules} {page}");
    }
}

#[test]
fn text_that_shows_its_ground_in_the_shape_of_its_letters_is_seen() {
    for rule in [
        ".x{background:linear-gradient(90deg,#036,#609);-webkit-background-clip:text;color:transparent}",
        ".x{background-image:url(a.png);background-clip:text;-webkit-text-fill-color:transparent}",
        ".x{background:currentColor} .x b{color:#fff} .x{color:#036}",
    ] {
        assert_eq!(styled(rule, "<p class=x><b>5 mg</b>"), ("5 mg".to_owned(), vec![]), "{rule}");
    }
}

#[test]
fn what_nobody_can_see_is_left_out_however_it_is_declared() {
    for style in [
        "color:hsl(0 0% 100%)",
        "color:rgb(100% 100% 100%)",
        "color:snow",
        "color:rgba(0,0,0,.01)",
        "color:rgb(255 255 255 / 50%)",
        "color:color-mix(in srgb, #fff, #fff);opacity:.01",
        "filter:opacity(0)",
        "content-visibility:hidden",
        "font-size:.1px",
        "background:#036;color:#003366",
        "-webkit-text-fill-color:transparent",
    ] {
        let page = format!("<p>Give <span style='{style}'>15 mg</span> 5 mg");
        assert_eq!(read(&page), ("Give 5 mg".to_owned(), vec![NoteKind::HiddenLeftOut]), "{style}");
    }
    let page = "<div style=background:#036><p style='background:rgba(255,255,255,.1);color:#fff'>5 mg</div>";
    assert_eq!(read(page), ("5 mg".to_owned(), vec![]));
}

#[test]
fn a_line_that_style_draws_through_a_text_is_told() {
    for rule in [
        ".o::after{content:'';position:absolute;left:0;right:0;top:50%;border-top:2px solid red}",
        ".o::before{content:'';position:absolute;width:100%;top:calc(50% - 1px);height:2px;background:red}",
        ".o{background:linear-gradient(transparent 45%,red 45%,red 55%,transparent 55%)}",
    ] {
        let expected = ("50 mg 5 mg".to_owned(), vec![NoteKind::VisibilityUncertain]);
        assert_eq!(styled(rule, "<p><b class=o>50 mg</b> 5 mg"), expected, "{rule}");
    }
    for rule in [
        ".o::after{content:'';position:absolute;left:0;right:0;bottom:0;height:2px;background:red}",
        ".o::after{content:'';position:absolute;left:100%;width:90px;top:50%;height:2px;background:red}",
        ".o{background:linear-gradient(transparent 60%,yellow 60%)}",
    ] {
        assert_eq!(styled(rule, "<p><b class=o>5 mg</b>"), ("5 mg".to_owned(), vec![]), "{rule}");
    }
}

#[test]
fn the_texts_of_a_drawing_are_read_and_the_drawing_is_told() {
    let page = "<p>See<svg><title>x</title><defs><text>no</text></defs><rect /><text>Zinc</text><text><tspan>5</tspan>\
        <tspan>mg</tspan></text></svg>";
    assert_eq!(read(page), ("See\n\nZinc\n\n5 mg".to_owned(), vec![NoteKind::ObjectsLeftOut]));
    for page in ["<canvas>9 mg</canvas>", "<iframe srcdoc='<p>9 mg'></iframe>", "<object data=x>9 mg</object>"] {
        assert_eq!(read(&format!("<p>See {page}")), ("See".to_owned(), vec![NoteKind::ObjectsLeftOut]), "{page}");
    }
    assert_eq!(read("<p>See <svg><path /></svg><iframe height=0></iframe>"), ("See".to_owned(), vec![]));
}

#[test]
fn a_sign_in_place_of_a_bullet_is_read() {
    for (rules, expected) in [
        ("li::marker{content:'≥ '}", "- ≥ 5 mg"),
        ("ol{list-style-type:'max. '}", "- max. 5 mg"),
        ("ol{list-style:'– '}", "- 5 mg"),
        ("ol{list-style-type:upper-roman}", "I. 5 mg"),
        ("li::marker{content:counter(list-item) ') '}", "1. 5 mg"),
        ("ol{list-style-type:'max. '} li{list-style-type:none}", "1. 5 mg"),
    ] {
        assert_eq!(styled(rules, "<ol><li>5 mg</ol>"), (expected.to_owned(), vec![]), "{rules}");
    }
    for rules in ["@counter-style k{symbols:'≥'} ol{list-style:k}", "li::marker{content:'Step ' counter(list-item)}"]
    {
        assert_eq!(
            styled(rules, "<ol><li>5 mg</ol>"),
            ("1. 5 mg".to_owned(), vec![NoteKind::ObjectsLeftOut]),
            "{rules}"
        );
    }
}

#[test]
fn the_mark_of_what_is_left_out_does_not_go_to_the_next_text() {
    for (hidden, expected) in [
        ("<h2 style=visibility:hidden>Old</h2>", "5 mg"),
        ("<h2 style=font-size:0>Old</h2>", "5 mg"),
        ("<ul><li style=color:#fff>Old</ul>", "5 mg"),
        ("<ol><li>a<li style=color:#fff>Old<li>b</ol>", "1. a\n3. b\n\n5 mg"),
        ("<ul><li><h3><s>Old</s></h3></ul>", "5 mg"),
    ] {
        assert_eq!(read(&format!("{hidden}<p>5 mg")).0, expected, "{hidden}");
    }
    let table = "<table><tr><td style=color:#fff>Old<td>5 mg<tr><td>c<td>d</table>";
    assert_eq!(read(table).0, "|  |  |\n| --- | --- |\n|  | 5 mg |\n| c | d |");
    let row = "<table><tr><th>Drug<th>Dose<tr style=text-decoration:line-through><td>Old<td>9<tr><td>c<td>d</table>";
    assert_eq!(read(row).0, "| Drug | Dose |\n| --- | --- |\n| c | d |");
}
