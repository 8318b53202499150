//! Names of files in the media store, which are made safe here and nowhere else. None can lead out of the store.

use ports::is_kept_in_names;
use rand::{RngExt, distr::Alphanumeric};

/// Bytes of the readable part, which leave room for the secret.
const MAX_READABLE_BYTES: usize = 200;
/// Letters and digits of the secret, with almost six bits each: 130 bits.
const SECRET_CHARACTERS: usize = 22;

/// A name similar to the wished one, as far as that is safe, with a secret, so that nobody can guess it and no two
/// files ever have the same name.
pub(super) fn unique_name(wished: &str) -> String {
    let secret: String = rand::rng().sample_iter(Alphanumeric).take(SECRET_CHARACTERS).map(char::from).collect();
    safe_name(wished).map_or_else(|| secret.clone(), |name| with_secret(&name, &secret))
}

/// The last part of the name, with spaces as `_`, and otherwise only letters, digits, `-`, `_` and `.`.
fn safe_name(wished: &str) -> Option<String> {
    let last = wished.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let name: String = last.chars().map(|c| if c == ' ' { '_' } else { c }).filter(|c| is_kept_in_names(*c)).collect();
    if name.chars().all(|c| c == '.') {
        return None;
    }
    let (stem, extension) = split_extension(&name);
    let extension = truncated(extension, MAX_READABLE_BYTES / 2);
    Some(format!("{}{extension}", truncated(stem, MAX_READABLE_BYTES - extension.len())))
}

fn with_secret(name: &str, secret: &str) -> String {
    let (stem, extension) = split_extension(name);
    format!("{stem}_{secret}{extension}")
}

/// The extension with its dot. A name whose only dot is at its beginning has none.
fn split_extension(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if name[..at].chars().any(|c| c != '.') => name.split_at(at),
        _ => (name, ""),
    }
}

fn truncated(text: &str, max_bytes: usize) -> &str {
    let mut end = text.len().min(max_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use object_store::path::Path;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_keeps_letters_digits_and_a_few_signs_only() {
        assert_eq!(safe_name("C:\\x/my report (final) é.PDF").as_deref(), Some("my_report_final_é.PDF"));
    }

    #[test]
    fn a_name_of_nothing_but_dots_is_refused() {
        assert_eq!((safe_name("a/.."), safe_name("?*"), safe_name("")), (None, None, None));
    }

    #[test]
    fn a_file_without_a_usable_name_is_called_by_its_secret() {
        assert_eq!(unique_name("../..").len(), SECRET_CHARACTERS);
    }

    #[test]
    fn the_secret_goes_before_the_extension() {
        assert_eq!(with_secret("a.tar.gz", "secret"), "a.tar_secret.gz");
        assert_eq!(with_secret(".env", "secret"), ".env_secret");
    }

    #[test]
    fn names_of_files_that_are_called_the_same_share_nothing_but_what_can_be_read() {
        let secrets: std::collections::HashSet<String> = (0..1_000)
            .map(|_| {
                let name = unique_name("a b.txt");
                let secret = name.strip_prefix("a_b_").and_then(|rest| rest.strip_suffix(".txt"));
                secret.unwrap_or_else(|| panic!("{name}")).to_owned()
            })
            .collect();
        assert_eq!(secrets.len(), 1_000);
        assert!(secrets.iter().all(|secret| secret.len() == SECRET_CHARACTERS), "{secrets:?}");
    }

    #[test]
    fn a_name_of_300_malayalam_letters_is_cut_between_letters_and_keeps_its_extension() {
        let name = safe_name(&format!("{}.txt", "മ".repeat(300))).expect("letters are usable");
        assert_eq!(name, format!("{}.txt", "മ".repeat(65)));
    }

    proptest! {
        #[test]
        fn every_safe_name_is_one_short_part_of_a_path(wished in any::<String>()) {
            let name = unique_name(&wished);
            prop_assert!(name.len() <= MAX_READABLE_BYTES + 1 + SECRET_CHARACTERS);
            prop_assert!(ports::is_possible_name(&name));
            prop_assert_eq!(Path::parse(&name).expect("the name is safe").parts().count(), 1);
        }
    }
}
