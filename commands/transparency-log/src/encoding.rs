//! The encodings that all formats of C2SP share: decimal numbers and base64. Each value has one spelling; any other is
//! refused.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Parses a decimal number of ASCII digits without leading zeros.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let is_canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if is_canonical { text.parse().ok() } else { None }
}

/// Parses standard base64 with padding (RFC 4648, section 4).
pub(crate) fn parse_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Parses base64 of exactly 32 bytes.
pub(crate) fn parse_hash(text: &str) -> Option<[u8; 32]> {
    parse_base64(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(parse_decimal("0"), Some(0));
        assert_eq!(parse_decimal("18446744073709551615"), Some(u64::MAX));
        for wrong in ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "१", "18446744073709551616"] {
            assert_eq!(parse_decimal(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_hash_has_one_spelling_and_one_length() {
        let text = base64(&[0xfb; 32]);
        assert_eq!(parse_hash(&text), Some([0xfb; 32]));
        for wrong in [
            base64(&[0xfb; 31]),
            base64(&[0xfb; 33]),
            text.replace('=', ""),
            text.replace('/', "_").replace('+', "-"),
            format!("{text}\r"),
            // The last digit has bits that no byte takes.
            text.replace("s=", "t="),
        ] {
            assert_ne!(wrong, text);
            assert_eq!(parse_hash(&wrong), None, "{wrong:?}");
        }
    }
}
