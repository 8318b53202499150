use proptest::prelude::*;

use super::{super::writing::Writer, *};

/// The quote of the piece that begins with these words.
fn quoted(passage: &str, of: &str) -> String {
    quoted_of(&pieces("Guide", "", passage, false), of)
}

fn quoted_of(pieces: &[Piece], of: &str) -> String {
    let mut text = String::new();
    let piece = pieces.iter().find(|piece| piece.text.starts_with(of));
    let piece = piece.unwrap_or_else(|| panic!("no piece begins with {of:?}: {pieces:#?}"));
    Writer::default().write(piece, &mut text);
    text.trim().to_owned()
}

fn texts(passage: &str) -> Vec<String> {
    pieces("Guide", "", passage, false).into_iter().map(|piece| piece.text).collect()
}

#[test]
fn a_list_comes_with_what_leads_to_it() {
    for list in [
        "- fatigue - weight gain - a puffy face",
        "- fatigue\n- weight gain\n- a puffy face",
        "1. fatigue\n2. weight gain\n3. a puffy face",
    ] {
        let passage =
            format!("It has many symptoms. Some common symptoms of it are\n\n{list}\n\nHowever, it develops slowly.");
        let expected = "> Some common symptoms of it are\n>\n> - fatigue\n> - weight gain\n> - a puffy face";
        assert_eq!(quoted(&passage, "Some common"), expected);
    }
}

#[test]
fn an_item_comes_with_what_stands_above_its_list() {
    let passage = "Never give:\n- Aspirin to children under 16 years\n- Codeine to children under 12 years";
    assert_eq!(quoted(passage, "Aspirin"), "> Never give:\n>\n> - Aspirin to children under 16 years");
    let nested = "- It is a common disorder. - It has several causes, including - one disease - another one - Women have it more often than men.";
    assert_eq!(quoted(nested, "It has"), "> It has several causes, including\n>\n> - one disease\n> - another one");
    assert_eq!(quoted(nested, "Women"), "> Women have it more often than men.");
}

#[test]
fn a_dash_or_a_range_is_no_list() {
    let passage = "Give morphine 5 - 10 mg every four hours - never more than that.";
    assert_eq!(quoted(passage, "Give"), format!("> {passage}"));
}

#[test]
fn a_number_at_the_beginning_of_a_line_is_not_always_a_marker() {
    assert_eq!(quoted("2.5 mg of it are given daily.", "2.5"), "> 2.5 mg of it are given daily.");
    assert_eq!(quoted("20 mg of it are given daily.", "20"), "> 20 mg of it are given daily.");
}

#[test]
fn a_wrapped_line_does_not_take_the_not_from_a_warning() {
    for (lines, whole) in [
        (
            "For fever, Aspirin should not\nbe given to children under sixteen years of age with fever.",
            "> For fever, Aspirin should not be given to children under sixteen years of age with fever.",
        ),
        ("Give morphine 5\n- 10 mg every four hours", "> Give morphine 5 - 10 mg every four hours"),
        (
            "The maximum of zinc tablets in a day is\n20. Higher numbers harm the patient.",
            "> The maximum of zinc tablets in a day is 20.",
        ),
        ("Keep the vaccine at a temperature of\n- 20 degrees", "> Keep the vaccine at a temperature of - 20 degrees"),
        (
            "Atropine is given in organophosphate poisoning\nunless the heart rate is above 120 in a minute.",
            "> Atropine is given in organophosphate poisoning unless the heart rate is above 120 in a minute.",
        ),
        ("A tourniquet must\nnever be tied over a joint.", "> A tourniquet must never be tied over a joint."),
    ] {
        let first_words: String = lines.split(' ').take(2).collect::<Vec<_>>().join(" ");
        assert_eq!(quoted(lines, &first_words), whole);
    }
}

#[test]
fn an_abbreviation_does_not_take_the_never_from_a_prescription() {
    for sentence in [
        "Never give Inj. Adrenaline 1 mg undiluted to a patient with a pulse.",
        "Avoid Vit. A supplements above 10000 units in pregnancy.",
        "Do not give more than 2 Tabs. Paracetamol 650 mg in six hours to a child.",
        "Do not inject 100 I.U. Insulin at once.",
        "No. Of puffs in a day must not exceed 10",
        "पैरासिटामोल 500 मि.ग्रा. दिन में तीन बार",
        "പാരസെറ്റമോൾ ഗുളിക 500 മി.ഗ്രാം ദിവസം മൂന്നു നേരം",
        "गर्भवती महिला को कभी न दें इंज. मेथोट्रेक्सेट 10 मि.ग्रा. की सुई।",
    ] {
        assert_eq!(texts(sentence), [sentence]);
    }
    assert_eq!(texts("बच्चों को 5 मि.ली. सिरप दें। फिर पानी दें।"), ["बच्चों को 5 मि.ली. सिरप दें।", "फिर पानी दें।"]);
}

