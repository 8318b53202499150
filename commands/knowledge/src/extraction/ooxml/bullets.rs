//! Bullets of lists with a meaning: a tick or a cross says what is to be done with the item.

use crate::extraction::symbols::symbol;

/// The sign that a bullet shows in its font, if it means more than the beginning of an item.
pub(crate) fn sign(bullet: &str, font: Option<&str>) -> Option<char> {
    let c = bullet.chars().next()?;
    let shown = font.and_then(|font| symbol(font, u32::from(c))).unwrap_or(c);
    is_telling(shown).then_some(shown)
}

const fn is_telling(c: char) -> bool {
    matches!(c, '✓' | '✔' | '☑' | '✗' | '✘' | '✖' | '☒' | '×' | '☐' | '⚠' | '+' | '⊗' | '🛇' | '❌' | '✅')
}
