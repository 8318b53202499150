//! Texts from which a quote could say something else than the document.

use super::*;

/// Lines of a quote, separated as Markdown lines.
fn lines(lines: &[&str]) -> String {
    format!("> {}", lines.join("  \n> "))
}

#[test]
fn aspirin_stays_below_the_line_that_forbids_it() {
    let text = "Give in dengue\n- paracetamol\n- ORS\nDo not give in dengue\n- aspirin\n- ibuprofen";
    let all = lines(&[
        "Give in dengue",
        r"\- paracetamol",
        r"\- ORS",
        "Do not give in dengue",
        r"\- aspirin",
        r"\- ibuprofen",
    ]);
    for question in ["Is aspirin given in dengue?", "What is given in dengue?", "ibuprofen dengue"] {
        assert_eq!(quoted(question, text), all);
    }
}

#[test]
fn a_table_below_a_list_does_not_stand_below_the_lists_lead() {
    let text = "Never give in pregnancy:\n- warfarin\n- methotrexate\n\nDoses for adults\n\n| Drug | Dose |\n| --- | --- |\n| Paracetamol | 500 mg |\n\nGive in fever:\n\n- ORS";
    let expected = r"> Never give in pregnancy:  
> \- warfarin  
> \- methotrexate
>
> Doses for adults
>
> | Drug | Dose |
> | --- | --- |
> | Paracetamol | 500 mg |
>
> Give in fever:
>
> \- ORS";
    for question in ["What is the dose of paracetamol?", "Is ORS given in fever?"] {
        assert_eq!(quoted(question, text), expected);
    }
}

#[test]
fn a_caution_in_a_short_sentence_stays_with_its_drug() {
    let text = "Sildenafil 25 mg three times a day. Not with nitrates. Enoxaparin 1 mg/kg twice a day. Not if CrCl below 15 ml/min. Atenolol 50 mg. However, not in asthma. Otherwise atenolol may be doubled.";
    for question in ["enoxaparin dose", "What is the dose of sildenafil?", "Can atenolol be doubled?"] {
        assert_eq!(quoted(question, text), format!("> {text}"));
    }
}

#[test]
fn lines_without_full_stops_are_quoted_line_by_line_to_the_last_one() {
    let formulary = "Amoxicillin 40 mg/kg by mouth twice a day\nCefixime 8 mg/kg by mouth once a day\nGentamicin 7.5 mg/kg into the vein once a day";
    let all = lines(&formulary.lines().collect::<Vec<_>>());
    assert_eq!(quoted("What is the dose of cefixime by mouth?", formulary), all);
    let page = [("Guide", vec![Part { page: Some(1), text: formulary.to_owned() }])];
    let question = "gentamicin into the vein";
    assert!(quote(question, &found(question, &page)).text.ends_with(&all));
    let short = "Fever\nzinc 20 mg\nSalt";
    assert_eq!(quoted("zinc?", short), lines(&["Fever", "zinc 20 mg", "Salt"]));
}

#[test]
fn steps_keep_their_numbers() {
    let text = "Resuscitation of the newborn\n1. Dry the newborn\n2. Ventilate five times\n3. Look at the chest\n4. Repeat step 2 once";
    let expected = lines(&[
        "Resuscitation of the newborn",
        r"1\. Dry the newborn",
        r"2\. Ventilate five times",
        r"3\. Look at the chest",
        r"4\. Repeat step 2 once",
    ]);
    assert_eq!(quoted("How often is step 2 of resuscitation repeated?", text), expected);
}

#[test]
fn what_an_item_stands_below_is_seen() {
    let text = "Give zinc:\n- to children\n  - below 6 months 10 mg";
    assert_eq!(
        quoted("zinc for children?", text),
        "> Give zinc:  \n> \\- to children  \n> \u{a0}\u{a0}\\- below 6 months 10 mg"
    );
}

#[test]
fn terms_and_what_they_mean_are_lines_of_their_own() {
    let page = "<h1>Doses</h1><dl><dt>Cefixime</dt><dd>8 mg/kg</dd><dt>Gentamicin</dt><dd>7.5 mg/kg</dd></dl>";
    let hints = FileHints { name: Some("a.html".to_owned()), content_type: None };
    let parts = extract(page.as_bytes(), &hints).expect("it is HTML").parts;
    let question = "dose of cefixime?";
    let text = quote(question, &found(question, &[("Guide", parts)])).text;
    let quote = text.rsplit("\n\n").next().unwrap_or_default();
    let shown: Vec<&str> =
        quote.lines().map(|line| line.trim_start_matches('>').trim()).filter(|it| !it.is_empty()).collect();
    assert_eq!(shown, ["**Doses**", "Cefixime", "8 mg/kg", "Gentamicin", "7.5 mg/kg"]);
}

#[test]
fn the_headings_of_a_quote_stand_above_it_and_count_for_the_question() {
    let text = "# Zinc\n\n## Children\n\n20 mg by mouth.\n\n## Adults\n\n40 mg by mouth.\n\n# Iron\n\nNot here.";
    assert_eq!(quoted("How much zinc do children take?", text), "> **Zinc › Children**\n>\n> 20 mg by mouth.");
    assert_eq!(quoted("zinc adults", text), "> **Zinc › Adults**\n>\n> 40 mg by mouth.");
}

#[test]
fn a_heading_that_forbids_and_has_nothing_below_it_is_quoted() {
    let text = "# Dengue\n\n## Never give aspirin in dengue\n\n## Fluids\n\nGive ORS.";
    assert_eq!(quoted("aspirin in dengue?", text).lines().last(), Some("> Never give aspirin in dengue"));
}

#[test]
fn malayalam_and_hindi_are_quoted_as_they_stand() {
    let malayalam = "ഡെങ്കിപ്പനിയിൽ കൊടുക്കാം\n- പാരസെറ്റമോൾ\nഡെങ്കിപ്പനിയിൽ കൊടുക്കരുത്\n- ആസ്പിരിൻ\n- ഇബുപ്രോഫെൻ";
    let shown = malayalam.replace('-', r"\-").replace('\n', "  \n> ");
    assert_eq!(quoted("ഡെങ്കിപ്പനിയിൽ ആസ്പിരിൻ കൊടുക്കാം?", malayalam), format!("> {shown}"));
    let hindi = "एनोक्सापारिन 1 मि.ग्रा./कि.ग्रा. दिन में दो बार। गुर्दे की बीमारी में नहीं। एटेनोलोल 50 मि.ग्रा.। लेकिन दमे में नहीं। अन्यथा एटेनोलोल दुगुना करें।";
    assert_eq!(quoted("एटेनोलोल दुगुना", hindi), format!("> {hindi}"));
    let rows = "| दवा | बच्चे | वयस्क |\n| --- | --- | --- |\n| रिफैम्पिसिन | 15 मि.ग्रा. | 10 मि.ग्रा. |";
    assert_eq!(quoted("बच्चे को रिफैम्पिसिन", rows), format!("> {}", rows.replace('\n', "\n> ")));
}
