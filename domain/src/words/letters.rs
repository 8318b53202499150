//! One spelling for what readers of a script take for the same.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::indic;

/// The text without differences that a reader does not see or does not mean: compatibility forms, accents, invisible signs, and of
/// the scripts of India what the root collation of ICU, or that of the script's language, equates at its first level, with the
/// nasals and doubled letters that are written in two ways. Case and blanks stay.
///
/// [`super::pattern()`] is for texts that the database has as they were typed.
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

/// A raised digit behind a number is its power, and a fraction behind one is added to it: 10⁹ is not 109, and 2½ is not 21/2.
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

/// Accents of European scripts, and signs that only join, part or choose a shape.
fn is_ignored(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
        || indic::is_ignored(c)
}
