//! Quantities: numbers with units, ranges and dose patterns.

use super::{
    figures::{Figure, Text},
    signs::{Token, on_the_line},
    units::{Place, Unit},
};

/// A quantity in the text.
#[derive(Debug)]
pub(super) struct Quantity {
    pub end: usize,
    pub text: String,
    /// Whether it is an amount of a drug, which a frequency such as "BD" may follow.
    pub is_dose: bool,
}

/// A compound of units: `mg/kg/day`.
#[derive(Debug)]
struct Units {
    end: usize,
    text: String,
    /// The first unit that is not a divisor.
    unit: Option<Unit>,
    is_dose: bool,
}

impl Text<'_> {
    /// The quantity that begins here; a range or a product is a single one.
    pub(super) fn quantity(&self, at: usize) -> Option<Quantity> {
        let mut all = self.range(at)?;
        loop {
            let sign = self.after_blank(all.end);
            let is_times = matches!(self.at(sign), Some(Token::Sign('×' | '*') | Token::Word("x" | "X")));
            let Some(next) = is_times.then(|| self.range(self.after_blank(sign + 1))).flatten() else {
                return Some(all);
            };
            all.text.extend([" ", self.words.times, " ", &next.text]);
            all.end = next.end;
            all.is_dose = next.is_dose || all.is_dose;
        }
    }

    /// Units without a number before them.
    pub(super) fn bare_units(&self, at: usize) -> Option<(usize, String)> {
        self.units(at, Place::Anywhere, false).map(|units| (units.end, units.text))
    }

    fn range(&self, at: usize) -> Option<Quantity> {
        let first = self.signed(at)?;
        if let Some(chain) = self.chain(at, &first) {
            return Some(chain);
        }
        let (mut text, mut end, units) = self.with_units(&first);
        let mut is_dose = units.as_ref().is_some_and(|units| units.is_dose);
        if let Some((start, is_even)) = self.joint(end)
            && let Some(last) = self.signed(start)
        {
            let (last_text, last_end, last_units) = self.with_units(&last);
            let unit = |units: &Option<Units>| units.as_ref().and_then(|units| units.unit);
            let have_same = units.is_none() || unit(&units) == unit(&last_units);
            let is_rising = first.value.zip(last.value).is_some_and(|(first, last)| first < last);
            let are_amounts =
                last_units.is_some() || !self.is_number_of_something(at) && !self.is_number_of_something(start);
            let is_range = is_even && is_rising && have_same && are_amounts;
            if !have_same && is_even {
                return Some(Quantity { end, text, is_dose });
            }
            let (name, up_to) = if is_range { (self.words.to, self.words.up_to) } else { (self.words.dash, "") };
            text.extend([" ", name, " ", &last_text]);
            if !up_to.is_empty() {
                text.extend([" ", up_to]);
            }
            end = last_end;
            is_dose |= last_units.is_some_and(|units| units.is_dose);
        }
        Some(Quantity { end, text, is_dose })
    }

    /// Whether the digits are a telephone or file number rather than an amount.
    fn is_number_of_something(&self, at: usize) -> bool {
        match self.at(at) {
            Some(Token::Number(number)) => {
                let digits = number.bytes().take_while(u8::is_ascii_digit).count();
                digits > 4 || (digits > 1 && number.starts_with('0'))
            }
            _ => false,
        }
    }

    /// The range sign at this place: the start of the second number, and whether both sides of the sign are spaced
    /// alike. "5 -10" may be two numbers.
    fn joint(&self, end: usize) -> Option<(usize, bool)> {
        let sign = self.after_blank(end);
        let Some(Token::Sign('-' | '–' | '~')) = self.at(sign) else { return None };
        let start = self.after_blank(sign + 1);
        Some((start, (sign == end) == (start == sign + 1)))
    }

    /// Three or more numbers with hyphens: `1-0-1` is a dose in the morning, at noon and at night; `2024-05-12` is a
    /// date.
    fn chain(&self, at: usize, first: &Figure) -> Option<Quantity> {
        let mut parts = vec![(at, first.text.clone(), first.value)];
        let mut end = first.end;
        while let Some(Token::Sign('-' | '–')) = self.at(end)
            && let Some(next) = self.figure(end + 1)
        {
            parts.push((end + 1, next.text, next.value));
            end = next.end;
        }
        if parts.len() < 3 {
            return None;
        }
        let is_pattern = parts.iter().all(|(_, _, value)| value.is_some_and(|value| (0.0..10.0).contains(&value)));
        let lengths = parts.iter().map(|(at, ..)| match self.at(*at) {
            Some(Token::Number(number)) => number.len(),
            _ => 0,
        });
        let lengths: Vec<usize> = lengths.collect();
        let is_date = matches!(lengths.as_slice(), [4, 1 | 2, 1 | 2] | [1 | 2, 1 | 2, 4]);
        let joint = if is_pattern || is_date { ", ".to_owned() } else { format!(" {} ", self.words.dash) };
        let texts: Vec<String> = parts.into_iter().map(|(_, text, _)| text).collect();
        let mut chain = Quantity { end, text: texts.join(&joint), is_dose: false };
        if let Some(units) = self.units(end, Place::AfterNumber, false) {
            chain = Quantity { end: units.end, text: format!("{} {}", chain.text, units.text), is_dose: units.is_dose };
        }
        Some(chain)
    }

    fn with_units(&self, figure: &Figure) -> (String, usize, Option<Units>) {
        let is_one = figure.text == "1" || figure.fraction.is_some();
        match self.units(figure.end, Place::AfterNumber, is_one) {
            Some(units) => {
                let number = figure.fraction.filter(|_| units.unit.is_some()).unwrap_or(&figure.text);
                (format!("{number} {}", units.text), units.end, Some(units))
            }
            None => (figure.text.clone(), figure.end, None),
        }
    }

    /// The units that begin here, perhaps behind a blank or a slash.
    fn units(&self, at: usize, place: Place, is_one: bool) -> Option<Units> {
        let mut units = Units { end: at, text: String::new(), unit: None, is_dose: false };
        let start = if place == Place::Anywhere { at } else { self.after_blank(at) };
        if let Some((end, unit, exponent)) = self.unit(start, place) {
            units.text = match exponent {
                -3..=-1 => self.per(None, unit, exponent),
                _ => self.name(unit, exponent, !is_one),
            };
            units.unit = (exponent >= 0).then_some(unit);
            units.is_dose = unit.is_of_doses();
            units.end = end;
        }
        while let Some((end, divisor, text)) = self.divisor(units.end, !units.text.is_empty()) {
            units.text.extend([if units.text.is_empty() { "" } else { " " }, &text]);
            units.is_dose &= !matches!(divisor, Unit::Litre | Unit::Decilitre | Unit::Millilitre);
            units.end = end;
        }
        (!units.text.is_empty()).then_some(units)
    }

    /// A divisor: "/kg", "/5 ml", " kg⁻¹".
    fn divisor(&self, at: usize, has_unit: bool) -> Option<(usize, Unit, String)> {
        if matches!(self.at(at), Some(Token::Blank(_) | Token::Sign('·' | '⋅'))) && has_unit {
            let (end, unit, exponent) = self.unit(at + 1, Place::AfterStroke)?;
            if exponent < 0 {
                return Some((end, unit, self.per(None, unit, exponent)));
            }
        }
        let stroke = if has_unit { self.after_blank(at) } else { at };
        if !self.is_sign(stroke, '/') {
            return None;
        }
        // Blanks on both sides of the slash, or on none.
        let start = if stroke > at { self.after_blank(stroke + 1) } else { stroke + 1 };
        if let Some((end, unit, exponent @ 0..)) = self.unit(start, Place::AfterStroke) {
            return Some((end, unit, self.per(None, unit, exponent)));
        }
        let number = self.figure(start).filter(|_| has_unit)?;
        let (end, unit, exponent) = self.unit(self.after_blank(number.end), Place::AfterNumber)?;
        // "400 mg/80 mg" are two drugs in one tablet.
        let divides = exponent >= 0 && !matches!(unit, Unit::Milligram | Unit::Microgram | Unit::Gram | Unit::Percent);
        divides.then(|| (end, unit, self.per(Some(&number.text), unit, exponent)))
    }

    /// The unit that begins here, and its exponent; 0 if it has none.
    fn unit(&self, at: usize, place: Place) -> Option<(usize, Unit, i8)> {
        if place > Place::Anywhere
            && let Some((end, unit)) = self.unit_of_india(at)
        {
            return Some((end, unit, 0));
        }
        let mut buffer = [0; 4];
        let letters = match self.at(at)? {
            Token::Word(word) => word,
            Token::Sign('°') => return Some((at + 1, Unit::Degree, 0)),
            Token::Sign(sign) => sign.encode_utf8(&mut buffer),
            _ => return None,
        };
        if letters == "mm"
            && matches!(self.at(at + 1), Some(Token::Blank(_)))
            && self.at(at + 2) == Some(Token::Word("Hg"))
        {
            return Some((at + 3, Unit::MmHg, 0));
        }
        let raised = match self.at(at + 1) {
            Some(Token::Raised(raised)) => Some(on_the_line(raised)),
            _ => None,
        };
        let exponent = raised.as_deref().and_then(|raised| match raised {
            "2" | "3" | "-1" | "-2" | "-3" => raised.parse::<i8>().ok(),
            _ => None,
        });
        if let Some(exponent) = exponent
            && let Some(unit) = Unit::of(letters, Place::AfterStroke)
            && (exponent == -1 || unit.is_length())
        {
            return Some((at + 2, unit, exponent));
        }
        if let Some(unit) = Unit::of(letters, place) {
            let is_caret = self.is_sign(at + 1, '^') && unit.is_length();
            return match self.at(at + 2) {
                Some(Token::Number("2")) if is_caret => Some((at + 3, unit, 2)),
                Some(Token::Number("3")) if is_caret => Some((at + 3, unit, 3)),
                _ => Some((at + 1, unit, 0)),
            };
        }
        let (base, exponent) =
            letters.strip_suffix('2').map(|base| (base, 2)).or_else(|| Some((letters.strip_suffix('3')?, 3)))?;
        let unit = Unit::of(base, Place::AfterStroke).filter(|unit| unit.is_length() && place > Place::Anywhere)?;
        Some((at + 1, unit, exponent))
    }

    /// The unit that a name or an abbreviation in an Indian script stands for: "मि.ग्रा.", "മില്ലി ഗ്രാം". A full stop
    /// before a slash does not end a sentence.
    fn unit_of_india(&self, at: usize) -> Option<(usize, Unit)> {
        let is_between = |at: usize| usize::from(self.is_sign(at, '.'));
        let word = |at: usize| match self.at(at) {
            Some(Token::Word(word)) if !word.is_ascii() => Some(word),
            _ => None,
        };
        let first = word(at)?;
        let second = self.after_blank(at + 1 + is_between(at + 1));
        let unit = |name: &str| Unit::of(domain::words::unit(&domain::words::letters(name))?, Place::AfterNumber);
        let both = word(second).and_then(|word| Some((second + 1, unit(&format!("{first}{word}"))?)));
        let (end, unit) = both.or_else(|| Some((at + 1, unit(first)?)))?;
        let is_before_stroke = self.is_sign(end, '.') && self.is_sign(end + 1, '/');
        Some((end + usize::from(is_before_stroke), unit))
    }

    fn name(&self, unit: Unit, exponent: i8, is_many: bool) -> String {
        let (many, one) = self.words.units[unit as usize];
        let name = if is_many || !self.words.has_singular { many } else { one };
        format!("{}{name}", self.power_of_length(exponent))
    }

    fn per(&self, number: Option<&str>, unit: Unit, exponent: i8) -> String {
        let words = self.words;
        let power = self.power_of_length(exponent.abs());
        let (many, one) = words.units[unit as usize];
        match number {
            None => format!("{} {power}{one}", words.per),
            Some(number) => {
                let per = if words.per_is_one { "" } else { words.per };
                let name = if words.has_singular && number != "1" { many } else { one };
                format!("{per} {number} {power}{name}").trim_start().to_owned()
            }
        }
    }

    fn power_of_length(&self, exponent: i8) -> String {
        match exponent {
            2 => format!("{} ", self.words.square),
            3 => format!("{} ", self.words.cubic),
            _ => String::new(),
        }
    }
}
