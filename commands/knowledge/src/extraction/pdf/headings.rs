//! The headings of a PDF: lines in a larger type.

use std::collections::BTreeMap;

/// The factor by which the type of a heading exceeds that of the body, at least.
const LARGER: f64 = 1.12;
/// Characters of a heading, at most.
const LONGEST: usize = 120;
/// Levels of headings; further sizes share the last level.
const LEVELS: usize = 4;

/// The number of characters in each height of type.
#[derive(Debug, Default)]
pub(super) struct Heights {
    characters: BTreeMap<u32, usize>,
}

impl Heights {
    pub(super) fn add(&mut self, height: f32, text: &str) {
        *self.characters.entry(half_points(height)).or_default() += text.chars().count();
    }

    /// The levels of headings by their heights.
    pub(super) fn levels(&self) -> Levels {
        let body = self.characters.iter().max_by_key(|(_, count)| **count).map_or(0, |(body, _)| *body);
        let least = f64::from(body) * LARGER;
        Levels { larger: self.characters.keys().rev().copied().filter(|height| f64::from(*height) >= least).collect() }
    }
}

/// The heights of type of headings, the largest first.
#[derive(Debug, Default)]
pub(super) struct Levels {
    larger: Vec<u32>,
}

impl Levels {
    /// The level from 1, if a line of this height is a heading.
    pub(super) fn of(&self, height: f32, text: &str) -> Option<usize> {
        let height = half_points(height);
        // The heights are in descending order.
        let at = self.larger.binary_search_by(|it| height.cmp(it)).ok()?;
        let is_title = text.chars().count() <= LONGEST && text.chars().any(char::is_alphabetic);
        is_title.then(|| (at + 1).min(LEVELS))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 2,000")]
fn half_points(height: f32) -> u32 {
    (height * 2.0).round().clamp(0.0, 2_000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_a_larger_type_are_headings_the_largest_of_the_first_level() {
        let mut heights = Heights::default();
        heights.add(11.0, "Zinc is given for fourteen days to all children with diarrhoea.");
        heights.add(22.0, "A & B");
        heights.add(15.0, "Zinc");
        heights.add(15.0, "2.1");
        let levels = heights.levels();
        assert_eq!(levels.of(22.0, "A & B"), Some(1));
        assert_eq!(levels.of(15.0, "Zinc"), Some(2));
        assert_eq!(levels.of(15.0, "2.1"), None, "a number alone is none");
        assert_eq!(levels.of(11.0, "Zinc is given"), None);
    }
}
