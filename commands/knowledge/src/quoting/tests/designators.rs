//! Questions about a thing whose neighbour is in the documents: only a number or a letter distinguishes them.

use super::*;

const NEIGHBOURS: &[(&str, &str)] = &[
    ("Diabetes", "Type 2 diabetes: metformin 500 mg twice daily."),
    ("Immunization", "Hepatitis B vaccine 0.5 ml IM at birth."),
    ("Vitamins", "Vitamin B1 100 mg daily."),
    ("Bites", "Category II bite: wash the wound, give vaccine."),
    ("Dehydration", "Plan B: ORS 75 ml/kg in 4 hours."),
    ("പ്രമേഹം", "ടൈപ്പ് 2 പ്രമേഹം: മെറ്റ്ഫോർമിൻ 500 മി.ഗ്രാം."),
    ("डायबिटीज", "टाइप 2 डायबिटीज: मेटफॉर्मिन 500 मि.ग्रा.।"),
    ("टीके", "हेपेटाइटिस बी का टीका जन्म पर दें।"),
];

/// A document with all of them, one below the other.
fn in_one() -> String {
    NEIGHBOURS.iter().map(|(_, text)| *text).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn the_treatment_of_type_2_is_not_quoted_for_type_1_nor_the_vaccine_of_hepatitis_b_for_a() {
    for question in [
        "How is type 1 diabetes treated?",
        "Type I diabetes treatment",
        "type-1 diabetes treatment",
        "treatment of diabetes type1",
        "type one diabetes treatment",
        "When is hepatitis A vaccine given?",
        "When is hepatitis a vaccine given?",
        "When is hepatitis C vaccine given?",
        "What is the dose of vitamin B6?",
        "What is the dose of vitamin B-6?",
        "dose of vitamin B 12",
        "What is the dose of vitamin C?",
        "What is given for a category III bite?",
        "What is plan C?",
        "ടൈപ്പ് 1 പ്രമേഹം ചികിത്സ എന്താണ്?",
        "टाइप 1 डायबिटीज का इलाज क्या है?",
        "टाइप १ डायबिटीज का इलाज",
        "हेपेटाइटिस ए का टीका कब दें?",
    ] {
        let sections: Vec<_> = NEIGHBOURS.iter().map(|(title, text)| format!("## {title}\n\n{text}")).collect();
        let (in_one, in_sections) = (in_one(), sections.join("\n\n"));
        for documents in [NEIGHBOURS, &[("Guide", in_one.as_str())], &[("Guide", in_sections.as_str())]] {
            let answer = answer(question, documents);
            assert!(answer.ends_with(NOTHING), "{question}: {answer}");
        }
    }
}

#[test]
fn what_the_document_names_with_its_number_or_letter_is_quoted_for_it() {
    for (question, says) in [
        ("How is type 2 diabetes treated?", "metformin"),
        ("Type II diabetes treatment", "metformin"),
        ("type-2 diabetes treatment", "metformin"),
        ("How is diabetes treated?", "metformin"),
        ("When is hepatitis B vaccine given?", "at birth"),
        ("When is hepatitis b vaccine given?", "at birth"),
        ("Hepatitis B vaccine 3 doses when?", "at birth"),
        ("What is the dose of vitamin B1?", "100 mg"),
        ("What is the dose of vitamin B-1?", "100 mg"),
        ("What is given for a category 2 bite?", "wash"),
        ("What is plan B?", "75 ml"),
        ("ടൈപ്പ് 2 പ്രമേഹം ചികിത്സ എന്താണ്?", "500 മി"),
        ("टाइप 2 डायबिटीज का इलाज क्या है?", "500 मि"),
        ("टाइप २ डायबिटीज का इलाज", "500 मि"),
        ("हेपेटाइटिस बी का टीका कब दें?", "जन्म"),
    ] {
        for answer in [answer(question, NEIGHBOURS), answer(question, &[("Guide", &in_one())])] {
            assert!(answer.contains(says), "{question}: {answer}");
        }
    }
}

#[test]
fn numbers_and_letters_in_lists_and_ranges_stand_with_the_name_before_the_list() {
    for (question, text) in [
        ("When is hepatitis B vaccine given?", "Hepatitis A and B vaccine: at birth."),
        ("When is hepatitis C tested?", "Hepatitis A/B/C: test at birth."),
        ("When is hepatitis C tested?", "Hepatitis A to E: test at birth."),
        ("How is type 2 diabetes treated?", "Diabetes of types 1 and 2: treated with diet."),
        ("How is type 1 diabetes treated?", "Type 2 diabetes: metformin. Type 1 diabetes: insulin."),
        ("What is the dose of vitamin B6?", "Vitamins B1 and B6: 100 mg daily."),
        ("What is the dose of vitamin B12?", "Vitamins B1, B6, and B12: 100 mg daily."),
        (
            "diet in stage 3 kidney disease",
            "Diet in kidney disease: stage 3a and 3b, less salt; stage 4, less protein.",
        ),
        ("diet in stage 2 kidney disease", "Kidney disease, stages 1-3: diet without salt."),
        ("What is the difference of type 1 and type 2 diabetes?", "Type 2 diabetes: a difference to others is weight."),
        ("What is the dose of vitamin B6?", "Vitamin: pyridoxine (B6) 20 mg daily."),
        ("What is the dose of vitamin D3?", "Vitamin D: 400 IU daily."),
        ("What is the dose of vitamin D?", "Vitamin D3: 400 IU daily."),
    ] {
        let quote = quoted(question, text);
        assert!(quote.starts_with("> "), "{question}: {quote}");
    }
    assert_eq!(quoted("When is hepatitis A vaccine given?", "Give hepatitis B vaccine and a booster."), NOTHING);
}

#[test]
fn amounts_ages_and_places_in_an_order_tell_nothing_apart() {
    for (question, text) in [
        ("Is lamivudine given in hepatitis B?", "Lamivudine 100 mg is given in hepatitis. Never stop it at once."),
        ("Can I give vitamin A with a fever?", "Vitamin A is given with fever. Vitamin K at birth only."),
        ("plan a visit for dengue", "Dengue: a visit on day 3. Plan for it early."),
        ("penicillin V dose", "Penicillin V 250 mg four times a day. Penicillin G 1 g."),
        ("Is amoxicillin given for 5 days?", "Amoxicillin is given for 7 days."),
        ("amoxicillin 3 times a day", "Amoxicillin 2 times a day: 250 mg."),
        ("paracetamol for a child of 12 kg", "Paracetamol for a child of 10 to 14 kg: 120 mg."),
        ("zinc for a child of 1 year", "Zinc for a child of 2 years: 20 mg."),
        ("When is OPV dose 2 given?", "OPV dose 1 is given at 6 weeks, the next 4 weeks later."),
        ("What is done at GCS 8?", "GCS 15: nothing is done. GCS below 9: intubate."),
        ("amoxicillin x 5 days", "Amoxicillin x 7 days, then stop."),
        ("vitamin K 1 mg at birth", "Vitamin K 0.5 mg at birth if below 1 kg."),
        ("vitamin A dose at 9 months", "Vitamin A: 1 lakh IU at 9 months, 2 lakh IU later."),
    ] {
        let quote = quoted(question, text);
        assert!(quote.starts_with("> "), "{question}: {quote}");
    }
}
