//! Names of files in the media store: made safe here and nowhere else. None can point out of the store.

use rand::{RngExt, distr::Alphanumeric};

/// Leaves room for the suffix of a collision below the 255 bytes of common file systems.
const MAX_NAME_BYTES: usize = 200;
const SUFFIX_CHARACTERS: usize = 7;
const RANDOM_NAME_CHARACTERS: usize = 16;

/// The wished name made safe, then the same with one random suffix after the other.
pub(super) fn candidates(wished_name: &str) -> Candidates {
    Candidates { wished: safe_name(wished_name).unwrap_or_else(|| random(RANDOM_NAME_CHARACTERS)), is_first: true }
}

pub(super) struct Candidates {
    wished: String,
    is_first: bool,
}

impl Candidates {
    pub(super) fn next_name(&mut self) -> String {
        if std::mem::take(&mut self.is_first) {
            return self.wished.clone();
        }
        with_suffix(&self.wished, &random(SUFFIX_CHARACTERS))
    }
}

/// The last part of the name, spaces as `_`, and of the rest only letters, digits, `-`, `_` and `.`.
fn safe_name(wished: &str) -> Option<String> {
    let last = wished.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = last.chars().map(|c| if c == ' ' { '_' } else { c }).filter(kept).collect();
    if name.chars().all(|c| c == '.') {
        return None;
    }
    let (stem, extension) = split_extension(&name);
    let extension = truncated(extension, MAX_NAME_BYTES / 2);
    Some(format!("{}{extension}", truncated(stem, MAX_NAME_BYTES - extension.len())))
}

fn with_suffix(name: &str, suffix: &str) -> String {
    let (stem, extension) = split_extension(name);
    format!("{stem}_{suffix}{extension}")
}

/// The extension with its dot. A name that begins with its only dot has none.
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

fn random(characters: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(characters).map(char::from).collect()
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
    fn a_file_without_a_usable_name_gets_a_random_one() {
        assert_eq!(candidates("../..").next_name().len(), RANDOM_NAME_CHARACTERS);
    }

    #[test]
    fn the_suffix_goes_before_the_extension() {
        assert_eq!(with_suffix("a.tar.gz", "1234567"), "a.tar_1234567.gz");
        assert_eq!(with_suffix(".env", "1234567"), ".env_1234567");
        let mut names = candidates("a b.txt");
        assert_eq!(names.next_name(), "a_b.txt");
        let second = names.next_name();
        assert_eq!((&second[..4], &second[11..]), ("a_b_", ".txt"));
        assert_ne!(names.next_name(), second);
    }

    #[test]
    fn a_name_of_300_malayalam_letters_is_cut_between_letters_and_keeps_its_extension() {
        let name = safe_name(&format!("{}.txt", "മ".repeat(300))).expect("letters are usable");
        assert_eq!(name, format!("{}.txt", "മ".repeat(65)));
    }

    proptest! {
        #[test]
        fn every_safe_name_is_one_short_part_of_a_path(wished in any::<String>()) {
            if let Some(name) = safe_name(&wished) {
                prop_assert!(name.len() <= MAX_NAME_BYTES);
                prop_assert_eq!(Path::parse(&name).expect("the name is safe").parts().count(), 1);
            }
        }
    }
}
