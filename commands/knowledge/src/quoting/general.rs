//! General words, which occur in questions about anything: they specify for whom, how much or which aspect, but name no
//! subject.

use std::{collections::HashSet, sync::LazyLock};

use crate::retrieval::words::stems;

/// Whether the stem is a general word.
pub(super) fn is_general(stem: &str) -> bool {
    is_unit(stem) || STEMS.contains(stem)
}

/// Whether the stem is a general word and cannot be a subject either: "signs of pregnancy" has a subject, "and for
/// children" has none.
pub(super) fn names_nothing(stem: &str) -> bool {
    is_general(stem) && !SUBJECTS.contains(stem)
}

/// Whether the stem says for whom: the dose for adults is no answer to a question about children.
pub(super) fn is_of_people(stem: &str) -> bool {
    OF_PEOPLE.contains(stem)
}

/// Whether the stem is a unit, which specifies an amount and no subject.
pub(super) fn is_unit(stem: &str) -> bool {
    UNITS.contains(&stem)
}

static STEMS: LazyLock<HashSet<String>> =
    LazyLock::new(|| stems(&[PEOPLE, POPULATIONS, ENGLISH, MALAYALAM, HINDI].join(" ")).into_iter().collect());
static OF_PEOPLE: LazyLock<HashSet<String>> =
    LazyLock::new(|| stems(&[PEOPLE, POPULATIONS].join(" ")).into_iter().collect());
static SUBJECTS: LazyLock<HashSet<String>> = LazyLock::new(|| stems(POPULATIONS).into_iter().collect());

/// Units, as stems.
const UNITS: [&str; 24] = [
    "cm", "day", "drop", "g", "gm", "hour", "iu", "kg", "kilogram", "l", "litr", "mcg", "mg", "minut", "ml", "mmhg",
    "month", "percent", "tablet", "unit", "week", "year", "old", "age",
];

const ENGLISH: &str = "
     allowed amount avoid because best cause caution come contraindicated day diagnose differ disease done dose drug
    effect find first get give go happen help high indicated interval kind know like long low make manage many maximum mean
    medical medicine minimum much need often old patient prevent risk route safe show side sign start symptom
    tablet take tell time treat treatment use
    cap capsule im inj intramuscular intravenous iv oral orally po sc syp syrup tab";

const PEOPLE: &str = "
    adult baby child children infant man mother people person woman
    കുട്ടി കുഞ്ഞ് ശിശു മുതിർന്നവർ സ്ത്രീ അമ്മ
    बच्चा शिशु वयस्क महिला माँ";

const POPULATIONS: &str = "pregnant newborn neonate ഗർഭിണി ഗർഭകാലം गर्भवती गर्भावस्था";

const MALAYALAM: &str = "
    ഡോസ് അളവ് മരുന്ന് ചികിത്സ രോഗം രോഗി ദിവസം തവണ നേരം മണിക്കൂർ മിനിറ്റ് മാസം ആഴ്ച വയസ്സ് വർഷം ഗുളിക
    ലക്ഷണം കാരണം കൂടുതൽ പരമാവധി";

const HINDI: &str = "
    खुराक मात्रा डोज़ दवा दवाई दवाइयाँ औषधि इलाज उपचार रोग बीमारी मरीज़ रोगी दिन बार घंटा मिनट महीना हफ्ता सप्ताह साल वर्ष उम्र आयु गोली
    लक्षण कारण अधिक अधिकतम ज़रूरत";
