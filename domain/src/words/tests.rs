use std::collections::HashMap;

use icu_collator::{Collator, CollatorBorrowed, options::CollatorOptions, options::Strength};

use super::*;

/// The languages of the supported scripts, each with the first code point of its block.
const LANGUAGES: [(&str, u32); 9] = [
    ("hi", 0x0900),
    ("mr", 0x0900),
    ("bn", 0x0980),
    ("pa", 0x0a00),
    ("gu", 0x0a80),
    ("ta", 0x0b80),
    ("te", 0x0c00),
    ("kn", 0x0c80),
    ("ml", 0x0d00),
];

fn collator(locale: &str) -> CollatorBorrowed<'static> {
    let mut options = CollatorOptions::default();
    options.strength = Some(Strength::Primary);
    let locale: icu_collator::CollatorPreferences = locale.parse::<icu_locale_core::Locale>().expect("a locale").into();
    Collator::try_new(locale, options).expect("its data is compiled in")
}

/// Letters, signs and digits of a block, and the joiners.
fn characters(block: u32) -> Vec<char> {
    let joiners = ['\u{200c}', '\u{200d}'];
    let of_block = (block..block + 0x80).filter_map(char::from_u32);
    of_block
        .filter(|c| c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(*c))
        .chain(joiners)
        .collect()
}

fn place(text: &str) -> u32 {
    text.chars().next().map_or(0, u32::from) & 0x7f
}

fn is_virama(text: &str) -> bool {
    matches!(place(text), 0x4d) || matches!(text, "\u{d3b}" | "\u{d3c}")
}

fn is_consonant(text: &str) -> bool {
    matches!(place(text), 0x15..=0x39)
}

#[test]
fn what_the_collations_of_icu_take_for_the_same_is_the_same() {
    for (language, block) in LANGUAGES {
        let ka = char::from_u32(block + 0x15).expect("a letter");
        let ends: Vec<String> = characters(block).iter().map(char::to_string).chain([String::new()]).collect();
        for collator in [collator("und"), collator(language)] {
            // Words with the same key are the same for ICU.
            let mut folded: HashMap<Vec<u8>, (String, String)> = HashMap::new();
            for (one, other) in ends.iter().flat_map(|one| ends.iter().map(move |other| (one, other))) {
                // A virama counts only behind a consonant.
                if is_virama(other) && !is_consonant(one) {
                    continue;
                }
                let word = format!("{ka}{one}{other}{ka}");
                let mut key = Vec::new();
                collator.write_sort_key_to(&word, &mut key).expect("a vector takes all");
                let (first, spelled) = folded.entry(key).or_insert_with(|| (word.clone(), fold(&word)));
                assert_eq!(*spelled, fold(&word), "{language}: {} {}", first.escape_unicode(), word.escape_unicode());
            }
        }
    }
}

#[test]
fn words_are_the_same_however_they_are_spelled() {
    for (one, other) in [
        // Nukta, candrabindu and anusvara, visarga, joiners.
        ("बुख़ार", "बुखार"),
        ("\u{958}लम", "क\u{93c}लम"),
        ("\u{958}लम", "कलम"),
        ("जाँच", "जांच"),
        ("पहुँच", "पहुंच"),
        ("दुःख", "दुख"),
        ("रक्\u{200d}त", "रक्त"),
        ("पंद्रह", "पन्द्रह"),
        ("संबंध", "सम्बन्ध"),
        ("इंसुलिन", "इन्सुलिन"),
        ("डॉक्टर", "डाक्टर"),
        ("चाहिये", "चाहिए"),
        ("गयी", "गई"),
        ("कर्त्तव्य", "कर्तव्य"),
        ("५०० मिलीग्राम", "500 mg"),
        ("५ मि.ग्रा.", "5 mg."),
        ("10 मि.ली.", "10 ml."),
        // Chillus, nta, au, doubled letters, anusvara.
        ("അവൻ", "അവന്\u{200d}"),
        ("പാൽ", "പാല്\u{200d}"),
        ("ന്റെ", "ൻ്റെ"),
        ("ന്റെ", "ൻറെ"),
        ("പൗരൻ", "പൌരൻ"),
        ("സമ്മർദം", "സമ്മർദ്ദം"),
        ("അർഥം", "അർത്ഥം"),
        ("വർധന", "വർദ്ധന"),
        ("സംബന്ധം", "സമ്ബന്ധം"),
        ("ശംഖ്", "ശങ്ഖ്"),
        ("൧൦ മില്ലിഗ്രാം", "10 mg"),
        ("10 മി.ഗ്രാം", "10 mg"),
        ("ക്\u{200c}ഷ", "ക്ഷ"),
        // Others.
        ("ಗ್ರಂಥ", "ಗ್ರನ್ಥ"),
        ("సంబంధం", "సమ్బన్ధం"),
        ("ব্যাঙ্ক", "ব্যাংক"),
        ("চাঁদ", "চাদ"),
        ("ਬੱਚਾ", "ਬਚਾ"),
        ("સંબંધ", "સમ્બન્ધ"),
        ("௧௦", "10"),
        // Initials, and units in two words or in more languages.
        ("ഒ.ആർ.എസ് ലായനി", "ഒആർഎസ് ലായനി"),
        ("ओ.आर.एस. दें", "ओआरएस. दें"),
        ("टी.बी", "टीबी"),
        ("5 मि.ली.दें", "5 ml.दें"),
        ("5 മില്ലി ഗ്രാം", "5 mg"),
        ("5 मिली ग्राम", "5 mg"),
        ("5 मिली लीटर", "5 ml"),
        ("5 മില്ലീലിറ്റർ", "5 ml"),
        ("5 मिलिग्रॅम", "5 mg"),
        ("5 மி.கி.", "5 mg."),
        ("5 மி. லி.", "5 ml."),
        ("৫ মিলিগ্রাম", "5 mg"),
        ("5 మి.గ్రా.", "5 mg."),
        ("5 ಮಿ.ಗ್ರಾಂ", "5 mg"),
        ("5 મિ.ગ્રા.", "5 mg."),
        ("5 ਮਿਲੀਗ੍ਰਾਮ", "5 mg"),
    ] {
        assert_eq!(fold(one), fold(other), "{one} {other}");
    }
}

