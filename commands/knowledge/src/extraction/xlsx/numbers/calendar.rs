//! Dates and times, stored as days since the beginning of 1900 (with a 29 February in that year, which did not exist)
//! or of 1904.

use super::{decimal::to_u64, parse::Token};

/// The serial number of the last day of the year 9999.
const LAST_DAY: u64 = 2_958_465;
/// Days between the first days of the two date systems.
const UNTIL_1904: u64 = 1_462;
const SECONDS_A_DAY: u64 = 86_400;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The date and time of a value; `None` if it is out of range.
pub(super) fn written(tokens: &[Token], value: f64, from_1904: bool) -> Option<String> {
    let precision = tokens
        .iter()
        .filter_map(|token| if let Token::Fraction(digits) = token { Some((*digits).min(3)) } else { None });
    let most = precision.max().unwrap_or_default();
    let parts = 10_u64.pow(u32::try_from(most).unwrap_or_default());
    if !(0.0..=3_000_000.0).contains(&value) {
        return None;
    }
    // Rounded to the smallest shown part of a second; larger units are truncated.
    let in_all = to_u64(value * 86_400.0 * f64::from(u32::try_from(parts).ok()?));
    let (seconds, part) = (in_all / parts, in_all % parts);
    let (day, second) = (seconds / SECONDS_A_DAY, seconds % SECONDS_A_DAY);
    let serial = if from_1904 { day + UNTIL_1904 } else { day };
    if serial > LAST_DAY {
        return None;
    }
    let (year, month, date) = date_of(serial, from_1904);
    let weekday = usize::try_from((serial + 6) % 7).unwrap_or_default();
    let has_halves = tokens.iter().any(|token| matches!(token, Token::HalfDay(_)));
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    let mut text = String::new();
    for token in tokens {
        match token {
            Token::Literal(literal) => text.push_str(literal),
            Token::Time('y', 1 | 2) => text.extend([format!("{:02}", year % 100)]),
            Token::Time('y', _) => text.extend([format!("{year:04}")]),
            Token::Time('b', 1 | 2) => text.extend([format!("{:02}", (year + 543) % 100)]),
            Token::Time('b', _) => text.push_str(&(year + 543).to_string()),
            Token::Time('m', count) => named(*count, month, MONTHS[usize::try_from(month - 1).ok()?], &mut text),
            Token::Time('d', count) => named(*count, date, WEEKDAYS[weekday], &mut text),
            Token::Time('h', count) => {
                let shown = if has_halves { (hour + 11) % 12 + 1 } else { hour };
                named((*count).min(2), shown, "", &mut text);
            }
            Token::Time('n', count) => named(*count, minute, "", &mut text),
            Token::Time('s', count) => named((*count).min(2), second % 60, "", &mut text),
            Token::Elapsed(kind, count) => {
                let unit = match kind {
                    'h' => 3_600,
                    'm' => 60,
                    _ => 1,
                };
                text.extend([format!("{:0count$}", seconds / unit, count = *count)]);
            }
            Token::Fraction(digits) => {
                let digits = (*digits).min(3);
                let written = format!("{part:0most$}");
                if digits > 0 {
                    text.push('.');
                    text.push_str(&written[..digits.min(written.len())]);
                }
            }
            Token::HalfDay(is_letter) => {
                let half = if hour < 12 { "AM" } else { "PM" };
                text.push_str(if *is_letter { &half[..1] } else { half });
            }
            Token::Slash => text.push('/'),
            Token::Point => text.push('.'),
            Token::Comma => text.push(','),
            Token::Percent => text.push('%'),
            Token::Digit(digit) if *digit == '0' => text.push('0'),
            _ => {}
        }
    }
    Some(text)
}

/// A part of a date in the length of its code: `5`, `05`, `Mar`, `March`, `M`.
fn named(count: usize, number: u64, name: &str, text: &mut String) {
    match count {
        1 => text.push_str(&number.to_string()),
        2 => text.extend([format!("{number:02}")]),
        3 => text.push_str(&name[..3.min(name.len())]),
        5 => text.push_str(&name[..1.min(name.len())]),
        _ => text.push_str(name),
    }
}

fn date_of(serial: u64, from_1904: bool) -> (u64, u64, u64) {
    match serial {
        0 => return (1900, 1, 0),
        60 if !from_1904 => return (1900, 2, 29),
        _ => {}
    }
    // Days since 1 March of the year 0: leap days are the last day of such years.
    let days = serial + u64::from(serial < 60) + 693_899;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let date = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + u64::from(month <= 2), month, date)
}
