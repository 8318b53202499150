//! Bullets of lists that say something: a tick or a cross says what is to be done with the item.

use crate::extraction::symbols::symbol;

/// The sign that a bullet shows, in the font that it names, if it says more than that an item begins.
pub(crate) fn sign(bullet: &str, font: Option<&str>) -> Option<char> {
    let c = bullet.chars().next()?;
    let shown = font.and_then(|font| symbol(font, u32::from(c))).unwrap_or(c);
    is_telling(shown).then_some(shown)
}

const fn is_telling(c: char) -> bool {
    matches!(c, '✓' | '✔' | '☑' | '✗' | '✘' | '✖' | '☒' | '×' | '☐' | '⚠' | '+' | '⊗' | '🛇' | '❌' | '✅')
}
