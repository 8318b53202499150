use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{speakable, words::TABLES};

fn check(language: &str, pairs: &[(&str, &str)]) {
    for (text, spoken) in pairs {
        assert_eq!(speakable(text, language), *spoken, "{text}");
    }
}

#[test]
fn signs_are_words_in_english() {
    check(
        "en",
        &[
            ("SpO₂ < 94 %", "SpO2 less than 94 percent"),
            ("SpO2>94%", "SpO2 more than 94 percent"),
            (
                "age ≥5 years, weight ≤ 5 kg",
                "age greater than or equal to 5 years, weight less than or equal to 5 kilograms",
            ),
            ("a <= b, a >=b, a != b", "a less than or equal to b, a greater than or equal to b, a not equal to b"),
            ("Keep at -5 °C.", "Keep at minus 5 degrees Celsius."),
            ("−5, (-5), <-5", "minus 5, (minus 5), less than minus 5"),
            ("5 ± 0.5", "5 plus or minus 0.5"),
            ("5 +/- 1", "5 plus or minus 1"),
            ("a → b -> c", "a arrow b arrow c"),
            ("~5 mg, ≈ 5", "about 5 milligrams, about 5"),
            ("5+5=10", "5 plus 5 equals 10"),
            ("BP 120/80 mmHg", "BP 120 over 80 millimetres of mercury"),
            ("adrenaline 1:1000", "adrenaline 1 is to 1000"),
            ("#5 & 2 ml @ 5", "number 5 and 2 millilitres at 5"),
            ("☐ Wash ☑ Dry", "empty box Wash tick Dry"),
            ("₹500", "500 rupees"),
        ],
    );
}

#[test]
fn ranges_patterns_and_dates_are_told_apart() {
    check(
        "en",
        &[
            ("5-10 mg", "5 to 10 milligrams"),
            ("5–10 mg", "5 to 10 milligrams"),
            ("5 - 10 mg", "5 to 10 milligrams"),
            ("2.5 mg-5 mg", "2.5 milligrams to 5 milligrams"),
            ("38-39.5 °C", "38 to 39.5 degrees Celsius"),
            ("-10--5", "minus 10 to minus 5"),
            ("10000-20000 IU", "10000 to 20000 international units"),
            ("1-0-1", "1, 0, 1"),
            ("½-0-½ tab", "half, 0, half tablets"),
            ("1-1-1-1", "1, 1, 1, 1"),
            ("pages 12-15", "pages 12 to 15"),
            ("10-5 mg", "10 dash 5 milligrams"),
            ("5 -10 mg", "5 dash 10 milligrams"),
            ("0471-2345678", "0471 dash 2345678"),
            ("1800-425-1077", "1800 dash 425 dash 1077"),
            ("2024-05-12", "2024, 05, 12"),
            ("12/05/2024", "12/05/2024"),
            ("12.05.2024", "12, 05, 2024"),
            ("At 14:30", "At 14:30"),
            ("COVID-19, B-12, 6-hourly", "COVID 19, B 12, 6-hourly"),
            ("Zinc - 20 mg", "Zinc dash 20 milligrams"),
            ("Zinc — 20 mg", "Zinc, 20 milligrams"),
            ("500 mg - 10 tablets", "500 milligrams dash 10 tablets"),
            ("5 mL-10 mg", "5 millilitres dash 10 milligrams"),
            ("2 months-5 years", "2 months dash 5 years"),
            ("well-known", "well-known"),
        ],
    );
}

#[test]
fn numbers_are_those_that_are_written() {
    check(
        "en",
        &[
            ("150 × 10⁹/L", "150 times 10 to the power 9 per litre"),
            ("10^9, 10⁻³, 10^-3", "10 to the power 9, 10 to the power minus 3, 10 to the power minus 3"),
            ("B₁₂, H₂O, CO₂", "B12, H2O, CO2"),
            ("Ca²⁺ and x²", "Ca 2 plus and x superscript 2"),
            ("paracetamol¹ 500 mg¹", "paracetamol 500 milligrams superscript 1"),
            ("1.73 m², 5 mm³, 5 mm3", "1.73 square metres, 5 cubic millimetres, 5 cubic millimetres"),
            ("1,00,000 and 12,500.5", "100000 and 12500.5"),
            ("0,5 mg; 10,20", "0 comma 5 milligrams; 10 comma 20"),
            (".5 mg. 5 mg.", "0.5 milligrams. 5 milligrams."),
            ("50 000 IU, day 1 500 mg", "50000 international units, day 1 500 milligrams"),
            ("൧൦ mg, १० mg", "10 milligrams, 10 milligrams"),
            ("½ tablet, 1/2 tablet, 1 tablet", "half tablet, half tablet, 1 tablet"),
            ("1½ tablets, 1 1/2 tablets", "1.5 tablets, 1.5 tablets"),
            ("Day 1 1/2 tablet", "Day 1 half tablet"),
            ("¹/₂ tablet, 1¹/₂ tablets, 2 ³⁄₄ tablets", "half tablet, 1.5 tablets, 2.75 tablets"),
            ("³⁄₁₀ of the dose", "3 over 10 of the dose"),
            ("grade 1/2", "grade 1 over 2"),
            ("5th of 1990s", "5th of 1990s"),
            ("Is it safe? No. 5 mg.", "Is it safe? No. 5 milligrams."),
        ],
    );
}

