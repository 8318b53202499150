//! Forms of English words that no stemmer connects: irregular ones, and nouns with their verbs and adjectives that
//! questions and guides use for each other ("anaphylactic shock", "Anaphylaxis"). Names of drugs are not among them.

/// The stem that represents a pair of forms.
pub(super) fn one_for_both(stem: &str) -> &str {
    FORMS.binary_search_by_key(&stem, |(form, _)| form).map_or(stem, |at| FORMS[at].1)
}

/// Pairs of stems, sorted.
const FORMS: &[(&str, &str)] = &[
    ("allerg", "allergi"),
    ("anaphylact", "anaphylaxi"),
    ("anem", "anemia"),
    ("asthmat", "asthma"),
    ("bitten", "bite"),
    ("bled", "bleed"),
    ("breastf", "breastfeed"),
    ("breastfe", "breastfeed"),
    ("deliveri", "deliv"),
    ("diagnosi", "diagnos"),
    ("diarrheal", "diarrhea"),
    ("dosag", "dose"),
    ("eclampt", "eclampsia"),
    ("epilept", "epilepsi"),
    ("feet", "foot"),
    ("gave", "give"),
    ("given", "give"),
    ("hyperglycem", "hyperglycemia"),
    ("hypoglycem", "hypoglycemia"),
    ("malari", "malaria"),
    ("maxim", "maximum"),
    ("men", "man"),
    ("preeclampt", "preeclampsia"),
    ("pregnanc", "pregnant"),
    ("prophylact", "prophylaxi"),
    ("safeti", "safe"),
    ("septic", "sepsi"),
    ("storag", "store"),
    ("taken", "take"),
    ("teeth", "tooth"),
    ("therapeut", "therapi"),
    ("thrombot", "thrombosi"),
    ("took", "take"),
    ("women", "woman"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_are_sorted_and_stand_for_no_other() {
        assert!(FORMS.is_sorted());
        for (_, stem) in FORMS {
            assert_eq!(one_for_both(stem), *stem);
        }
    }
}
