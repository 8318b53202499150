//! Decimal numbers with the fifteen digits that a spreadsheet keeps.

/// Significant digits of a number in a spreadsheet.
const DIGITS: usize = 15;
/// Characters of a number without a format, at most.
const GENERAL: usize = 11;

/// The number 0.d₁d₂d₃… × 10^`point`, without sign; zero has no digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) digits: Vec<u8>,
    pub(super) point: i32,
}

impl Decimal {
    pub(super) fn of(value: f64) -> Self {
        let written = format!("{:.*e}", DIGITS - 1, value.abs());
        let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
        let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let point = if digits.is_empty() { 0 } else { exponent.parse::<i32>().unwrap_or_default() + 1 };
        Self { digits, point }
    }

    /// Rounds to this number of decimals, half away from zero.
    pub(super) fn rounded(mut self, decimals: i32) -> Self {
        let kept = usize::try_from(self.point.saturating_add(decimals).max(-1) + 1).unwrap_or_default();
        // `kept` is one more than the number of digits that stay, so that it can express none.
        if kept == 0 {
            return Self { digits: Vec::new(), point: 0 };
        }
        let kept = kept - 1;
        if kept >= self.digits.len() {
            return self;
        }
        let goes_up = self.digits[kept] >= 5;
        self.digits.truncate(kept);
        if goes_up {
            loop {
                match self.digits.pop() {
                    Some(9) => {}
                    Some(digit) => {
                        self.digits.push(digit + 1);
                        break;
                    }
                    None => {
                        self.digits.push(1);
                        self.point += 1;
                        break;
                    }
                }
            }
        }
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
        if self.digits.is_empty() {
            self.point = 0;
        }
        self
    }

    /// The digits before the point, none for zero.
    pub(super) fn whole(&self) -> String {
        let count = usize::try_from(self.point).unwrap_or_default();
        (0..count).map(|at| char::from(b'0' + self.digits.get(at).copied().unwrap_or_default())).collect()
    }

    /// The first `count` digits behind the point.
    pub(super) fn decimals(&self, count: usize) -> String {
        let digit = |at: usize| {
            let at = i64::try_from(at).unwrap_or(i64::MAX).saturating_add(i64::from(self.point));
            usize::try_from(at).ok().and_then(|at| self.digits.get(at)).copied().unwrap_or_default()
        };
        (0..count).map(|at| char::from(b'0' + digit(at))).collect()
    }

    fn plain(&self, decimals: usize) -> String {
        let whole = self.whole();
        let decimals = self.decimals(decimals);
        let decimals = decimals.trim_end_matches('0');
        let whole = if whole.is_empty() { "0" } else { &whole };
        if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") }
    }
}

/// A number without a format: at most eleven characters, else with an exponent.
pub(super) fn general(value: f64) -> String {
    let decimal = Decimal::of(value);
    let sign = if value < 0.0 && !decimal.digits.is_empty() { "-" } else { "" };
    let needed = i32::try_from(decimal.digits.len()).unwrap_or_default() - decimal.point;
    let is_small = decimal.point < -3 && usize::try_from(needed).is_ok_and(|needed| needed + 2 > GENERAL);
    let whole = usize::try_from(decimal.point.max(1)).unwrap_or(1);
    let decimals = GENERAL.saturating_sub(whole + 1);
    let rounded = decimal.clone().rounded(i32::try_from(decimals).unwrap_or_default());
    let has_room = usize::try_from(rounded.point).unwrap_or_default() <= GENERAL;
    let written = if is_small || !has_room { scientific(&decimal) } else { rounded.plain(decimals) };
    format!("{sign}{written}")
}

/// A number in scientific form: 1.23457E+12.
fn scientific(decimal: &Decimal) -> String {
    let mantissa = Decimal { digits: decimal.digits.clone(), point: 1 }.rounded(5);
    let exponent = decimal.point - 1 + (mantissa.point - 1);
    let mantissa = Decimal { point: 1, ..mantissa };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}E{sign}{:02}", mantissa.plain(5), exponent.abs())
}

/// Converts a whole number that is not negative.
pub(super) fn to_u64(value: f64) -> u64 {
    format!("{value:.0}").parse().unwrap_or(u64::MAX)
}
