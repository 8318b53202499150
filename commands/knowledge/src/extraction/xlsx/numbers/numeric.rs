//! Digits in the placeholders of a format, without sign.

use super::{
    decimal::{Decimal, general},
    fraction,
    parse::Token,
};

pub(super) fn written(tokens: &[Token], value: f64) -> String {
    if let Some(text) = fraction::written(tokens, value.abs()) {
        return text;
    }
    let exponent_at = tokens.iter().position(|token| matches!(token, Token::Exponent(_)));
    let mantissa = &tokens[..exponent_at.unwrap_or(tokens.len())];
    let places = Places::of(mantissa);
    let mut decimal = Decimal::of(value);
    if !decimal.digits.is_empty() {
        let percents = tokens.iter().filter(|token| **token == Token::Percent).count();
        decimal.point += 2 * i32::try_from(percents).unwrap_or_default() - 3 * places.thousands_off;
    }
    let Some(exponent_at) = exponent_at else {
        return places.fill(mantissa, &decimal.rounded(places.decimals()), value);
    };
    let (decimal, exponent) = places.with_exponent(decimal);
    let mut text = places.fill(mantissa, &decimal, value);
    let mut is_written = false;
    let digits = tokens[exponent_at..].iter().filter(|token| matches!(token, Token::Digit(_))).count();
    for token in &tokens[exponent_at..] {
        match token {
            Token::Exponent(shows_plus) => {
                text.push('E');
                text.push_str(if exponent < 0 {
                    "-"
                } else if *shows_plus {
                    "+"
                } else {
                    ""
                });
            }
            Token::Digit(_) if !is_written => {
                text.extend([format!("{:0digits$}", exponent.abs())]);
                is_written = true;
            }
            Token::Literal(literal) => text.push_str(literal),
            Token::Percent => text.push('%'),
            _ => {}
        }
    }
    text
}

/// The placeholders before and behind the point.
struct Places {
    whole: Vec<usize>,
    behind: Vec<usize>,
    point: usize,
    has_separators: bool,
    /// The number of times that the value is divided by a thousand.
    thousands_off: i32,
}

impl Places {
    fn of(tokens: &[Token]) -> Self {
        let point = tokens.iter().position(|token| *token == Token::Point).unwrap_or(tokens.len());
        let is_digit = |at: &usize| matches!(tokens[*at], Token::Digit(_));
        let whole: Vec<usize> = (0..point).filter(is_digit).collect();
        let behind: Vec<usize> = (point..tokens.len()).filter(is_digit).collect();
        let commas_after = |last: Option<&usize>| {
            last.map_or(0, |last| tokens[last + 1..].iter().take_while(|token| **token == Token::Comma).count())
        };
        let off = commas_after(whole.last()) + commas_after(behind.last());
        let has_separators =
            whole.first().zip(whole.last()).is_some_and(|(first, last)| tokens[*first..*last].contains(&Token::Comma));
        Self { whole, behind, point, has_separators, thousands_off: i32::try_from(off).unwrap_or_default() }
    }

    fn decimals(&self) -> i32 {
        i32::try_from(self.behind.len()).unwrap_or_default()
    }

    /// The mantissa and the exponent, a multiple of the number of placeholders before the point.
    fn with_exponent(&self, decimal: Decimal) -> (Decimal, i32) {
        if decimal.digits.is_empty() {
            return (decimal, 0);
        }
        let places = i32::try_from(self.whole.len()).unwrap_or(1);
        let step = places.max(1);
        let mut exponent = if places == 0 { decimal.point } else { (decimal.point - 1).div_euclid(step) * step };
        let mantissa = |exponent: i32| {
            Decimal { digits: decimal.digits.clone(), point: decimal.point - exponent }.rounded(self.decimals())
        };
        let mut rounded = mantissa(exponent);
        if rounded.point > places {
            exponent += step;
            rounded = mantissa(exponent);
        }
        (rounded, exponent)
    }

    fn fill(&self, tokens: &[Token], decimal: &Decimal, value: f64) -> String {
        let mut written: Vec<String> = vec![String::new(); tokens.len()];
        let whole = decimal.whole();
        let mut left = whole.as_str();
        let mut count = 0;
        for (nth, at) in self.whole.iter().enumerate().rev() {
            let mut digits = String::new();
            let next = |left: &mut &str| left.pop_last();
            let pad = match tokens[*at] {
                Token::Digit('0') => Some('0'),
                Token::Digit('?') => Some(' '),
                _ => None,
            };
            let first = next(&mut left).or(pad);
            let more = std::iter::from_fn(|| if nth == 0 { next(&mut left) } else { None });
            for digit in first.into_iter().chain(more) {
                if self.has_separators && count > 0 && count % 3 == 0 && digit != ' ' {
                    digits.push(',');
                }
                digits.push(digit);
                count += 1;
            }
            written[*at] = digits.chars().rev().collect();
        }
        self.fill_behind(tokens, decimal, &mut written);
        if self.whole.is_empty() && self.point < tokens.len() {
            written[self.point] = whole;
        }
        for (at, token) in tokens.iter().enumerate() {
            match token {
                Token::Literal(literal) => written[at].push_str(literal),
                Token::Point => written[at].push('.'),
                Token::Percent => written[at].push('%'),
                Token::Slash => written[at].push('/'),
                Token::General | Token::Text => written[at] = general(value.abs()),
                _ => {}
            }
        }
        written.concat()
    }

    fn fill_behind(&self, tokens: &[Token], decimal: &Decimal, written: &mut [String]) {
        let digits = decimal.decimals(self.behind.len());
        let last_digit = digits.trim_end_matches('0').len();
        let last_zero = self.behind.iter().rposition(|at| tokens[*at] == Token::Digit('0')).map_or(0, |last| last + 1);
        for (nth, (at, digit)) in self.behind.iter().zip(digits.chars()).enumerate() {
            if nth < last_digit.max(last_zero) {
                written[*at].push(digit);
            } else if tokens[*at] == Token::Digit('?') {
                written[*at].push(' ');
            }
        }
    }
}

trait PopLast {
    fn pop_last(&mut self) -> Option<char>;
}

impl PopLast for &str {
    fn pop_last(&mut self) -> Option<char> {
        let last = self.chars().next_back()?;
        *self = &self[..self.len() - last.len_utf8()];
        Some(last)
    }
}
