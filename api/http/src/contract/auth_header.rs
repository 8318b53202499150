//! Parses the `Authorization` header. Whether the credentials are valid is checked elsewhere.

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::problem::ApiError;

/// The prefix of every temp token.
const TEMP_TOKEN_PREFIX: &str = "tt-";

/// The credentials in a request's `Authorization` header. They are secrets, so there is no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// No header, or an unknown scheme: the front end sends `undefined` when nobody is logged in.
    Anonymous,
    Token(String),
    /// A service's temp token, after any keyword other than the known schemes. Only some paths accept it.
    TempToken(String),
    Basic {
        email: String,
        password: String,
    },
}

impl Credentials {
    pub fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let header = headers.get(header::AUTHORIZATION).map_or(&[][..], |value| value.as_bytes());
        let words: Vec<&[u8]> = header.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
        let Some((scheme, rest)) = words.split_first() else {
            return Ok(Self::Anonymous);
        };
        if scheme.eq_ignore_ascii_case(b"token") {
            Self::token(rest)
        } else if scheme.eq_ignore_ascii_case(b"basic") {
            Self::basic(rest)
        } else {
            Ok(Self::temp_token(rest).unwrap_or(Self::Anonymous))
        }
    }

    fn temp_token(words: &[&[u8]]) -> Option<Self> {
        let [word] = words else { return None };
        let word = std::str::from_utf8(word).ok()?;
        word.starts_with(TEMP_TOKEN_PREFIX).then(|| Self::TempToken(word.to_owned()))
    }

    fn token(words: &[&[u8]]) -> Result<Self, ApiError> {
        match words {
            [] => Err(ApiError::Unauthorized("Invalid token header. No credentials provided.")),
            [token] => std::str::from_utf8(token).map(|token| Self::Token(token.to_owned())).map_err(|_| {
                ApiError::Unauthorized("Invalid token header. Token string should not contain invalid characters.")
            }),
            _ => Err(ApiError::Unauthorized("Invalid token header. Token string should not contain spaces.")),
        }
    }

    fn basic(words: &[&[u8]]) -> Result<Self, ApiError> {
        let encoded = match words {
            [] => {
                return Err(ApiError::Unauthorized("Invalid basic header. No credentials provided."));
            }
            [encoded] => encoded,
            _ => {
                return Err(ApiError::Unauthorized(
                    "Invalid basic header. Credentials string should not contain spaces.",
                ));
            }
        };
        let decoded = STANDARD.decode(encoded).map_err(|_| ApiError::bad_basic())?;
        // Older clients send Latin-1, in which each byte is the code point of its character.
        let text = String::from_utf8(decoded)
            .unwrap_or_else(|error| error.as_bytes().iter().copied().map(char::from).collect());
        match text.split_once(':') {
            Some((email, password)) if !text.contains('\0') => {
                Ok(Self::Basic { email: email.to_owned(), password: password.to_owned() })
            }
            _ => Err(ApiError::bad_basic()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn of(header: &str) -> Result<Credentials, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(header).expect("a header value"));
        Credentials::of(&headers)
    }

    fn refusal(header: &str) -> &'static str {
        match of(header) {
            Err(ApiError::Unauthorized(detail)) => detail,
            _ => "accepted",
        }
    }

    #[test]
    fn the_keyword_of_a_token_may_be_in_any_case() {
        for header in ["Token abc", "token abc", "TOKEN   abc "] {
            assert!(of(header).is_ok_and(|c| c == Credentials::Token("abc".into())));
        }
    }

    #[test]
    fn what_is_not_our_scheme_is_nobody() {
        for header in ["", "undefined", "Bearer abc", "foo", "Tokenabc"] {
            assert!(of(header).is_ok_and(|c| c == Credentials::Anonymous), "{header}");
        }
        assert!(Credentials::of(&HeaderMap::new()).is_ok_and(|c| c == Credentials::Anonymous));
    }

    #[test]
    fn a_temp_token_may_come_under_any_other_keyword() {
        for header in ["Bearer tt-abc", "anything  tt-abc"] {
            assert!(of(header).is_ok_and(|c| c == Credentials::TempToken("tt-abc".into())), "{header}");
        }
        assert!(of("Token tt-abc").is_ok_and(|c| c == Credentials::Token("tt-abc".into())));
        for header in ["tt-abc", "Bearer tt-abc more", "Bearer TT-abc"] {
            assert!(of(header).is_ok_and(|c| c == Credentials::Anonymous), "{header}");
        }
    }

    #[test]
    fn a_token_header_has_exactly_one_token() {
        assert_eq!(refusal("Token"), "Invalid token header. No credentials provided.");
        assert_eq!(refusal("Token a b"), "Invalid token header. Token string should not contain spaces.");
    }

    #[test]
    fn basic_gives_e_mail_and_password() {
        let header = format!("Basic {}", STANDARD.encode("nurse@example.com:Pass:w0rd"));
        assert!(
            of(&header).is_ok_and(
                |c| c == Credentials::Basic { email: "nurse@example.com".into(), password: "Pass:w0rd".into() }
            )
        );
    }

    #[test]
    fn basic_that_makes_no_sense_is_a_wrong_password() {
        let with_nul = format!("Basic {}", STANDARD.encode("a\0:b"));
        let without_colon = format!("Basic {}", STANDARD.encode("nurse"));
        for header in ["Basic !!!", &with_nul, &without_colon] {
            assert_eq!(refusal(header), "Invalid username/password.");
        }
    }
}
