use proptest::prelude::*;

use super::*;

#[test]
fn a_sentence_ends_where_the_next_one_certainly_begins() {
    assert_eq!(sentences("Give zinc. Then wait! Why? It helps."), ["Give zinc.", "Then wait!", "Why?", "It helps."]);
    assert_eq!(sentences("पानी दें। फिर रुकें। ज़िंक दें."), ["पानी दें।", "फिर रुकें।", "ज़िंक दें."]);
    assert_eq!(sentences("സിങ്ക് നൽകുക. പിന്നെ കാത്തിരിക്കുക."), ["സിങ്ക് നൽകുക.", "പിന്നെ കാത്തിരിക്കുക."]);
    assert_eq!(sentences("The dose is 20. Higher ones harm."), ["The dose is 20.", "Higher ones harm."]);
    assert_eq!(sentences("(Give zinc.) “Wait.” Then"), ["(Give zinc.)", "“Wait.”", "Then"]);
}

#[test]
fn an_abbreviation_in_a_prescription_ends_no_sentence() {
    for whole in [
        "Never give Inj. Adrenaline 1 mg undiluted to a patient with a pulse.",
        "Avoid Vit. A supplements above 10000 units in pregnancy.",
        "Do not give more than 2 Tabs. Paracetamol 650 mg in six hours to a child.",
        "Do not inject 100 I.U. Insulin at once.",
        "No. Of puffs in a day must not exceed 10.",
        "Not more than approx. 40 g of it.",
        "Give Tab. Zinc 20 mg b.d. After food only.",
        "Ask Dr. Nair, e.g. On Monday, or St. Mary's.",
        "Give conc. 5 % of it.",
        "Never give (Inj. Digoxin) to him.",
        "Never give **Inj. Digoxin** to him.",
        "Steps: 1. Wash your hands",
        "Give morphine 5. - 10 mg at most.",
        "Never give Syp. Paracetamol above 60 ml in a day.",
        "Give 5 mg. / kg of it.",
    ] {
        assert_eq!(sentences(whole), [whole]);
    }
}

#[test]
fn a_dose_in_malayalam_or_hindi_is_not_cut_in_its_unit() {
    for whole in [
        "പാരസെറ്റമോൾ ഗുളിക 500 മി.ഗ്രാം ദിവസം മൂന്നു നേരം",
        "പാരസെറ്റമോൾ 500 മി. ഗ്രാം. ദിവസം മൂന്നു നേരം",
        "पैरासिटामोल 500 मि.ग्रा. दिन में तीन बार",
        "बच्चों को 5 मि.ली. सिरप दें।",
        "பாராசிட்டமால் 500 மி. கி. மூன்று முறை",
        "প্যারাসিটামল 500 মি. গ্রা. দিনে তিন বার",
        "गर्भवती महिला को कभी न दें इंज. मेथोट्रेक्सेट 10 मि.ग्रा. की सुई।",
    ] {
        assert_eq!(sentences(whole), [whole]);
    }
}

proptest! {
    #[test]
    fn nothing_of_a_text_is_lost(text in "(\\PC|[.!? ]){0,80}") {
        let visible = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        prop_assert_eq!(visible(&sentences(&text).concat()), visible(&text));
    }
}
