//! Rows of a table whose columns were not recognized: they look like the title of the rows below, which would assign
//! one drug's dose to another drug.

use super::page::Item;

const UNITS: [&str; 11] = ["drops", "g", "iu", "mcg", "mg", "ml", "mmol", "tablet", "tablets", "unit", "units"];
const OFTEN: [&str; 20] = [
    "bd",
    "daily",
    "day",
    "days",
    "hourly",
    "hours",
    "nightly",
    "od",
    "once",
    "qid",
    "stat",
    "tds",
    "times",
    "twice",
    "weekly",
    "घंटे",
    "दिन",
    "बार",
    "തവണ",
    "ദിവസം",
];

/// Whether a row below the first one is a single cell with a dose and a frequency. A title may have both, so that the
/// table is doubtful, not wrong.
pub(super) fn has_row(items: &[Item]) -> bool {
    items.iter().any(|item| {
        let Item::Table { grid, .. } = item else { return false };
        grid.rows.iter().skip(1).any(|row| matches!(&row[..], [cell] if cell.across > 1 && is_whole(&cell.text)))
    })
}

fn is_whole(text: &str) -> bool {
    let text = text.to_lowercase();
    // Vowel signs of Indian scripts belong to their words.
    let words = || text.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation()).filter(|word| !word.is_empty());
    let starts_with_digit = |word: &str| word.starts_with(char::is_numeric);
    let is_dose = |(word, next): (&str, Option<&str>)| {
        let unit = word.trim_start_matches(char::is_numeric);
        starts_with_digit(word) && UNITS.contains(&if unit.is_empty() { next.unwrap_or_default() } else { unit })
    };
    let following = words().skip(1).map(Some).chain([None]);
    words().zip(following).any(is_dose) && words().any(|word| OFTEN.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dose_with_how_often_is_a_row_and_a_name_is_not() {
        for text in [
            "Ceftriaxone 50 mg/kg/day daily",
            "Zinc 20mg once",
            "जिंक 20 mg दिन में एक बार",
            "ORS 200 ml 4-hourly, 2 days",
        ] {
            assert!(is_whole(text), "{text}");
        }
        for text in ["Children below 5 years", "Amoxicillin 250 mg", "Once daily", "10-20 kg", "Days 1 to 3", ""] {
            assert!(!is_whole(text), "{text}");
        }
    }
}
