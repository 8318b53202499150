use super::*;

#[test]
fn emails_that_differ_by_case_are_the_same() {
    let one = Email::parse(" Nurse@Example.com ").expect("well-formed");
    let other = Email::parse("nurse@EXAMPLE.COM").expect("well-formed");
    assert_eq!(one.comparable(), other.comparable());
    assert_eq!(one.as_str(), "Nurse@Example.com");
}

#[test]
fn a_text_without_an_at_sign_or_host_is_no_email() {
    for text in [
        "nurse",
        "nurse@",
        "@example.com",
        "a@b",
        "a@example.c",
        "a..b@example.com",
        "ü@example.com",
        "a b@example.com",
        "nurse@example..com",
        "nurse@-example.com",
    ] {
        assert_eq!(Email::parse(text), Err(TextError::Malformed), "{text}");
    }
}

#[test]
fn two_addresses_or_a_name_with_an_address_are_no_email() {
    for text in ["one@example.com,two@example.com", "Asha <asha@example.com>", "one@two@example.com"] {
        assert_eq!(Email::parse(text), Err(TextError::Malformed), "{text}");
    }
}

#[test]
fn an_email_may_have_a_tag_and_a_host_in_any_script() {
    for text in ["asha.nair+ward@example.co.in", "asha@LocalHost", "asha@müller.example"] {
        assert!(Email::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn a_username_with_a_dot_is_accepted_and_one_with_a_space_is_not() {
    assert!(Username::parse("dr.jane+ward@2").is_ok());
    for text in ["me", "ME", "ｍｅ", ".", ".."] {
        assert_eq!(Username::parse(text), Err(TextError::Malformed), "{text}");
    }
    assert!(Username::parse("...").is_ok() && Username::parse("Meera").is_ok());
    assert_eq!(Username::parse("bad name"), Err(TextError::Malformed));
}

#[test]
fn a_title_is_counted_in_characters_not_bytes() {
    assert!(Title::parse(&"ക".repeat(50)).is_ok());
    assert_eq!(Title::parse(&"ക".repeat(51)), Err(TextError::TooLong { max: 50 }));
}

#[test]
fn letters_that_grow_under_normalisation_are_counted_as_they_came_and_can_be_sent_back() {
    for letter in ["\u{958}", "\u{95c}", "\u{95d}", "\u{9dc}", "\u{a33}"] {
        let sent = letter.repeat(Title::MAX_CHARS);
        let title = Title::parse(&sent).expect("as many characters as there may be");
        assert_eq!(title.as_str(), sent);
        assert_eq!(Title::parse(title.as_str()), Ok(title));
        assert_eq!(Title::parse(&letter.repeat(51)), Err(TextError::TooLong { max: 50 }));
    }
    assert_eq!(Title::parse("Ze\u{301}ro").expect("a title").as_str(), "Zéro");
}

#[test]
fn usernames_that_differ_by_case_are_the_same() {
    let [one, other] = ["Asha.K", "ASHA.k"].map(|text| Username::parse(text).expect("well-formed"));
    assert_eq!(one.comparable(), other.comparable());
}

#[test]
fn usernames_that_differ_by_their_spelling_are_alike() {
    let alike = |name: &str| Username::parse(name).expect("well-formed").alike();
    for (one, other) in [("Asha१", "asha1"), ("പൗരൻ", "പൌരൻ"), ("José", "jose")] {
        assert_eq!(alike(one), alike(other));
    }
    assert_ne!(alike("asha1"), alike("asha2"));
}

#[test]
fn a_name_is_one_line_that_is_not_turned_around() {
    for text in ["Asha\nNair", "Asha\tNair", "Asha\u{85}Nair", "Asha\u{2028}Nair", "\u{202e}riaN", "a\u{1b}[2J"] {
        assert_eq!(FullName::parse(text), Err(TextError::Malformed), "{text:?}");
        assert_eq!(ServiceName::parse(text), Err(TextError::Malformed), "{text:?}");
    }
    for text in ["അൻവർ ന്\u{200d}", "Zoë O’Neil-Smith", " Asha Nair \n"] {
        assert!(FullName::parse(text).is_ok(), "{text:?}");
    }
    let stored: FullName = serde_json::from_str(r#""Asha,\r\n\r\nyour code""#).expect("any text loads");
    assert_eq!(stored.in_one_line(), "Asha, your code");
}

#[test]
fn a_blank_text_is_no_value() {
    assert_eq!(FullName::parse("  \n"), Err(TextError::Blank));
    assert_eq!(Title::from_start_of("   "), None);
}

#[test]
fn a_stored_value_loads_even_if_todays_rule_would_refuse_it() {
    let erased: Email = serde_json::from_str("\"[erased]\"").expect("any text loads");
    assert_eq!(erased.as_str(), ERASED);
}

#[test]
fn a_model_is_known_by_its_name_its_editions_and_its_number() {
    assert_eq!(Model::from_name("gpt-4o-mini-2024-07-18"), Some(Model::Gpt4OmniMini));
    assert_eq!(Model::from_name("gpt-4-1106-preview"), Some(Model::Gpt4));
    assert_eq!(Model::from_name("7"), Some(Model::Gpt4Omni));
    for name in ["bad-model", "", "9", "gpt-40"] {
        assert_eq!(Model::from_name(name), None, "{name}");
    }
}

#[test]
fn a_speech_engine_is_named_in_any_case() {
    assert_eq!(SttEngine::from_name("Self_Hosted"), Some(SttEngine::SelfHosted));
    assert_eq!(SttEngine::from_name("None"), None);
}

#[test]
fn every_choice_has_its_own_number() {
    for model in Model::ALL {
        assert_eq!(Model::from_number(model.number().into()), Some(*model));
    }
    assert_eq!(Model::from_number(9), None);
}