#[test]
fn a_question_of_a_nurse_comes_with_its_no() {
    let question = "Can doxycycline be given to a pregnant woman with fever?";
    let answer = "No. It harms the teeth of her child.";
    assert_eq!(quoted(&format!("{question} {answer}"), "Can"), format!("> {question} {answer}"));
    assert_eq!(quoted(&format!("{question}\n\n{answer}"), "Can"), format!("> {question}\n>\n> {answer}"));
    assert_eq!(quoted(&format!("{question}\n\nNo."), "Can"), format!("> {question}\n>\n> No."));
}

#[test]
fn an_item_with_dashes_keeps_what_it_forbids() {
    let passage = "Rules of the ward:\n\n- Do not give codeine - or any other opioid - to children under 12 years\n- Give oxytocin five - ten units slowly into the muscle";
    let lead = "> Rules of the ward:\n>\n> - ";
    assert_eq!(
        quoted(passage, "Do not"),
        format!("{lead}Do not give codeine - or any other opioid - to children under 12 years")
    );
    assert_eq!(quoted(passage, "Give"), format!("{lead}Give oxytocin five - ten units slowly into the muscle"));
}

#[test]
fn a_medicine_is_not_quoted_without_the_words_above_that_forbid_it() {
    for (lead, shown) in [
        ("DO NOT GIVE", "DO NOT GIVE"),
        ("Contraindicated in:", "Contraindicated in:"),
        ("## Never in pregnancy", "Never in pregnancy"),
        ("Not in dengue fever", "Not in dengue fever"),
    ] {
        let passage = format!("{lead}\n\nIbuprofen tablets of any kind\n\nCodeine for the cough of children.");
        let all = format!("> {shown}\n>\n> Ibuprofen tablets of any kind\n>\n> Codeine for the cough of children.");
        assert_eq!(quoted(&passage, "Ibuprofen"), all);
        assert_eq!(quoted(&passage, "Codeine"), all);
    }
}

#[test]
fn a_heading_of_the_passage_before_stands_above_its_sentences() {
    let pieces = pieces("Guide", "Guide › Contraindications", "Children under 12 years of age.", false);
    assert_eq!(quoted_of(&pieces, "Children"), "> Contraindications\n>\n> Children under 12 years of age.");
}

#[test]
fn items_of_a_list_that_was_begun_before_say_that_its_lead_is_missing() {
    let pieces = pieces("Guide", "", "- Warfarin to a lactating mother\n- Codeine to a child of eight", true);
    assert_eq!(quoted_of(&pieces, "Warfarin"), format!("> {UNKNOWN_LEAD}\n>\n> - Warfarin to a lactating mother"));
}

#[test]
fn a_row_comes_with_the_head_of_its_table() {
    let passage = "| Drug | Dose | Neonates |\n| --- | --- | --- |\n| Gentamicin injection daily | 7.5 mg/kg | not given |\n| Zinc syrup twice daily | 1*3 | given |";
    let head = "> | Drug | Dose | Neonates |\n> | --- | --- | --- |\n> ";
    let row = "| Gentamicin injection daily | 7.5 mg/kg | not given |";
    assert_eq!(quoted(passage, "| Gentamicin"), format!("{head}{row}"));
    let (mut text, mut writer) = (String::new(), Writer::default());
    for piece in &pieces("Guide", "", passage, false) {
        writer.write(piece, &mut text);
    }
    assert_eq!(text.trim(), format!("{head}{row}\n> | Zinc syrup twice daily | 1\\*3 | given |"));
}

/// Sentences that begin with a capital and hold what was mistaken for ends and beginnings.
fn sentence() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "zinc",
        "never",
        "give",
        "5",
        "-",
        "10",
        "Inj. Adrenaline",
        "Tab. Zinc",
        "mg",
        "e.g. salt",
        "not",
        "20",
        "b.d.",
        "or",
        "मि.ग्रा.",
    ]);
    prop::collection::vec(word, 3..9).prop_map(|words| format!("Nurses {} it daily.", words.join(" ")))
}

proptest! {
    #[test]
    fn no_quote_begins_or_ends_within_a_sentence(
        sentences in prop::collection::vec(sentence(), 1..6),
        widths in prop::collection::vec(8..60_usize, 1..40),
    ) {
        let (mut passage, mut width, mut widths) = (String::new(), 0, widths.iter().cycle());
        for word in sentences.join(" ").split(' ') {
            if width > 0 {
                let is_full = width > *widths.next().unwrap_or(&60);
                passage.push(if is_full { '\n' } else { ' ' });
                width = if is_full { 0 } else { width };
            }
            passage.push_str(word);
            width += word.len() + 1;
        }
        // That would be a list.
        prop_assume!(passage.lines().zip(passage.lines().skip(1)).all(|(line, next)| !(line.starts_with("- ") && next.starts_with("- "))));
        for piece in pieces("Guide", "", &passage, false) {
            let text = piece.text;
            let from = (0..sentences.len()).find(|from| text.starts_with(&sentences[*from]));
            let whole = from.is_some_and(|from| (from..sentences.len()).any(|to| sentences[from..=to].join(" ") == text));
            prop_assert!(whole, "{text:?} is torn out of {passage:?}");
        }
    }
}
