//! Numbers as a whole and a fraction with a small denominator, without sign.

use super::{decimal::to_u64, parse::Token};

/// The number above which no fraction is shown.
const LARGEST_WITH_FRACTION: f64 = 1e9;
/// Digits of a denominator that the format does not fix.
const LONGEST_DENOMINATOR: usize = 5;

/// The number in a format such as `# ?/?`, `# ??/100`, `?/8`; `None` for other formats.
pub(super) fn written(tokens: &[Token], value: f64) -> Option<String> {
    let slash = tokens.iter().position(|token| *token == Token::Slash)?;
    let is_digit = |token: &Token| matches!(token, Token::Digit(_));
    let numerators = tokens[..slash].iter().rev().take_while(|token| is_digit(token)).count();
    if numerators == 0 || value > LARGEST_WITH_FRACTION {
        return None;
    }
    let (before, after) = (&tokens[..slash - numerators], &tokens[slash + 1..]);
    let places = after.iter().take_while(|token| is_digit(token)).count();
    let said = match after.first() {
        Some(Token::Literal(literal)) => {
            let digits = literal.bytes().take_while(u8::is_ascii_digit).count();
            let zeros =
                if digits == literal.len() { after[1..].iter().take_while(|token| is_digit(token)).count() } else { 0 };
            let number =
                format!("{}{}", &literal[..digits], "0".repeat(zeros)).parse::<u32>().ok().filter(|it| *it > 0)?;
            Some((number, 1 + zeros, &literal[digits..]))
        }
        _ => None,
    };
    if said.is_none() && places == 0 {
        return None;
    }
    let has_whole = before.iter().any(is_digit);
    let mut whole = to_u64(value.floor());
    let rest = value - value.floor();
    let (mut numerator, denominator) = match said {
        Some((denominator, ..)) => (to_u64((rest * f64::from(denominator)).round()), u64::from(denominator)),
        None => {
            let places = u32::try_from(places.min(LONGEST_DENOMINATOR)).unwrap_or(1);
            nearest(rest, 10_u64.pow(places) - 1)
        }
    };
    if has_whole && numerator == denominator {
        (whole, numerator) = (whole + 1, 0);
    } else if !has_whole {
        numerator += whole * denominator;
    }
    let mut text = String::new();
    let mut is_written = false;
    let shows_whole = whole > 0 || numerator == 0 || before.contains(&Token::Digit('0'));
    for token in before {
        match token {
            Token::Digit(_) if !is_written => {
                if shows_whole {
                    text.push_str(&whole.to_string());
                }
                is_written = true;
            }
            Token::Literal(literal) => text.push_str(literal),
            _ => {}
        }
    }
    if numerator > 0 || !has_whole {
        text.extend([format!("{numerator}/{denominator}")]);
    }
    let (used, literal) = said.map_or((places, ""), |(_, used, literal)| (used, literal));
    text.push_str(literal);
    text.extend(
        after[used..]
            .iter()
            .filter_map(|token| if let Token::Literal(literal) = token { Some(literal.as_str()) } else { None }),
    );
    Some(text.trim().to_owned())
}

/// The fraction nearest to a number from 0 to 1 with a denominator of at most `most`, by continued fractions.
fn nearest(value: f64, most: u64) -> (u64, u64) {
    let (mut before, mut last) = ((0_u64, 1_u64), (1_u64, 0_u64));
    let mut rest = value;
    // Each step at least doubles the denominator of two steps before.
    for _ in 0..64 {
        let whole = to_u64(rest.floor());
        let next = (
            whole.saturating_mul(last.0).saturating_add(before.0),
            whole.saturating_mul(last.1).saturating_add(before.1),
        );
        if next.1 > most {
            // An intermediate fraction between the last two may be nearer.
            let steps = (most - before.1) / last.1.max(1);
            let between = (steps * last.0 + before.0, steps * last.1 + before.1);
            return if distance(between, value) < distance(last, value) { between } else { last };
        }
        (before, last) = (last, next);
        let fraction = rest - rest.floor();
        if fraction < 1e-11 {
            break;
        }
        rest = 1.0 / fraction;
    }
    last
}

fn distance((numerator, denominator): (u64, u64), value: f64) -> f64 {
    if denominator == 0 {
        return f64::INFINITY;
    }
    // Both numbers are small.
    let float = |number: u64| u32::try_from(number).map_or(f64::MAX, f64::from);
    (float(numerator) / float(denominator) - value).abs()
}
