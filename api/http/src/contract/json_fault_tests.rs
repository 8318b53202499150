use super::describe;

/// Malformed texts with the messages of the original.
const FAULTS: &[(&str, &str)] = &[
    ("  ", "Expecting value: line 1 column 3 (char 2)"),
    ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ("{bad", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    (r#"{"a""#, "Expecting ':' delimiter: line 1 column 5 (char 4)"),
    (r#"{"a":"#, "Expecting value: line 1 column 6 (char 5)"),
    (r#"{"a":}"#, "Expecting value: line 1 column 6 (char 5)"),
    (r#"{"a" 1}"#, "Expecting ':' delimiter: line 1 column 6 (char 5)"),
    (r#"{"a":1"#, "Expecting ',' delimiter: line 1 column 7 (char 6)"),
    (r#"{"a":1,"#, "Expecting property name enclosed in double quotes: line 1 column 8 (char 7)"),
    (r#"{"a":1,}"#, "Expecting property name enclosed in double quotes: line 1 column 8 (char 7)"),
    (r#"{"a":1 "b":2}"#, "Expecting ',' delimiter: line 1 column 8 (char 7)"),
    ("[1,]", "Expecting value: line 1 column 4 (char 3)"),
    ("[1 2]", "Expecting ',' delimiter: line 1 column 4 (char 3)"),
    ("[", "Expecting value: line 1 column 2 (char 1)"),
    ("\"abc", "Unterminated string starting at: line 1 column 1 (char 0)"),
    (r#"{"a":"b"#, "Unterminated string starting at: line 1 column 6 (char 5)"),
    ("{\"a\":\"b\n\"}", "Invalid control character at: line 1 column 8 (char 7)"),
    (r#"{"a":"\x"}"#, r"Invalid \escape: line 1 column 7 (char 6)"),
    (r#"{"a":"\u12"}"#, r"Invalid \uXXXX escape: line 1 column 8 (char 7)"),
    (r#"{"a":"\u12"#, r"Invalid \uXXXX escape: line 1 column 8 (char 7)"),
    (r#"{"a":"b\"#, "Unterminated string starting at: line 1 column 6 (char 5)"),
    ("{} x", "Extra data: line 1 column 4 (char 3)"),
    (r#"{"a":01}"#, "Expecting ',' delimiter: line 1 column 7 (char 6)"),
    (r#"{"a":1.}"#, "Expecting ',' delimiter: line 1 column 7 (char 6)"),
    (r#"{"a":-}"#, "Expecting value: line 1 column 6 (char 5)"),
    (r#"{"a":tru}"#, "Expecting value: line 1 column 6 (char 5)"),
    ("NaN", "Out of range float values are not JSON compliant: 'NaN'"),
    ("[-Infinity]", "Out of range float values are not JSON compliant: '-Infinity'"),
    ("{\n \"a\": 1\n \"b\"}", "Expecting ',' delimiter: line 3 column 2 (char 11)"),
    ("{\"é\":\"ü\" 1}", "Expecting ',' delimiter: line 1 column 10 (char 9)"),
    ("\u{feff}{}", "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)"),
    ("[+1]", "Expecting value: line 1 column 2 (char 1)"),
    ("[1e]", "Expecting ',' delimiter: line 1 column 3 (char 2)"),
    ("{\"a\":\"\t\"}", "Invalid control character at: line 1 column 7 (char 6)"),
];

#[test]
fn faults_are_named_where_the_original_names_them() {
    for (text, message) in FAULTS {
        assert_eq!(&describe(text.as_bytes()), message, "for {text}");
    }
}

#[test]
fn a_number_that_only_the_original_would_read_is_refused_with_a_reason() {
    assert!(serde_json::from_str::<serde_json::Value>("[1e400]").is_err());
    assert_eq!(describe(b"[1e400]"), "Out of range float values are not JSON compliant: '1e400'");
}

#[test]
fn deep_nesting_is_refused() {
    let deep = "[".repeat(100_000);
    assert_eq!(describe(deep.as_bytes()), "The value is nested too deeply");
}

#[test]
fn a_number_of_a_megabyte_is_not_sent_back() {
    let said = describe(format!(r#"{{"a":{}}}"#, "1".repeat(1_000_000)).as_bytes());
    assert_eq!(said, format!("Out of range float values are not JSON compliant: '{}…'", "1".repeat(100)));
}

#[test]
fn text_that_is_not_utf_8_is_refused() {
    assert_eq!(describe(b"{\"a\":\"\xff\"}"), "'utf-8' codec can't decode byte 0xff in position 6: invalid byte");
}
