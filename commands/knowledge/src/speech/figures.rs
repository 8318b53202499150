//! Numbers with their fractions, exponents and ratios.

use super::{
    signs::{Token, on_the_line},
    words::Words,
};

/// Tokens, and the words of the language that they are read in.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub tokens: &'a [Token<'a>],
    pub words: &'static Words,
}

/// A number in the text.
#[derive(Debug)]
pub(super) struct Figure {
    /// The index of the first token after it.
    pub end: usize,
    pub text: String,
    /// Its value, if that is beyond doubt.
    pub value: Option<f64>,
    /// Its words before a unit if it is a simple fraction: half a tablet; but "grade 1/2" is one or two.
    pub fraction: Option<&'static str>,
}

impl<'a> Text<'a> {
    pub(super) fn at(&self, at: usize) -> Option<Token<'a>> {
        self.tokens.get(at).copied()
    }

    pub(super) fn is_sign(&self, at: usize, sign: char) -> bool {
        self.at(at) == Some(Token::Sign(sign))
    }

    /// The index of the first token from here that is no blank.
    pub(super) fn after_blank(&self, at: usize) -> usize {
        at + usize::from(matches!(self.at(at), Some(Token::Blank(_))))
    }

    fn whole(&self, at: usize) -> Option<&'a str> {
        match self.at(at) {
            Some(Token::Number(number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => Some(number),
            _ => None,
        }
    }

    /// The number that begins here, without a sign.
    pub(super) fn figure(&self, at: usize) -> Option<Figure> {
        let number = match self.at(at)? {
            Token::Number(number) => number,
            Token::Sign(sign) => {
                let (name, value) = self.vulgar(sign)?;
                let fraction = match sign {
                    '½' => Some(self.words.half),
                    '¼' => Some(self.words.quarter),
                    '¾' => Some(self.words.three_quarters),
                    _ => None,
                };
                return Some(Figure { end: at + 1, text: name, value, fraction });
            }
            _ => return None,
        };
        let figure = self.mixed(at).or_else(|| self.parts(at)).unwrap_or_else(|| {
            let (text, value) = self.plain(number);
            Figure { end: at + 1, text, value, fraction: None }
        });
        Some(self.with_exponent(figure, number))
    }

    /// The number with a plus or minus directly before it.
    pub(super) fn signed(&self, at: usize) -> Option<Figure> {
        let (name, is_negative) = match self.at(at)? {
            Token::Sign('-' | '−' | '–') => (self.words.minus, true),
            Token::Sign('+') => (self.words.plus, false),
            _ => return self.figure(at),
        };
        let mut figure = self.figure(at + 1)?;
        figure.text = format!("{name} {}", figure.text);
        figure.fraction = None;
        figure.value = figure.value.map(|value| if is_negative { -value } else { value });
        Some(figure)
    }

    /// A number as every voice reads it: without separators of thousands, and with a digit before the decimal point.
    fn plain(&self, number: &str) -> (String, Option<f64>) {
        if number.bytes().filter(|byte| *byte == b'.').count() > 1 {
            // A date or a version.
            return (number.replace('.', ", "), None);
        }
        let (whole, decimals) = number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
        let whole = match whole {
            "" => "0".to_owned(),
            _ if has_groups(whole) => whole.replace(',', ""),
            _ => whole.to_owned(),
        };
        let text = decimals.map_or_else(|| whole.clone(), |decimals| format!("{whole}.{decimals}"));
        let value = text.parse().ok();
        (text.replace(',', &format!(" {} ", self.words.comma)), value)
    }

    /// A fraction character in words, and its value.
    fn vulgar(&self, sign: char) -> Option<(String, Option<f64>)> {
        let words = self.words;
        let over = |above: u32, below: u32| {
            (format!("{above} {} {below}", words.over), Some(f64::from(above) / f64::from(below)))
        };
        Some(match sign {
            '½' => (words.half.to_owned(), Some(0.5)),
            '¼' => (words.quarter.to_owned(), Some(0.25)),
            '¾' => (words.three_quarters.to_owned(), Some(0.75)),
            '⅓' => over(1, 3),
            '⅔' => over(2, 3),
            '⅕' => over(1, 5),
            '⅖' => over(2, 5),
            '⅗' => over(3, 5),
            '⅘' => over(4, 5),
            '⅙' => over(1, 6),
            '⅚' => over(5, 6),
            '⅛' => over(1, 8),
            '⅜' => over(3, 8),
            '⅝' => over(5, 8),
            '⅞' => over(7, 8),
            _ => return None,
        })
    }

    /// A mixed number, `1½`, `1 ½` or `1 1/2`, as a single number: "one half" would be another dose.
    fn mixed(&self, at: usize) -> Option<Figure> {
        let whole = self.whole(at).filter(|whole| whole.len() < 3)?;
        let next = self.after_blank(at + 1);
        let is_apart = !matches!(self.at(at + 1), Some(Token::Sign(_) | Token::Blank(" ")));
        if is_apart || (next > at + 1 && self.is_after_label(at)) {
            return None;
        }
        let (end, value, name) = match self.at(next)? {
            Token::Sign(sign) => {
                let (name, value) = self.vulgar(sign)?;
                (next + 1, value?, name)
            }
            Token::Number(_) if next > at + 1 => {
                let (above, below) = self.simple_fraction(next)?;
                let value = f64::from(above) / f64::from(below);
                (next + 3, value, format!("{above} {} {below}", self.words.over))
            }
            _ => return None,
        };
        let decimals = [(0.5, "5"), (0.25, "25"), (0.75, "75")].into_iter().find(|(exact, _)| value.eq(exact));
        let text = match decimals {
            Some((_, decimals)) => format!("{whole}.{decimals}"),
            None => format!("{whole} {} {name}", self.words.and),
        };
        let value = whole.parse::<f64>().ok().map(|whole| whole + value);
        Some(Figure { end, text, value, fraction: None })
    }

    /// Whether a label precedes: "Day 1 1/2 tablet" is not a day and a half.
    fn is_after_label(&self, at: usize) -> bool {
        let before = at.checked_sub(2).and_then(|before| self.at(before));
        let Some(Token::Word(word)) = before else { return false };
        LABELS.into_iter().any(|label| label.eq_ignore_ascii_case(word))
    }

    /// A fraction `1/2` with numbers below ten that is no part of a date.
    fn simple_fraction(&self, at: usize) -> Option<(u32, u32)> {
        let digit = |at: usize| self.whole(at).filter(|digits| digits.len() == 1)?.parse::<u32>().ok();
        let (above, below) = (digit(at)?, digit(at + 2)?);
        let is_fraction = self.is_sign(at + 1, '/') && !self.is_sign(at + 3, '/') && above > 0 && above < below;
        is_fraction.then_some((above, below))
    }

    /// Numbers joined by slashes or colons: a fraction, a blood pressure, a date, a time, a ratio.
    fn parts(&self, at: usize) -> Option<Figure> {
        let spaced = self.after_blank(at + 1);
        let is_spaced_ratio = spaced > at + 1
            && self.is_sign(spaced, ':')
            && matches!(self.at(spaced + 1), Some(Token::Blank(_)))
            && matches!(self.at(spaced + 2), Some(Token::Number(_)));
        let (sign, step) = match self.at(at + 1)? {
            Token::Sign(sign @ ('/' | ':')) => (sign, 2),
            _ if is_spaced_ratio => (':', 4),
            _ => return None,
        };
        let mut parts = vec![self.at(at)];
        let mut next = at + step;
        while let Some(Token::Number(_)) = self.at(next) {
            parts.push(self.at(next));
            if step == 4 || !self.is_sign(next + 1, sign) {
                break;
            }
            next += step;
        }
        let parts = parts.into_iter().flatten().filter_map(|part| match part {
            Token::Number(number) => Some(number),
            _ => None,
        });
        let parts: Vec<&str> = parts.collect();
        if parts.len() < 2 {
            return None;
        }
        let end = at + 1 + (parts.len() - 1) * step;
        let spoken = |name: &str| {
            let read: Vec<String> = parts.iter().map(|part| self.plain(part).0).collect();
            read.join(&format!(" {name} "))
        };
        let is_time = sign == ':' && step == 2 && is_time(&parts);
        let is_date = sign == '/' && parts.len() > 2;
        if is_time || is_date {
            return Some(Figure { end, text: parts.join(&sign.to_string()), value: None, fraction: None });
        }
        if sign == ':' {
            return Some(Figure { end, text: spoken(self.words.ratio), value: None, fraction: None });
        }
        let numbers: Option<Vec<f64>> = parts.iter().map(|part| self.plain(part).1).collect();
        let value = numbers.map(|numbers| numbers[0] / numbers[1]).filter(|value| value.is_finite());
        let fraction = match self.simple_fraction(at) {
            Some((1, 2)) => Some(self.words.half),
            Some((1, 4)) => Some(self.words.quarter),
            Some((3, 4)) => Some(self.words.three_quarters),
            _ => None,
        };
        Some(Figure { end, text: spoken(self.words.over), value, fraction })
    }

    /// The number with its exponent: `10⁹`, `10^9`, `10^-3`.
    fn with_exponent(&self, mut figure: Figure, number: &str) -> Figure {
        let end = figure.end;
        let (exponent, end, name) = match self.at(end) {
            Some(Token::Raised(raised)) => {
                let name = if number == "10" { self.words.power } else { self.words.raised };
                (on_the_line(raised), end + 1, name)
            }
            Some(Token::Lowered(lowered)) => (on_the_line(lowered), end + 1, self.words.lowered),
            Some(Token::Sign('^')) => {
                let sign = match self.at(end + 1) {
                    Some(Token::Sign('-' | '−' | '–')) => "-",
                    Some(Token::Sign('+')) => "+",
                    _ => "",
                };
                let at = end + 1 + usize::from(!sign.is_empty());
                let Some(digits) = self.whole(at) else { return figure };
                // "10^9^" is another notation for the same.
                let end = at + 1 + usize::from(self.is_sign(at + 1, '^'));
                (format!("{sign}{digits}"), end, self.words.power)
            }
            _ => return figure,
        };
        figure.text = format!("{} {name} {}", figure.text, self.on_line(&exponent));
        Figure { end, value: None, fraction: None, ..figure }
    }

    /// Digits with their signs in words: "-9", "2+".
    pub(super) fn on_line(&self, text: &str) -> String {
        let minus = format!(" {} ", self.words.minus);
        let plus = format!(" {} ", self.words.plus);
        text.replace('-', &minus).replace('+', &plus).trim().to_owned()
    }
}

/// Labels that an ordinal number follows.
const LABELS: [&str; 16] = [
    "day", "days", "week", "month", "step", "table", "grade", "stage", "type", "level", "phase", "group", "line",
    "box", "page", "no",
];

fn is_time(parts: &[&str]) -> bool {
    let below = |part: &str, limit: u32| part.parse::<u32>().is_ok_and(|number| number < limit);
    parts.len() <= 3
        && parts[0].len() <= 2
        && below(parts[0], 25)
        && parts[1..].iter().all(|part| part.len() == 2 && below(part, 60))
}

/// Whether the commas separate thousands, `12,500`, or lakhs and crores, `1,00,000`.
fn has_groups(number: &str) -> bool {
    let groups: Vec<&str> = number.split(',').collect();
    let [first, middle @ .., last] = groups.as_slice() else { return false };
    let are_all = |length: usize| middle.iter().all(|group| group.len() == length);
    !first.starts_with('0') && last.len() == 3 && ((first.len() <= 3 && are_all(3)) || (first.len() <= 2 && are_all(2)))
}
