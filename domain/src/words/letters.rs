//! One spelling for letters that readers of a script regard as the same.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::indic;

/// The text without differences that a reader does not see or does not mean: compatibility forms, accents, invisible
/// signs; and for the scripts of India, differences that ICU's root collation, or that of the script's language,
/// ignores at the primary level, and nasals and doubled letters with two spellings. Case and blanks stay.
///
/// For texts in the database, which keep their own spelling, [`super::pattern()`] does the same.
pub fn letters(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let marked = with_marks(text);
    let decomposed = marked.nfkd().filter(|c| !is_ignored(*c)).map(|c| match c {
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{2044}' => '/',
        '\u{2212}' => '-',
        other => indic::letter(other),
    });
    Cow::Owned(indic::spelled(decomposed).into_iter().nfc().collect())
}

/// Marks raised digits and fractions behind a number: 10⁹ is not 109, and 2½ is not 21/2.
fn with_marks(text: &str) -> String {
    let mut marked = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars();
    while let Some(mut c) = rest.next() {
        if indic::letter(before).is_ascii_digit() {
            match c {
                // British books print 0·5.
                '·' if rest.clone().next().is_some_and(|next| indic::letter(next).is_ascii_digit()) => c = '.',
                '¹' | '²' | '³' | '\u{2070}' | '\u{2074}'..='\u{2079}' | '\u{207b}' => marked.push('^'),
                '¼'..='¾' | '\u{2150}'..='\u{215f}' => marked.push(' '),
                _ => {}
            }
        }
        marked.push(c);
        before = c;
    }
    marked
}

/// Whether a character is an accent of European scripts, or a sign that only joins, separates or selects a shape.
fn is_ignored(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
        || indic::is_ignored(c)
}
