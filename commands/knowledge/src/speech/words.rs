//! What signs, units and doses are called, one table a language.

mod bengali;
mod english;
mod gujarati;
mod hindi;
mod kannada;
mod malayalam;
mod marathi;
mod punjabi;
mod tamil;
mod telugu;

use super::units::Unit;

/// What stands before and after a quantity. Where a language compares by a postposition, "94 से कम", a word between
/// the two sides would say the reverse.
pub(super) struct Around {
    pub before: &'static str,
    pub after: &'static str,
}

const fn before(words: &'static str) -> Around {
    Around { before: words, after: "" }
}

const fn after(words: &'static str) -> Around {
    Around { before: "", after: words }
}

/// The words of one language.
pub(super) struct Words {
    pub less: Around,
    pub more: Around,
    pub at_least: Around,
    pub at_most: Around,
    /// Between the ends of a range, and after it.
    pub to: &'static str,
    pub up_to: &'static str,
    /// A hyphen of which nobody knows whether it is a range, a minus or a mark in a number of a telephone.
    pub dash: &'static str,
    pub minus: &'static str,
    pub plus: &'static str,
    pub plus_minus: &'static str,
    pub times: &'static str,
    pub divided: &'static str,
    pub equals: &'static str,
    pub not_equal: &'static str,
    pub about: &'static str,
    pub arrow: &'static str,
    pub up: &'static str,
    pub down: &'static str,
    /// `120/80`, `1/3`.
    pub over: &'static str,
    /// `1:1000`.
    pub ratio: &'static str,
    /// A comma within a number that separates no thousands.
    pub comma: &'static str,
    /// `10⁹`.
    pub power: &'static str,
    /// A raised number of which nobody knows whether it is an exponent or the mark of a footnote.
    pub raised: &'static str,
    pub lowered: &'static str,
    /// `#5`.
    pub number: &'static str,
    pub at: &'static str,
    pub and: &'static str,
    /// After the amount.
    pub rupees: &'static str,
    /// What an empty cell of a table holds.
    pub blank: &'static str,
    pub empty_box: &'static str,
    pub tick: &'static str,
    pub cross: &'static str,
    pub half: &'static str,
    pub quarter: &'static str,
    pub three_quarters: &'static str,
    pub square: &'static str,
    pub cubic: &'static str,
    /// What stands before a unit that another one is divided by: per.
    pub per: &'static str,
    /// Whether that word is "one", which another number takes the place of: `5 mg/5 ml`.
    pub per_is_one: bool,
    /// Whether the second form of a unit is also that of one: "1 milligram".
    pub has_singular: bool,
    /// The name of a unit after a number, and after [`Words::per`].
    pub units: [(&'static str, &'static str); Unit::COUNT],
    /// `q6h`.
    pub every_hours: Around,
    pub twice_a_day: &'static str,
    pub three_times_a_day: &'static str,
    pub four_times_a_day: &'static str,
    pub at_once: &'static str,
    pub as_needed: &'static str,
}

impl Words {
    /// The table of a language, such as "ml" or "ml-IN". Languages without one get English words: every voice of espeak-ng reads
    /// Latin letters, and a word that is hard to understand warns, where a sign that is not spoken misleads.
    pub(super) fn of(language: &str) -> &'static Self {
        let code = language.split(['-', '_']).next().unwrap_or_default();
        TABLES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)).map_or(&english::WORDS, |(_, words)| words)
    }
}

/// The languages that the project's voices speak.
pub(super) const TABLES: [(&str, &Words); 10] = [
    ("en", &english::WORDS),
    ("ml", &malayalam::WORDS),
    ("hi", &hindi::WORDS),
    ("ta", &tamil::WORDS),
    ("te", &telugu::WORDS),
    ("kn", &kannada::WORDS),
    ("mr", &marathi::WORDS),
    ("gu", &gujarati::WORDS),
    ("pa", &punjabi::WORDS),
    ("bn", &bengali::WORDS),
];
