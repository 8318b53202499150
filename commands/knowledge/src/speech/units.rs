//! The letters that stand for units, and the places where they do.

use strum::EnumCount;

/// The units of health workers' answers; each language's table lists them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumCount)]
pub(super) enum Unit {
    Milligram,
    Microgram,
    Nanogram,
    Gram,
    Kilogram,
    Millilitre,
    Microlitre,
    Decilitre,
    Litre,
    Millimetre,
    Centimetre,
    Metre,
    Millimole,
    Micromole,
    Mole,
    Milliequivalent,
    MmHg,
    International,
    /// Units of insulin and the like: `U`.
    Plain,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
    Kilocalorie,
    Tablet,
    Capsule,
    Teaspoon,
    Tablespoon,
    Drop,
    Dose,
    Percent,
    Permille,
    Degree,
    Celsius,
    Fahrenheit,
}

/// The places where letters stand for a unit; "g", "l" and "min" are other words elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Anywhere,
    AfterNumber,
    /// After the slash of a divisor, or before an exponent.
    AfterStroke,
}

use Place::{AfterNumber, AfterStroke, Anywhere};

const SYMBOLS: [(&str, Unit, Place); 81] = [
    ("mg", Unit::Milligram, Anywhere),
    ("mgs", Unit::Milligram, AfterNumber),
    ("mcg", Unit::Microgram, Anywhere),
    ("µg", Unit::Microgram, Anywhere),
    ("ug", Unit::Microgram, AfterNumber),
    ("ng", Unit::Nanogram, AfterNumber),
    ("g", Unit::Gram, AfterNumber),
    ("gm", Unit::Gram, AfterNumber),
    ("gms", Unit::Gram, AfterNumber),
    ("kg", Unit::Kilogram, Anywhere),
    ("Kg", Unit::Kilogram, AfterNumber),
    ("KG", Unit::Kilogram, AfterNumber),
    ("kgs", Unit::Kilogram, AfterNumber),
    ("ml", Unit::Millilitre, AfterNumber),
    ("mL", Unit::Millilitre, Anywhere),
    ("mls", Unit::Millilitre, AfterNumber),
    ("cc", Unit::Millilitre, AfterNumber),
    ("µl", Unit::Microlitre, Anywhere),
    ("µL", Unit::Microlitre, Anywhere),
    ("dl", Unit::Decilitre, AfterNumber),
    ("dL", Unit::Decilitre, Anywhere),
    ("l", Unit::Litre, AfterNumber),
    ("L", Unit::Litre, AfterNumber),
    ("ltr", Unit::Litre, AfterNumber),
    ("mm", Unit::Millimetre, AfterNumber),
    ("cm", Unit::Centimetre, AfterNumber),
    ("cms", Unit::Centimetre, AfterNumber),
    // Behind a number, "m" may also be months or millions.
    ("m", Unit::Metre, AfterStroke),
    ("mmol", Unit::Millimole, Anywhere),
    ("µmol", Unit::Micromole, Anywhere),
    ("umol", Unit::Micromole, AfterNumber),
    ("mol", Unit::Mole, AfterNumber),
    ("mEq", Unit::Milliequivalent, Anywhere),
    ("meq", Unit::Milliequivalent, AfterNumber),
    ("mmHg", Unit::MmHg, Anywhere),
    ("mmhg", Unit::MmHg, AfterNumber),
    ("IU", Unit::International, Anywhere),
    ("iu", Unit::International, AfterNumber),
    ("U", Unit::Plain, AfterNumber),
    ("s", Unit::Second, AfterStroke),
    ("sec", Unit::Second, AfterNumber),
    ("secs", Unit::Second, AfterNumber),
    ("min", Unit::Minute, AfterNumber),
    ("mins", Unit::Minute, AfterNumber),
    ("minute", Unit::Minute, AfterStroke),
    ("h", Unit::Hour, AfterNumber),
    ("hr", Unit::Hour, AfterNumber),
    ("hrs", Unit::Hour, AfterNumber),
    ("hour", Unit::Hour, AfterStroke),
    ("d", Unit::Day, AfterStroke),
    ("day", Unit::Day, AfterStroke),
    ("wk", Unit::Week, AfterNumber),
    ("wks", Unit::Week, AfterNumber),
    ("week", Unit::Week, AfterStroke),
    ("month", Unit::Month, AfterStroke),
    ("yr", Unit::Year, AfterNumber),
    ("yrs", Unit::Year, AfterNumber),
    ("year", Unit::Year, AfterStroke),
    ("kcal", Unit::Kilocalorie, Anywhere),
    ("tab", Unit::Tablet, AfterNumber),
    ("tabs", Unit::Tablet, AfterNumber),
    ("tablet", Unit::Tablet, AfterNumber),
    ("tablets", Unit::Tablet, AfterNumber),
    ("cap", Unit::Capsule, AfterNumber),
    ("caps", Unit::Capsule, AfterNumber),
    ("capsule", Unit::Capsule, AfterNumber),
    ("capsules", Unit::Capsule, AfterNumber),
    ("tsp", Unit::Teaspoon, AfterNumber),
    ("teaspoon", Unit::Teaspoon, AfterNumber),
    ("tbsp", Unit::Tablespoon, AfterNumber),
    ("tablespoon", Unit::Tablespoon, AfterNumber),
    ("drops", Unit::Drop, AfterNumber),
    ("drop", Unit::Drop, AfterStroke),
    ("dose", Unit::Dose, AfterStroke),
    ("doses", Unit::Dose, AfterNumber),
    ("%", Unit::Percent, Anywhere),
    ("‰", Unit::Permille, Anywhere),
    ("℃", Unit::Celsius, Anywhere),
    ("oC", Unit::Celsius, AfterNumber),
    ("℉", Unit::Fahrenheit, Anywhere),
    ("oF", Unit::Fahrenheit, AfterNumber),
];

impl Unit {
    pub(super) const COUNT: usize = <Self as EnumCount>::COUNT;

    /// The unit that these letters stand for at this place. An exponent within the word, "mm3", is left to the caller.
    pub(super) fn of(letters: &str, place: Place) -> Option<Self> {
        let found = SYMBOLS.iter().find(|(symbol, _, _)| *symbol == letters);
        found.filter(|(_, _, from)| *from <= place).map(|&(_, unit, _)| unit)
    }

    /// Whether its square and its cube are units, too.
    pub(super) fn is_length(self) -> bool {
        matches!(self, Self::Millimetre | Self::Centimetre | Self::Metre)
    }

    /// Whether an amount in it can be a dose, whose frequency "BD" may follow.
    pub(super) fn is_of_doses(self) -> bool {
        matches!(
            self,
            Self::Milligram
                | Self::Microgram
                | Self::Gram
                | Self::Millilitre
                | Self::Millimole
                | Self::Milliequivalent
                | Self::International
                | Self::Plain
                | Self::Tablet
                | Self::Capsule
                | Self::Teaspoon
                | Self::Tablespoon
                | Self::Drop
                | Self::Dose
        )
    }
}
