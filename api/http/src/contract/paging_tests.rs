use super::*;

fn query(text: &str) -> ListQuery {
    let uri = format!("/api/projects?{text}").parse().expect("an address");
    ListQuery::of(&uri)
}

fn paging(text: &str) -> (i64, i64) {
    let Paging { limit, offset } = query(text).paging(DEFAULT_LIMIT, MAX_LIMIT);
    (limit, offset)
}

#[test]
fn a_page_has_ten_rows_and_at_most_thirty() {
    for (text, expected) in [
        ("", (10, 0)),
        ("limit=5&offset=20", (5, 20)),
        ("limit=50", (30, 0)),
        ("limit=0", (10, 0)),
        ("limit=-1&offset=-5", (10, 0)),
        ("limit=ten&offset=x", (10, 0)),
        ("limit=&offset=", (10, 0)),
        ("limit=1&limit=2", (2, 0)),
        ("page=3", (10, 0)),
        ("offset=99999999999999999999999", (10, i64::MAX)),
    ] {
        assert_eq!(paging(text), expected, "{text}");
    }
}

#[test]
fn a_list_without_a_next_page_on_its_screen_has_a_hundred_rows() {
    let limit = |text| query(text).single_page(|_| None).limit;
    assert_eq!(["", "limit=12", "limit=1000", "limit=0"].map(limit), [100, 12, 100, 100]);
}

#[test]
fn bad_percent_encoding_is_tolerated() {
    let query = query("limit=%zz&search=%ff%20a%&x&&=&%=%");
    assert_eq!(query.paging(DEFAULT_LIMIT, MAX_LIMIT).limit, 10);
    assert_eq!(query.search_words(), ["\u{fffd}", "a%"]);
}

#[test]
fn search_words_are_split_at_spaces_and_commas() {
    assert_eq!(query("search=red,%20blue+100%25_x").search_words(), ["red", "blue", "100%_x"]);
    assert!(query("search=").search_words().is_empty());
}

#[test]
fn only_known_names_get_into_the_order() {
    fn column(name: &str) -> Option<&'static str> {
        (name == "title").then_some("title")
    }
    let known = query("ordering=-title").window(column);
    assert_ne!(known, query("").window(column));
    assert_eq!(query("ordering=-title,prompt,%20title;drop").window(column), known);
    assert_eq!(query("ordering=prompt").window(column), query("ordering=").window(column));
}

#[test]
fn only_a_positive_number_is_asked_for() {
    for (text, expected) in [
        ("page=7", Some(7)),
        ("page=%2B7", Some(7)),
        ("page=0", None),
        ("page=-7", None),
        ("page=seven", None),
        ("page=", None),
        ("", None),
        ("page=99999999999999999999", Some(i32::MAX as u32)),
    ] {
        assert_eq!(query(text).positive("page"), expected, "{text}");
    }
}

#[test]
fn a_filter_that_is_no_boolean_is_no_filter() {
    for (text, expected) in [
        ("archived=true", Some(true)),
        ("archived=True", Some(true)),
        ("archived=1", Some(true)),
        ("archived=false", Some(false)),
        ("archived=0", Some(false)),
        ("archived=maybe", None),
        ("archived=", None),
        ("", None),
    ] {
        assert_eq!(query(text).flag("archived"), expected, "{text}");
    }
}