#[test]
fn a_degree_or_a_point_that_is_written_otherwise_changes_no_number() {
    check(
        "en",
        &[
            ("38⁰C, 38ºC, 38˚C, 38oC, 38 ° C", &["38 degrees Celsius"; 5].join(", ")),
            ("98.6 ° F, 38°c, 45º, 10⁰", "98.6 degrees Fahrenheit, 38 degrees Celsius, 45 degrees, 10 to the power 0"),
            (
                "0·5 mg, 5·10⁶, 5 · 10⁹/L",
                "0.5 milligrams, 5 times 10 to the power 6, 5 times 10 to the power 9 per litre",
            ),
            ("6 · 10 · 14, mg·kg⁻¹", "6 · 10 · 14, milligrams per kilogram"),
            ("</=5 mg, >/= 10", "less than or equal to 5 milligrams, greater than or equal to 10"),
        ],
    );
}

#[test]
fn a_letter_in_another_shape_is_not_spelled_by_its_number() {
    check(
        "en",
        &[
            ("1ˢᵗ, 2ⁿᵈ, 500 mgᵃ, 5ᵇ, restᶜ, 10ⁿ", "1st, 2nd, 500 milligrams, 5, rest, 10 n"),
            ("5 ㎎, stage Ⅳ, step ⑩, ﬁve, 𝟓 mg", "5 milligrams, stage I V, step 10, five, 5 milligrams"),
            ("🚫 aspirin ∓5 ↗", "cross aspirin plus or minus 5 up arrow"),
        ],
    );
}

#[test]
fn a_minus_is_heard_where_no_number_follows() {
    check(
        "en",
        &[
            ("Rh -ve, Rh +ve", "Rh minus ve, Rh plus ve"),
            ("O-, A+, AB-. O-negative", "O minus, A plus, AB minus. O-negative"),
            ("Cl- and HCO3-", "Cl minus and HCO3 minus"),
            ("pre- and postnatal", "pre- and postnatal"),
        ],
    );
}

#[test]
fn units_and_doses_are_words() {
    check(
        "en",
        &[
            ("15 mg/kg/day", "15 milligrams per kilogram per day"),
            ("mg/kg", "milligrams per kilogram"),
            ("5 mcg 5 µg 5 μg 5ug", "5 micrograms 5 micrograms 5 micrograms 5 micrograms"),
            ("5 ml, 5mL, 1 L, 5 IU", "5 millilitres, 5 millilitres, 1 litre, 5 international units"),
            ("120 mg/5 ml", "120 milligrams per 5 millilitres"),
            ("400 mg/80 mg", "400 milligrams/80 milligrams"),
            ("5 mmol/L, 30/min", "5 millimoles per litre, 30 per minute"),
            ("mg kg⁻¹ day⁻¹", "milligrams per kilogram per day"),
            ("25 kg/m²", "25 kilograms per square metre"),
            ("and/or, day/night, he/she", "and/or, day/night, he/she"),
            ("q6h, q4-6h, Q 8 hrs", "every 6 hours, every 4 to 6 hours, every 8 hours"),
            ("500 mg BD, 5 ml PO TDS", "500 milligrams twice a day, 5 millilitres P O three times a day"),
            ("5 mg stat, PRN", "5 milligrams immediately, as needed"),
            ("the stat, BD tubes, 500 mg/L TDS", "the stat, BD tubes, 500 milligrams per litre TDS"),
            ("500 mg OD IV", "500 milligrams O D I V"),
            ("vitamin C, g, min, l", "vitamin C, g, min, l"),
        ],
    );
}

