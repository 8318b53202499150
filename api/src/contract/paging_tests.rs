use super::*;

fn query(text: &str) -> ListQuery {
    let uri = format!("/api/projects?{text}").parse().expect("an address");
    ListQuery::of(&uri)
}

fn paging(text: &str) -> (i64, i64) {
    let Paging { limit, offset } = query(text).paging();
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
fn bad_percent_encoding_is_tolerated() {
    let query = query("limit=%zz&search=%ff%20a%&x&&=&%=%");
    assert_eq!(query.paging().limit, 10);
    assert_eq!(query.search_patterns(), ["%\u{fffd}%", "%a\\%%"]);
}

#[test]
fn search_words_are_split_at_spaces_and_commas() {
    assert_eq!(
        query("search=red,%20blue+100%25_x").search_patterns(),
        ["%red%", "%blue%", "%100\\%\\_x%"]
    );
    assert!(query("search=").search_patterns().is_empty());
}

#[test]
fn only_known_names_get_into_the_order() {
    const COLUMNS: &[(&str, &str)] = &[("title", "p.title"), ("is_default", "p.is_default")];
    for (text, expected) in [
        (
            "ordering=-is_default,title",
            "p.is_default DESC, p.title ASC",
        ),
        (
            "ordering=-is_default,%20-title",
            "p.is_default DESC, p.title DESC",
        ),
        ("ordering=title;drop,title", "p.title ASC"),
        ("ordering=prompt", "p.id"),
        ("ordering=", "p.id"),
        ("", "p.id"),
    ] {
        assert_eq!(query(text).order_by(COLUMNS, "p.id"), expected, "{text}");
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

#[test]
fn the_envelope_has_the_contracts_key_order() {
    let page = Page::new(
        vec![1, 2],
        14,
        Paging {
            limit: 10,
            offset: 0,
        },
    );
    assert_eq!(
        serde_json::to_string(&page).expect("serialisable"),
        r#"{"count":14,"has_previous":false,"has_next":true,"results":[1,2],"offset":0}"#
    );
}

#[test]
fn a_page_beyond_the_end_is_empty_and_has_a_previous_one() {
    let paging = Paging {
        limit: 10,
        offset: i64::MAX,
    };
    let page = Page::<i64>::new(vec![], 14, paging);
    assert!(page.has_previous && !page.has_next);
}
