//! The words for signs, units and doses, one table for each language.

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

/// The words before and behind a quantity. In a language that compares with a postposition, "94 से कम", a word between
/// the two sides would reverse the meaning.
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
    /// The words between the ends of a range, and behind it.
    pub to: &'static str,
    pub up_to: &'static str,
    /// An ambiguous hyphen: a range, a minus or part of a telephone number.
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
    /// The slash of `120/80` and `1/3`.
    pub over: &'static str,
    /// The colon of `1:1000`.
    pub ratio: &'static str,
    /// A comma within a number that separates no thousands.
    pub comma: &'static str,
    /// The exponent of `10⁹`.
    pub power: &'static str,
    /// A raised number that may be an exponent or a footnote mark.
    pub raised: &'static str,
    pub lowered: &'static str,
    /// The sign of `#5`.
    pub number: &'static str,
    pub at: &'static str,
    pub and: &'static str,
    /// The currency, behind the amount.
    pub rupees: &'static str,
    /// An empty cell of a table.
    pub blank: &'static str,
    pub empty_box: &'static str,
    pub tick: &'static str,
    pub cross: &'static str,
    pub half: &'static str,
    pub quarter: &'static str,
    pub three_quarters: &'static str,
    pub square: &'static str,
    pub cubic: &'static str,
    /// The word before a divisor: per.
    pub per: &'static str,
    /// Whether that word means "one", which a number replaces: `5 mg/5 ml`.
    pub per_is_one: bool,
    /// Whether the second form of a unit is also its singular: "1 milligram".
    pub has_singular: bool,
    /// The name of each unit behind a number, and behind [`Words::per`].
    pub units: [(&'static str, &'static str); Unit::COUNT],
    /// The frequency `q6h`.
    pub every_hours: Around,
    pub twice_a_day: &'static str,
    pub three_times_a_day: &'static str,
    pub four_times_a_day: &'static str,
    pub at_once: &'static str,
    pub as_needed: &'static str,
}

impl Words {
    /// The table of a language code, such as "ml" or "ml-IN". Languages without one get English words: every voice of
    /// espeak-ng reads Latin letters, and a word that is hard to understand warns, where an unspoken sign misleads.
    pub(super) fn of(language: &str) -> &'static Self {
        let code = language.split(['-', '_']).next().unwrap_or_default();
        TABLES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)).map_or(&english::WORDS, |(_, words)| words)
    }
}

/// The tables, for the languages that the project's voices speak.
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
