//! Documents that were cut into passages, and long stretches that are shown in part.

use super::*;

fn page(number: u32, text: &str) -> Part {
    Part { page: Some(number), text: text.to_owned() }
}

fn long(about: &str) -> String {
    format!("The {about} was seen by the nurse on the ward in the morning of each day. ").repeat(6).trim().to_owned()
}

#[test]
fn half_a_warning_is_made_whole_where_its_other_half_is_at_hand() {
    let pages =
        [("Guide", vec![page(1, "For fever aspirin should not"), page(2, "be given to children with measles.")])];
    let question = "Is aspirin given to children with measles for fever?";
    let passages = found(question, &pages);
    assert!(
        quote(question, &passages)
            .text
            .ends_with("> For fever aspirin should not\n>\n> be given to children with measles.")
    );
    // Each half alone shows that the row is one.
    let (first, second): (Vec<_>, Vec<_>) = passages.into_iter().partition(|passage| passage.span.first == 0);
    assert!(quote("aspirin for fever", &first).text.ends_with("> For fever aspirin should not …"));
    assert!(quote("given to children with measles", &second).text.ends_with("> … be given to children with measles."));
}

#[test]
fn passages_that_follow_each_other_are_one_text() {
    let sentences: Vec<String> = (10..50).map(|n| format!("Bed {n} of the ward has zinc.")).collect();
    let question = "zinc in the ward";
    let documents = [("Guide", vec![Part { page: None, text: sentences.join(" ") }])];
    let passages = found(question, &documents);
    assert!(passages.len() > 1);
    let text = quote(question, &passages).text;
    assert!(text.ends_with(&format!("> {}", sentences.join(" "))), "{text}");
    // The same, if each was retrieved with its neighbours.
    let widened = Passage {
        text: sentences[..30].join(" "),
        span: Span { first: 0, end: 2, overlap: 0, goes_on: true },
        ..passages[0].clone()
    };
    let last = Passage {
        text: sentences[20..].join(" "),
        span: Span { first: 1, end: 3, overlap: 0, goes_on: false },
        ..passages[0].clone()
    };
    let text = quote(question, &[last, widened]).text;
    assert!(text.ends_with(&format!("> {}", sentences.join(" "))), "{text}");
}

#[test]
fn a_list_whose_lead_is_not_at_hand_says_so() {
    let pages =
        [("Guide", vec![page(1, "Never give:"), page(2, "- Warfarin to a lactating mother\n- Codeine to a child")])];
    let question = "Warfarin to a lactating mother?";
    let mut passages = found(question, &pages);
    let lead = "Never give:\n>\n> \\- Warfarin to a lactating mother  \n> \\- Codeine to a child";
    assert!(!quote(question, &passages).text.contains("Never"));
    passages.retain(|passage| passage.span.first == 1);
    let text = quote(question, &passages).text;
    assert!(text.contains(&format!("> {}\n>\n> \\- Warfarin", crate::markdown::escaped(UNKNOWN_LEAD))), "{text}");
    let both = found("Never give warfarin", &pages);
    assert!(quote("Never give warfarin to a lactating mother", &both).text.contains(lead) || both.len() < 2);
}

#[test]
fn of_a_long_stretch_the_paragraphs_about_the_question_are_shown() {
    let text = format!(
        "{}\n\nThyme helps against a cough of adults and of all children.\n\n{}",
        long("weather"),
        long("chart")
    );
    let quote = quoted("What helps against a cough?", &text);
    assert!(quote.contains("Thyme helps against a cough"), "{quote}");
    let narrowed = quoted(
        "What does thyme help against in a cough?",
        &format!(
            "{}\n\nThyme helps against a cough of adults and of all children.\n\nWeather {}",
            long("weather"),
            long("chart")
        ),
    );
    assert!(narrowed.ends_with("Thyme helps against a cough of adults and of all children. …"), "{narrowed}");
}

#[test]
fn a_paragraph_keeps_the_lead_above_it_and_the_caution_below_it() {
    for (lead, caution) in [
        ("DO NOT GIVE", "Also not in asthma."),
        ("Contraindicated in:", "Never to a child with a fever that has come back after some days of rest at home."),
        ("ഇവ കൊടുക്കരുത്", "എന്നാൽ കുട്ടികൾക്ക് പനി വീണ്ടും വന്നാൽ ഈ മരുന്ന് ഒരിക്കലും വീട്ടിൽ വെച്ച് കൊടുക്കരുത്."),
        ("इन्हें न दें", "लेकिन बच्चों को यह दवा घर पर कभी नहीं देनी है जब तक कि डॉक्टर ने न कहा हो और बुखार हो।"),
    ] {
        let drug = "Codeine syrup for the cough of anybody who asks for some of it at night on the ward.";
        let other = "Nurses write each syrup into the chart of the ward at night and in the morning.";
        let far = long("morning");
        let text = format!("{far}\n\n{lead}\n\n{other}\n\n{drug}\n\n{caution}\n\nNurses rest. {far}");
        let quote = quoted("Is codeine syrup given for a cough?", &text);
        let whole = format!("{lead}\n>\n> {other}\n>\n> {drug}\n>\n> {caution}");
        assert!(quote.contains(&whole), "{quote}");
    }
}

#[test]
fn a_question_of_a_nurse_comes_with_its_no() {
    let question = "Can doxycycline be given to a pregnant woman with fever?";
    for answer in [
        "No.",
        "No. It harms the teeth of her child.",
        "Give amoxicillin to her, and wait for what the doctor of the ward says about it.",
    ] {
        let text = format!("{}\n\n{question}\n\n{answer}\n\n{}", long("morning"), long("evening"));
        let quote = quoted("Is doxycycline given to a pregnant woman?", &text);
        assert!(quote.contains(&format!("{question}\n>\n> {answer}")), "{quote}");
    }
}

#[test]
fn a_question_in_bold_type_is_shown_with_its_answer() {
    let asked = |n: usize| {
        format!("**Q: Who must not get vaccine number {n}?**\n\nA: A child that had convulsions after dose {n}.")
    };
    let text: Vec<String> = (10..20).map(asked).collect();
    let quote = quoted("who must not get vaccine 14", &text.join("\n\n"));
    assert!(quote.contains("number 14?") && quote.contains("after dose 14."), "{quote}");
}
