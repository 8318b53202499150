//! Values in the number formats of ECMA-376, part 1, 18.8.30 and 18.8.31.
//!
//! A value whose format is not understood or not applicable is shown as `General`, so that no digit is lost.

mod calendar;
mod decimal;
mod fraction;
mod numeric;
mod parse;
#[cfg(test)]
mod tests;

use super::colours::Colour;
use parse::{Section, Token};

/// Characters of a format; spreadsheets refuse longer ones.
const LONGEST_FORMAT: usize = 255;

/// A parsed number format.
#[derive(Debug, Clone)]
pub(super) struct Format {
    sections: Vec<Section>,
    text: Option<Section>,
}

impl Format {
    /// Parses the code of a format.
    pub(super) fn of(code: &str) -> Self {
        let code = if code.chars().count() > LONGEST_FORMAT { "General" } else { code };
        let mut sections = parse::sections(code);
        let text = match sections.len() {
            4.. => Some(sections.remove(3)),
            _ if sections.last().is_some_and(|last| last.tokens.contains(&Token::Text)) => sections.pop(),
            _ => None,
        };
        sections.truncate(3);
        Self { sections, text }
    }

    /// The code of a built-in format; dates that follow a computer's settings are written as in ISO 8601.
    pub(super) fn built_in(id: u32) -> Option<&'static str> {
        Some(match id {
            1 => "0",
            2 => "0.00",
            3 => "#,##0",
            4 => "#,##0.00",
            5 | 6 => "\"$\"#,##0;(\"$\"#,##0)",
            7 | 8 => "\"$\"#,##0.00;(\"$\"#,##0.00)",
            9 => "0%",
            10 => "0.00%",
            11 => "0.00E+00",
            12 => "# ?/?",
            13 => "# ??/??",
            14 | 27..=31 | 36 | 50..=54 | 57 | 58 => "yyyy-mm-dd",
            15 => "d-mmm-yy",
            16 => "d-mmm",
            17 => "mmm-yy",
            18 => "h:mm AM/PM",
            19 => "h:mm:ss AM/PM",
            20 | 32 | 34 | 55 => "h:mm",
            21 | 33 | 35 | 56 => "h:mm:ss",
            22 => "yyyy-mm-dd h:mm",
            37 | 38 => "#,##0;(#,##0)",
            39 | 40 => "#,##0.00;(#,##0.00)",
            41 => "#,##0;-#,##0;\"-\"",
            42 => "\"$\"#,##0;\"$\"-#,##0;\"$-\"",
            43 => "#,##0.00;-#,##0.00;\"-\"??",
            44 => "\"$\"#,##0.00;\"$\"-#,##0.00;\"$-\"??",
            45 => "mm:ss",
            46 => "[h]:mm:ss",
            47 => "mm:ss.0",
            48 => "##0.0E+0",
            49 => "@",
            _ => return None,
        })
    }

    /// Writes a number; dates count from 1904 if the workbook says so.
    pub(super) fn number(&self, value: f64, from_1904: bool) -> String {
        if !value.is_finite() {
            return value.to_string();
        }
        let general = || decimal::general(value);
        let Some((section, hides_sign)) = self.section(value) else { return general() };
        if section.is_general() || section.tokens.is_empty() && self.sections.len() == 1 {
            return general();
        }
        if section.is_date {
            return calendar::written(&section.tokens, value, from_1904).unwrap_or_else(general);
        }
        let mut written = numeric::written(&section.tokens, value);
        // A number that is rounded to zero has no sign.
        let is_zero = written.contains('0') && !written.contains(|c: char| matches!(c, '1'..='9'));
        if value < 0.0 && !hides_sign && !is_zero {
            written.insert(0, '-');
        }
        written
    }

    /// The colour in which it shows a number.
    pub(super) fn colour(&self, value: f64) -> Option<Colour> {
        self.section(value).and_then(|(section, _)| section.colour)
    }

    /// The colour in which it shows a text.
    pub(super) fn colour_of_text(&self) -> Option<Colour> {
        self.text.as_ref().and_then(|section| section.colour)
    }

    /// Writes a text.
    pub(super) fn text(&self, text: &str) -> String {
        let Some(section) = &self.text else { return text.to_owned() };
        let part = |token: &Token| match token {
            Token::Text | Token::General => text.to_owned(),
            Token::Literal(literal) => literal.clone(),
            _ => String::new(),
        };
        section.tokens.iter().map(part).collect()
    }

    /// The section for a number, and whether it is for negative numbers only: then the section itself shows the sign.
    fn section(&self, value: f64) -> Option<(&Section, bool)> {
        let holds = |section: &Section| section.condition.as_ref().map(|condition| condition.holds(value));
        match &self.sections[..] {
            [] => None,
            [one] => holds(one).unwrap_or(true).then_some((one, one.is_for_negative())),
            [first, second] => {
                let is_first =
                    holds(first).unwrap_or(if second.condition.is_some() { value > 0.0 } else { value >= 0.0 });
                if is_first {
                    return Some((first, first.is_for_negative()));
                }
                let hides = second.is_for_negative() || second.condition.is_none() && first.is_for_positive();
                holds(second).unwrap_or(true).then_some((second, hides))
            }
            [first, second, rest @ ..] => {
                if holds(first).unwrap_or(value > 0.0) {
                    return Some((first, first.is_for_negative()));
                }
                if holds(second).unwrap_or(value < 0.0) {
                    return Some((second, second.condition.is_none() || second.is_for_negative()));
                }
                rest.first().map(|third| (third, false))
            }
        }
    }
}
