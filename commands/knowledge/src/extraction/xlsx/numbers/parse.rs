//! Parses the code of a number format.

use crate::extraction::xlsx::colours::Colour;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Literal(String),
    /// A placeholder for a digit: `0`, `#` or `?`.
    Digit(char),
    Point,
    Comma,
    Percent,
    /// An exponent, `E+` or `E-`, and whether a plus is shown.
    Exponent(bool),
    Slash,
    /// `@`, a placeholder for text.
    Text,
    General,
    /// A part of a date or time and its length: `y`, `m` (month), `d`, `h`, `n` (minute), `s`, `b` (year of the
    /// Buddhist calendar).
    Time(char, usize),
    /// The elapsed time in one unit: `[h]`, `[m]`, `[s]`, and its least number of digits.
    Elapsed(char, usize),
    /// Digits of the fraction of a second.
    Fraction(usize),
    /// AM or PM, and whether it is a single letter.
    HalfDay(bool),
    /// The end of what is shown.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    comparison: Comparison,
    limit: f64,
}

impl Condition {
    pub(super) fn holds(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::Less => value < self.limit,
            Comparison::LessOrEqual => value <= self.limit,
            Comparison::Equal => value.total_cmp(&self.limit).is_eq(),
            Comparison::NotEqual => !value.total_cmp(&self.limit).is_eq(),
            Comparison::GreaterOrEqual => value >= self.limit,
            Comparison::Greater => value > self.limit,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Section {
    pub(super) condition: Option<Condition>,
    pub(super) tokens: Vec<Token>,
    pub(super) is_date: bool,
    /// The colour in which it shows a value.
    pub(super) colour: Option<Colour>,
}

impl Section {
    pub(super) fn is_general(&self) -> bool {
        self.tokens == [Token::General] || self.tokens == [Token::Text]
    }

    /// Whether its own condition admits only negative numbers.
    pub(super) fn is_for_negative(&self) -> bool {
        self.condition.as_ref().is_some_and(|condition| match condition.comparison {
            Comparison::Less => condition.limit <= 0.0,
            Comparison::LessOrEqual | Comparison::Equal => condition.limit < 0.0,
            _ => false,
        })
    }

    /// Whether all numbers that its condition does not admit are negative.
    pub(super) fn is_for_positive(&self) -> bool {
        self.condition.as_ref().is_none_or(|condition| {
            matches!(condition.comparison, Comparison::GreaterOrEqual | Comparison::Greater) && condition.limit <= 0.0
        })
    }
}

/// The sections of a code, at most five.
pub(super) fn sections(code: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        if first == ';' {
            if sections.len() > 4 {
                break;
            }
            sections.push(Section::default());
            rest = &rest[1..];
            continue;
        }
        let Some(section) = sections.last_mut() else { break };
        rest = &rest[read(rest, first, section)..];
    }
    sections.iter_mut().for_each(finish);
    sections
}

/// Reads the next token; returns its length in bytes.
fn read(rest: &str, first: char, section: &mut Section) -> usize {
    let length = first.len_utf8();
    let after = &rest[length..];
    let next = after.chars().next();
    match first {
        '"' => {
            let end = after.find('"').unwrap_or(after.len());
            push_literal(section, &after[..end]);
            return (length + end + 1).min(rest.len());
        }
        '\\' => {
            if let Some(next) = next {
                push_literal(section, next.encode_utf8(&mut [0; 4]));
            }
            return length + next.map_or(0, char::len_utf8);
        }
        // A blank as wide as the next character.
        '_' => {
            push_literal(section, " ");
            return length + next.map_or(0, char::len_utf8);
        }
        // The next character fills the cell, and is left out.
        '*' => return length + next.map_or(0, char::len_utf8),
        '[' => {
            let Some(end) = after.find(']') else {
                push_literal(section, "[");
                return length;
            };
            bracketed(&after[..end], section);
            return length + end + 1;
        }
        _ => {}
    }
    let begins = |word: &str| rest.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
    if begins("General") {
        section.tokens.push(Token::General);
        return "General".len();
    }
    for (word, is_letter) in [("AM/PM", false), ("A/P", true)] {
        if begins(word) {
            section.tokens.push(Token::HalfDay(is_letter));
            return word.len();
        }
    }
    if begins("E+") || begins("E-") {
        section.tokens.push(Token::Exponent(next == Some('+')));
        return 2;
    }
    let token = match first {
        '0' | '#' | '?' => Token::Digit(first),
        '.' => Token::Point,
        ',' => Token::Comma,
        '%' => Token::Percent,
        '/' => Token::Slash,
        '@' => Token::Text,
        'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' | 'e' | 'b' | 'B' => {
            let count = rest.chars().take_while(|c| c.eq_ignore_ascii_case(&first)).count();
            let kind = first.to_ascii_lowercase();
            section.tokens.push(if kind == 'e' { Token::Time('y', 4) } else { Token::Time(kind, count) });
            return count;
        }
        other => {
            push_literal(section, other.encode_utf8(&mut [0; 4]));
            return length;
        }
    };
    section.tokens.push(token);
    length
}

/// Reads a bracket: conditions, elapsed time, currency, colours; locales have no effect.
fn bracketed(inside: &str, section: &mut Section) {
    let small = inside.to_ascii_lowercase();
    let first = small.chars().next().unwrap_or_default();
    if matches!(first, 'h' | 'm' | 's') && small.chars().all(|c| c == first) {
        section.tokens.push(Token::Elapsed(first, small.len()));
    } else if let Some(money) = inside.strip_prefix('$') {
        let (sign, locale) = money.rsplit_once('-').unwrap_or((money, ""));
        if !sign.is_empty() {
            push_literal(section, sign);
        }
        // The long date and time formats of the computer's own settings.
        match locale.to_ascii_uppercase().as_str() {
            "F800" => {
                section.tokens.extend(sections("dddd, d mmmm yyyy").remove(0).tokens.into_iter().chain([Token::End]));
            }
            "F400" => section.tokens.extend(sections("h:mm:ss").remove(0).tokens.into_iter().chain([Token::End])),
            _ => {}
        }
    } else if let Some(colour) = Colour::named(&small) {
        section.colour = Some(colour);
    } else {
        let signs = small.find(|c: char| !matches!(c, '<' | '>' | '=')).unwrap_or(small.len());
        let comparison = match &small[..signs] {
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            "=" => Comparison::Equal,
            "<>" => Comparison::NotEqual,
            ">=" => Comparison::GreaterOrEqual,
            ">" => Comparison::Greater,
            _ => return,
        };
        if let Ok(limit) = small[signs..].trim().parse() {
            section.condition = Some(Condition { comparison, limit });
        }
    }
}

fn push_literal(section: &mut Section, text: &str) {
    match section.tokens.last_mut() {
        Some(Token::Literal(literal)) => literal.push_str(text),
        _ => section.tokens.push(Token::Literal(text.to_owned())),
    }
}

/// Tells minutes from months, and fractions of a second from decimals.
fn finish(section: &mut Section) {
    let is_time = |token: &Token| matches!(token, Token::Time(..) | Token::Elapsed(..) | Token::HalfDay(_));
    section.is_date = section.tokens.iter().any(is_time);
    if !section.is_date {
        return;
    }
    // The computer's own date format replaces the tokens behind it.
    if let Some(end) = section.tokens.iter().position(|token| *token == Token::End) {
        section.tokens.truncate(end);
    }
    let mut is_after_hours = false;
    for at in 0..section.tokens.len() {
        match section.tokens[at] {
            Token::Time('m', count @ 1..=2) => {
                let next = section.tokens[at + 1..].iter().find(|token| is_time(token));
                if is_after_hours || matches!(next, Some(Token::Time('s', _) | Token::Elapsed('s', _))) {
                    section.tokens[at] = Token::Time('n', count);
                }
                is_after_hours = false;
            }
            Token::Time(kind, _) | Token::Elapsed(kind, _) => is_after_hours = kind == 'h',
            _ => {}
        }
    }
    let mut tokens: Vec<Token> = Vec::with_capacity(section.tokens.len());
    for token in section.tokens.drain(..) {
        let follows_second = matches!(tokens.last(), Some(Token::Time('s', _) | Token::Elapsed('s', _)));
        match (tokens.last_mut(), &token) {
            (_, Token::Point) if follows_second => tokens.push(Token::Fraction(0)),
            (Some(Token::Fraction(digits)), Token::Digit('0')) => *digits += 1,
            _ => tokens.push(token),
        }
    }
    section.tokens = tokens;
}
