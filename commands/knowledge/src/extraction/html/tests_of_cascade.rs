//! The order in which rules override others: values that undo others, layers, media, custom properties, states.

use super::{NoteKind, tests::read};

/// The text and the notes of a page that declares a standard, with this style.
fn styled(style: &str, body: &str) -> (String, Vec<NoteKind>) {
    read(&format!("<!doctype html><style>{style}</style>{body}"))
}

#[test]
fn a_value_that_undoes_another_overrides_it() {
    for (rules, page) in [
        ("a{color:#fff} .card a{color:inherit}", "<p class=card><a>5 mg</a>"),
        ("a{color:#fff} .card a{color:unset}", "<p class=card><a>5 mg</a>"),
        ("a{color:#fff} .card a{color:initial}", "<p class=card><a>5 mg</a>"),
        (
            "td{background:#fff} tr{background:#036} tr td{background:transparent;color:#fff}",
            "<table><tr><td>5 mg</table>",
        ),
        ("td{background:#fff} tr{background:#036} tr td{background:none;color:#fff}", "<table><tr><td>5 mg</table>"),
        ("b{font-size:0} p b{font-size:1em}", "<p><b>5 mg</b>"),
        ("b{font-size:0} p b{font:inherit}", "<p><b>5 mg</b>"),
        ("b{visibility:hidden} p b{visibility:inherit}", "<p><b>5 mg</b>"),
    ] {
        assert_eq!(styled(rules, page), ("5 mg".to_owned(), vec![]), "{rules}");
    }
}

#[test]
fn what_shows_itself_again_is_read() {
    let page = "<div class=c><p>5 mg</p> old</div>";
    let rules = ".c{visibility:hidden} .c p{visibility:visible}";
    assert_eq!(styled(rules, page), ("5 mg".to_owned(), vec![NoteKind::HiddenLeftOut]));
    // A line goes through what is on its own lines, and not through boxes in them.
    let page = "<p class=old>50 mg <b>now 5 mg</b>";
    let rules = ".old{text-decoration:line-through} b{display:inline-block}";
    assert_eq!(styled(rules, page), ("now 5 mg".to_owned(), vec![NoteKind::StruckLeftOut]));
    let rules = ".old{text-decoration:line-through} b{text-decoration:none}";
    assert_eq!(styled(rules, page), (String::new(), vec![NoteKind::StruckLeftOut]));
}

#[test]
fn rules_in_layers_give_way_to_those_in_none() {
    for (rules, is_shown) in [
        ("@layer base{#x p{display:none}} p{display:block}", true),
        ("@layer a,b; @layer b{p{display:block}} @layer a{#x p{display:none}}", true),
        ("@layer b{p{display:block}} @layer a{p{display:none}}", false),
        ("@layer a{@layer in{#x p{display:none}} p{display:block}}", true),
        ("@layer a.in{#x p{display:none}} @layer a{p{display:block}}", true),
        ("@layer a{p{display:block!important}} p{display:none!important}", true),
        ("@layer{#x p{display:none}} @layer{p{display:block}}", true),
    ] {
        assert_eq!(styled(rules, "<div id=x><p>5 mg</div>").0 == "5 mg", is_shown, "{rules}");
    }
}

#[test]
fn what_a_wide_screen_shows_is_read_and_what_it_may_show_is_told() {
    for media in
        ["(width >= 48rem)", "(600px <= width)", "(orientation:landscape)", "(min-width:1px) and (hover:hover)"]
    {
        let rules = format!("p{{display:none}} @media {media}{{p{{display:block}}}}");
        assert_eq!(styled(&rules, "<p>5 mg"), ("5 mg".to_owned(), vec![]), "{media}");
    }
    let rules = ".h{display:none} .md{@media (width >= 48rem){display:block}}";
    assert_eq!(styled(rules, "<p class='h md'>5 mg"), ("5 mg".to_owned(), vec![]));
    for rules in [
        "p{display:none} @media (orientation:portrait){p{display:block}}",
        "p{display:none} @container (width > 1px){p{display:block}}",
    ] {
        assert_eq!(styled(rules, "<p>5 mg"), ("5 mg".to_owned(), vec![NoteKind::ValuesUncertain]), "{rules}");
    }
    let rules = "p{display:none!important} @media (orientation:portrait){p{display:block}}";
    assert_eq!(styled(rules, "<p>5 mg"), (String::new(), vec![NoteKind::HiddenLeftOut]));
}

#[test]
fn what_a_chosen_field_shows_is_read_below_the_label_of_the_field() {
    let rules = ".panel{display:none} #a:checked~.a,#c:checked~.c{display:block} input{display:none}";
    let page = "<input type=radio id=a checked><label for=a>Adult</label><input type=radio id=c><label for=c>Child</label>\
        <div class='panel a'>1 g</div><div class='panel c'>250 mg</div><div class=panel>old</div>";
    let expected = "Adult Child\n\n1 g\n\nChild\n\n250 mg".to_owned();
    assert_eq!(styled(rules, page), (expected, vec![NoteKind::HiddenLeftOut]));
}

#[test]
fn values_of_custom_properties_are_looked_up() {
    for (rules, is_shown) in [
        (":root{--d:none} p{display:var(--d)}", false),
        (":root{--c:#fff} p{color:var(--c)}", false),
        (":root{--a:var(--b);--b:#fff} p{color:var(--a)}", false),
        ("p{color:var(--x, #fff)}", false),
        (":root{--c:#fff} #x{--c:#000} p{color:var(--c)}", true),
        (":root{--c:#fff} p{--c:#000;color:var(--c)}", true),
        ("p{color:#fff} p{color:var(--unknown)}", true),
        ("p{color:var(--a)} :root{--a:var(--b);--b:var(--a)}", true),
        ("#x{background-color:rgba(3,3,4,var(--o))} p{color:#fff}", true),
        ("#x{--g:#036;background:var(--g)} p{color:#fff}", true),
    ] {
        assert_eq!(styled(rules, "<div id=x><p>5 mg</div>").0 == "5 mg", is_shown, "{rules}");
    }
}

#[test]
fn properties_and_layers_without_end_are_read_in_time() {
    let begin = std::time::Instant::now();
    let deep = format!("{}<p>5 mg", "<div style='--a:1;color:var(--b)'>".repeat(1_900));
    let many: Vec<_> = (0..20_000).map(|at| format!("@layer l{at}{{p{{color:var(--c{at})}}}}")).collect();
    let doubled: Vec<_> = (0..200).map(|at| format!("--v{at}:var(--v{n}) var(--v{n});", n = at + 1)).collect();
    assert_eq!(read(&deep).0, "5 mg");
    assert_eq!(styled(&many.concat(), "<p>5 mg").0, "5 mg");
    assert_eq!(styled(&format!(":root{{{}}} p{{color:var(--v0)}}", doubled.concat()), "<p>5 mg").0, "5 mg");
    assert!(begin.elapsed() < std::time::Duration::from_mins(1), "{:?}", begin.elapsed());
}
