//! The reason that a reader gives in a header.

use axum::http::{HeaderMap, StatusCode};

use crate::contract::problem::ApiError;

/// The header in which the reader says why.
const REASON: &str = "x-access-reason";

/// The characters that a reason may have.
const MAX_CHARS: usize = 500;

/// Returns the reason that the client sent.
///
/// # Errors
/// A 400 if it is empty, too long or no text on one line that can be seen, or if there are two.
pub(super) fn of(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(REASON).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = str::from_utf8(value.as_bytes()).map(str::trim).unwrap_or_default();
    if values.next().is_some() || !is_said(text) {
        let said = format!(
            "X-Access-Reason is sent once: a text in UTF-8 of 1 to {MAX_CHARS} characters on one line, without control characters."
        );
        return Err(ApiError::detail(StatusCode::BAD_REQUEST, said));
    }
    Ok(Some(text.to_owned()))
}

/// Whether an auditor can read the text, and reads what it says.
fn is_said(text: &str) -> bool {
    text.chars().count() <= MAX_CHARS
        && domain::values::is_one_line(text)
        && text.chars().any(|c| !c.is_whitespace() && !is_invisible(c))
}

/// Joiners, marks of direction, fillers and selectors of variants (Unicode's `Default_Ignorable_Code_Point`). Words may have
/// them, as Malayalam does, but no text is of them alone.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(REASON, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        headers
    }

    #[test]
    fn a_reason_is_a_text_that_is_seen() {
        let one = |text: &str| of(&headers(&[text]));
        assert!(of(&HeaderMap::new()).is_ok_and(|reason| reason.is_none()));
        for text in ["A complaint", "ക്‌ഷ: പരാതി", " padded "] {
            assert!(one(text).is_ok_and(|reason| reason.as_deref() == Some(text.trim())), "{text:?}");
        }
        for unseen in ["", " ", "\u{200b}", "\u{200d}\u{feff} \u{2060}", "\u{3164}"] {
            assert!(one(unseen).is_err(), "{unseen:?}");
        }
        for misleading in ["a\u{202e}b", "a\u{2066}b", "a\u{85}b", "a\u{9b}31mb", "a\u{2028}b"] {
            assert!(one(misleading).is_err(), "{misleading:?}");
        }
        assert!(one(&"x".repeat(MAX_CHARS)).is_ok() && one(&"x".repeat(MAX_CHARS + 1)).is_err());
    }

    #[test]
    fn two_reasons_are_none() {
        assert!(of(&headers(&["A complaint", "An audit"])).is_err());
    }
}