#[test]
fn other_words_stay_apart() {
    for (one, other) in [
        ("10⁹", "109"),
        ("2½", "21/2"),
        ("5 µg", "5 mg"),
        ("5 g", "5 mg"),
        ("50", "500"),
        ("0.5", "5"),
        ("1,2", "12"),
        ("पानी", "पाना"),
        ("दस", "दो"),
        ("പനി", "പന്നി"),
        ("പത്ത്", "പാത"),
        ("hypertension", "hypotension"),
        ("hydralazine", "hydroxyzine"),
        ("chlorpromazine", "chlorpropamide"),
        ("ephedrine", "epinephrine"),
        ("epinephrine", "norepinephrine"),
        ("penicillin", "penicillamine"),
        ("5 मिलीग्राम", "5 माइक्रोग्राम"),
        ("5 மில்லிகிராம்", "5 கிராம்"),
        ("5 IU", "5 units"),
        ("6·10", "610"),
        ("non-alcoholic", "alcoholic"),
        ("ileum", "ilium"),
    ] {
        assert_ne!(fold(one), fold(other), "{one} {other}");
    }
}

#[test]
fn english_words_of_medicine_are_the_same_in_both_spellings() {
    for (one, other) in [
        ("anaemia", "anemia"),
        ("Haemorrhage", "hemorrhage"),
        ("paediatric", "pediatric"),
        ("oedema", "edema"),
        ("diarrhoea", "diarrhea"),
        ("foetus", "fetus"),
        ("oesophagus", "esophagus"),
        ("gynaecology", "gynecology"),
        ("caesarean", "cesarean"),
        ("immunise", "immunize"),
        ("sterilising", "sterilizing"),
        ("hospitalisation", "hospitalization"),
        ("dialyse", "dialyze"),
        ("tumours", "tumors"),
        ("colour", "color"),
        ("centre", "center"),
        ("millilitres", "ml"),
        ("fibre", "fiber"),
        ("sulphate", "sulfate"),
        ("counselling", "counseling"),
        ("programme", "program"),
        ("pre-eclampsia", "preeclampsia"),
        ("X-ray".replace('-', " ").as_str(), "xray"),
    ] {
        assert_eq!(fold(one), fold(other), "{one} {other}");
    }
    for word in ["does", "toes", "hours", "shoes", "four", "disease", "rise"] {
        assert_eq!(fold(word), word);
    }
}

#[test]
fn a_substance_is_the_same_by_its_international_and_its_older_name() {
    for (one, other) in [
        ("Adrenaline", "epinephrine"),
        ("frusemide", "Furosemide"),
        ("lignocaine", "lidocaine"),
        ("acetaminophen", "paracetamol"),
        ("amoxycillin", "amoxicillin"),
    ] {
        assert_eq!(fold(one), fold(other), "{one} {other}");
    }
}

#[test]
fn numbers_and_units_are_the_same_however_they_are_written() {
    for (one, other) in [
        ("500mg", "500 mg"),
        ("B12", "B 12"),
        (".5 mg", "0.5 mg"),
        ("0·5 mg", "0.5 mg"),
        ("500 mgs", "500 mg"),
        ("0.50", "0.5"),
        ("5.0 mL", "5 ml"),
        ("1,000", "1000"),
        ("1,00,000", "100000"),
        ("T.B.", "TB"),
        ("B.P", "BP"),
        ("i.v. fluid", "IV fluid"),
        ("5 µg", "5 mcg"),
        ("5 μg", "5 micrograms"),
        ("5 grams", "5 g"),
        ("120 mm Hg", "120 mmHg"),
        ("SpO₂", "SpO2"),
        ("10⁹", "10^9"),
        ("5 international units", "5 IU"),
    ] {
        assert_eq!(fold(one), fold(other), "{one} {other}");
    }
    for text in ["1.10.2020", "e.g.this", "1,2", "it. a.", "7:30"] {
        assert_eq!(fold(text), text);
    }
    assert_eq!(fold("98% of"), "98 percent  of");
}