#[test]
fn a_comparison_stands_behind_the_quantity_where_the_language_has_postpositions() {
    check(
        "hi",
        &[
            ("SpO2 < 94 %", "SpO2 94 प्रतिशत से कम"),
            ("SpO2 > 94 %", "SpO2 94 प्रतिशत से अधिक"),
            ("≥ 5 mg/kg दें।", "5 मिलीग्राम प्रति किलोग्राम या उससे अधिक दें।"),
            ("< 150 × 10⁹/L", "150 गुणा 10 की घात 9 प्रति लीटर से कम"),
            ("a < b", "a b से कम"),
            ("-५ °C", "माइनस 5 डिग्री सेल्सियस"),
            ("5-10 mg q6h", "5 से 10 मिलीग्राम हर 6 घंटे में"),
            ("1-0-1", "1, 0, 1"),
            ("15 मि.ग्रा./कि.ग्रा. दें", "15 मिलीग्राम प्रति किलोग्राम. दें"),
            ("5-10 मिग्रा/किग्रा, < 5 मि. ग्रा.", "5 से 10 मिलीग्राम प्रति किलोग्राम, 5 मिलीग्राम से कम."),
            ("मि.ग्रा. और 2 दिन में 500 मिली दें", "मि.ग्रा. और 2 दिन में 500 मिलीलीटर दें"),
        ],
    );
    check(
        "ml-IN",
        &[
            ("SpO2 < 94 %", "SpO2 94 ശതമാനം എന്നതിൽ കുറവ്"),
            ("SpO2 > 94 %", "SpO2 94 ശതമാനം എന്നതിൽ കൂടുതൽ"),
            ("≤ 5 mg", "5 മില്ലിഗ്രാം അല്ലെങ്കിൽ അതിൽ കുറവ്"),
            ("൫-൧൦ mg/kg/day", "5 മുതൽ 10 മില്ലിഗ്രാം ഒരു കിലോഗ്രാമിന് ഒരു ദിവസത്തിൽ വരെ"),
            ("120 mg/5 ml", "120 മില്ലിഗ്രാം 5 മില്ലിലിറ്ററിന്"),
            ("94-ൽ താഴെ, 94%-ൽ", "94-ൽ താഴെ, 94 ശതമാനം-ൽ"),
            ("500 mg BD", "500 മില്ലിഗ്രാം ദിവസം രണ്ട് നേരം"),
            ("50-100 മി.ലി. നൽകുക", "50 മുതൽ 100 മില്ലിലിറ്റർ വരെ. നൽകുക"),
            ("15 മി.ഗ്രാം/കി.ഗ്രാം", "15 മില്ലിഗ്രാം ഒരു കിലോഗ്രാമിന്"),
            ("5 മില്ലി ഗ്രാം, 5 മില്ലി", "5 മില്ലിഗ്രാം, 5 മില്ലിലിറ്റർ"),
        ],
    );
}

#[test]
fn a_language_without_a_table_is_spoken_with_english_words() {
    assert_eq!(speakable("< 5 mg", "fr"), "less than 5 milligrams");
}

#[test]
fn each_table_has_another_word_for_each_sign() {
    for (language, words) in TABLES {
        let signs = [
            words.dash,
            words.minus,
            words.plus,
            words.plus_minus,
            words.times,
            words.divided,
            words.equals,
            words.not_equal,
            words.about,
            words.arrow,
            words.up,
            words.down,
            words.ratio,
            words.comma,
            words.power,
            words.raised,
            words.lowered,
            words.empty_box,
            words.tick,
            words.cross,
            words.blank,
            words.half,
            words.quarter,
            words.three_quarters,
            words.to,
        ];
        assert_eq!(BTreeSet::from(signs).len(), signs.len(), "{language}");
        let comparisons = [&words.less, &words.more, &words.at_least, &words.at_most];
        let comparisons: BTreeSet<_> = comparisons.map(|words| (words.before, words.after)).into();
        assert_eq!(comparisons.len(), 4, "{language}");
        let units: BTreeSet<_> = words.units.iter().map(|(name, _)| name).collect();
        assert_eq!(units.len(), words.units.len(), "{language}");
        let frequencies = [words.twice_a_day, words.three_times_a_day, words.four_times_a_day];
        assert_eq!(BTreeSet::from(frequencies).len(), 3, "{language}");
    }
}

#[test]
fn lines_and_sentences_keep_their_ends() {
    check(
        "en",
        &[
            ("Dose\n20 mg\n\nRest!\nDrink:\nwater", "Dose.\n20 milligrams.\nRest!\nDrink:\nwater"),
            ("Give < 5. Then 5-10. Stop", "Give less than 5. Then 5 to 10. Stop"),
        ],
    );
    assert_eq!(speakable("5 mg दें।\nरुकें", "hi"), "5 मिलीग्राम दें।\nरुकें");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    /// All digits are spoken in their order, whatever stands between them (except in "m2", a square metre).
    #[test]
    fn no_digit_is_lost(text in r"([0-9]{1,4}|[a-ln-z<>≤≥=+~ :,()-]| mg| x ){1,14}") {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let spoken = speakable(&text, "hi");
        let (written, spoken) = (digits(&text), digits(&spoken));
        prop_assert_eq!(written, spoken);
    }
}
