//! Substances with two names: the older one of the British Pharmacopoeia or that of the United States, and the
//! international non-proprietary name (WHO's lists; MHRA: "Changing substance names from BANs to rINNs"). Guides of
//! India have both.

/// The international name of a substance, if the word, folded and in lower case, is another name of it.
pub(super) fn international(word: &str) -> Option<&'static str> {
    NAMES.binary_search_by_key(&word, |(name, _)| name).ok().map(|at| NAMES[at].1)
}

/// Pairs of other name and international name in folded spelling ("estradiol", "sulfadiazine"), sorted.
const NAMES: &[(&str, &str)] = &[
    ("acetaminophen", "paracetamol"),
    ("adrenaline", "epinephrine"),
    ("albuterol", "salbutamol"),
    ("amoxycillin", "amoxicillin"),
    ("beclomethasone", "beclometasone"),
    ("cephalexin", "cefalexin"),
    ("cephazolin", "cefazolin"),
    ("cephradine", "cefradine"),
    ("chlorpheniramine", "chlorphenamine"),
    ("cholecalciferol", "colecalciferol"),
    ("cyclosporin", "ciclosporin"),
    ("cyclosporine", "ciclosporin"),
    ("dicyclomine", "dicycloverine"),
    ("frusemide", "furosemide"),
    ("gentamycin", "gentamicin"),
    ("glyburide", "glibenclamide"),
    ("guaiphenesin", "guaifenesin"),
    ("hydroxyurea", "hydroxycarbamide"),
    ("indomethacin", "indometacin"),
    ("isoproterenol", "isoprenaline"),
    ("lignocaine", "lidocaine"),
    ("meperidine", "pethidine"),
    ("methylergonovine", "methylergometrine"),
    ("noradrenaline", "norepinephrine"),
    ("phenobarbitone", "phenobarbital"),
    ("rifampin", "rifampicin"),
    ("salicylazosulfapyridine", "sulfasalazine"),
    ("succinylcholine", "suxamethonium"),
    ("thiopentone", "thiopental"),
    ("trimeprazine", "alimemazine"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_sorted_and_international_names_are_no_others() {
        assert!(NAMES.is_sorted());
        assert!(NAMES.iter().all(|(_, name)| international(name).is_none()));
    }
}
