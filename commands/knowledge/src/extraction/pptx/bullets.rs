//! Bullets and numbers of paragraphs on slides.

use super::looks::{Bullet, LEVELS};
use crate::extraction::ooxml::{
    bullets,
    numbers::{mark, written},
};

#[derive(Debug)]
struct Count {
    kind: String,
    start: i64,
    number: i64,
}

/// The counts of a text's numbered levels.
#[derive(Debug, Default)]
pub(super) struct Counts {
    levels: [Option<Count>; LEVELS],
}

/// The mark of an item.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Marked {
    Text,
    Item { mark: String, sign: Option<char> },
}

impl Counts {
    /// The mark of the next paragraph.
    pub(super) fn next(&mut self, bullet: &Bullet, font: Option<&str>, level: usize, has_bullets: bool) -> Marked {
        let level = level.min(LEVELS - 1);
        self.levels[level + 1..].iter_mut().for_each(|count| *count = None);
        let Bullet::Number { kind, start } = bullet else {
            self.levels[level] = None;
            let sign = match bullet {
                Bullet::Sign(sign) => bullets::sign(sign, font),
                _ => None,
            };
            return match bullet {
                Bullet::None => Marked::Text,
                Bullet::Usual if !has_bullets => Marked::Text,
                _ => Marked::Item { mark: String::new(), sign },
            };
        };
        // A numbering with another start is a new list.
        let number = match &self.levels[level] {
            Some(before) if (&before.kind, before.start) == (kind, *start) => before.number.saturating_add(1),
            _ => *start,
        };
        self.levels[level] = Some(Count { kind: kind.clone(), start: *start, number });
        Marked::Item { mark: mark(&written(number, format_of(kind))), sign: None }
    }
}

/// The name of this format in word processor documents.
fn format_of(kind: &str) -> &'static str {
    const BEGINNINGS: [(&str, &str); 9] = [
        ("alphaLc", "lowerLetter"),
        ("alphaUc", "upperLetter"),
        ("romanLc", "lowerRoman"),
        ("romanUc", "upperRoman"),
        ("hindiNum", "hindiNumbers"),
        ("thaiNum", "thaiNumbers"),
        ("circleNum", "decimal"),
        ("ea", "decimal"),
        ("arabic", "decimal"),
    ];
    BEGINNINGS.iter().find(|(beginning, _)| kind.starts_with(beginning)).map_or("decimal", |(_, format)| format)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(kind: &str) -> Bullet {
        Bullet::Number { kind: kind.to_owned(), start: 3 }
    }

    fn item(mark: &str) -> Marked {
        Marked::Item { mark: mark.to_owned(), sign: None }
    }

    #[test]
    fn numbers_go_on_until_something_else_comes() {
        let mut counts = Counts::default();
        assert_eq!(counts.next(&number("arabicPeriod"), None, 0, true), item("3."));
        assert_eq!(counts.next(&number("alphaLcParenR"), None, 1, true), item("c."));
        assert_eq!(counts.next(&number("arabicPeriod"), None, 0, true), item("4."));
        assert_eq!(counts.next(&number("alphaLcParenR"), None, 1, true), item("c."));
        assert_eq!(counts.next(&Bullet::None, None, 0, true), Marked::Text);
        assert_eq!(counts.next(&number("arabicPeriod"), None, 0, true), item("3."));
    }

    #[test]
    fn a_list_that_begins_at_five_begins_at_five() {
        let mut counts = Counts::default();
        let number = |start| Bullet::Number { kind: "arabicPeriod".to_owned(), start };
        let marks = [1, 1, 5, 5, 1].map(|start| counts.next(&number(start), None, 0, true));
        assert_eq!(marks, ["1.", "2.", "5.", "6.", "1."].map(item));
    }

    #[test]
    fn a_cross_in_place_of_a_bullet_is_told() {
        let mut counts = Counts::default();
        let cross = Marked::Item { mark: String::new(), sign: Some('✗') };
        assert_eq!(counts.next(&Bullet::Sign("\u{fb}".to_owned()), Some("Wingdings"), 0, true), cross);
        assert_eq!(counts.next(&Bullet::Sign("•".to_owned()), None, 0, true), item(""));
        assert_eq!(counts.next(&Bullet::Usual, None, 0, false), Marked::Text);
    }
}
