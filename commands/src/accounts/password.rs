//! Passwords: the rules for new ones, and their hashes by Argon2id.

use std::num::NonZeroUsize;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Semaphore, SemaphorePermit};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;
use zxcvbn::zxcvbn;

use super::AccountError;
use crate::counters::Bound;

const MIN_CHARS: usize = 8;

/// Limits of password hashing: hashes computed at once, and requests that wait. Each takes a core and 19 MiB, and
/// requests need no login.
#[derive(Debug)]
pub struct Hashing {
    slots: Semaphore,
    places: Semaphore,
}

/// The default number of waiting requests: some seconds of work.
const WAITING: usize = 100;

impl Default for Hashing {
    /// Uses half of the cores, so that a flood of log-ins leaves the rest to other requests.
    fn default() -> Self {
        Self::new(half_of_the_cores(), WAITING)
    }
}

/// The default number of passwords that are hashed at once.
pub fn half_of_the_cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get) / 2
}

impl Hashing {
    /// Allows `at_once` hashes at the same time and `waiting` waiting requests, each at least 1.
    pub fn new(at_once: usize, waiting: usize) -> Self {
        let semaphore = |permits: usize| Semaphore::new(permits.clamp(1, Semaphore::MAX_PERMITS));
        Self { slots: semaphore(at_once), places: semaphore(waiting) }
    }

    /// Acquires a slot. A request that finds no place to wait fails at once.
    async fn slot(&self) -> Result<SemaphorePermit<'_>, AccountError> {
        let _place = self.places.try_acquire().map_err(|_| {
            Bound::PasswordsWaiting.met();
            AccountError::Busy
        })?;
        self.slots.acquire().await.map_err(|_| AccountError::Hashing)
    }
}

/// The reason for which a new password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordFault {
    TooSimilarTo(&'static str),
    TooShort,
    TooCommon,
    EntirelyNumeric,
}

impl PasswordFault {
    /// The fault in the contract's words.
    pub fn message(self) -> String {
        match self {
            Self::TooSimilarTo(what) => format!("The password is too similar to the {what}."),
            Self::TooShort => {
                format!("This password is too short. It must contain at least {MIN_CHARS} characters.")
            }
            Self::TooCommon => "This password is too common.".to_owned(),
            Self::EntirelyNumeric => "This password is entirely numeric.".to_owned(),
        }
    }
}

/// All faults of a new password. `about` lists attributes of its owner as (name, value).
pub fn check_rules(password: &str, about: &[(&'static str, &str)]) -> Vec<PasswordFault> {
    let mut faults = Vec::new();
    if let Some((what, _)) = about.iter().find(|(_, value)| is_similar(password, value)) {
        faults.push(PasswordFault::TooSimilarTo(what));
    }
    if password.chars().count() < MIN_CHARS {
        faults.push(PasswordFault::TooShort);
    }
    if is_common(password) {
        faults.push(PasswordFault::TooCommon);
    }
    if !password.is_empty() && password.chars().all(|c| c.is_ascii_digit()) {
        faults.push(PasswordFault::EntirelyNumeric);
    }
    faults
}

/// Whether a dictionary attack would find it among its first ten thousand guesses.
fn is_common(password: &str) -> bool {
    // Only the first 64 characters are estimated: longer passwords are in no dictionary, and the estimate takes longer
    // with each character.
    let start: String = password.chars().take(64).collect();
    zxcvbn(&start, &[]).guesses() < 10_000
}

/// Whether a password contains the value or a part of it that makes up at least 70 % of the password.
fn is_similar(password: &str, value: &str) -> bool {
    let password = password.to_lowercase();
    let password_chars = password.chars().count();
    let value = value.to_lowercase();
    value
        .split(|c: char| !c.is_alphanumeric())
        .chain(std::iter::once(value.as_str()))
        .filter(|part| {
            // The length is compared first, because it leaves few of the parts to be searched.
            let chars = part.chars().count();
            chars >= 4 && chars * 10 >= password_chars * 7
        })
        .any(|part| password.contains(part))
}

/// The form that is hashed: NFC, because keyboards compose the same letters in different ways.
fn composed(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfc().collect())
}

/// The forms in which a correct password may have been hashed: composed; as typed, before composition was introduced;
/// and without outer blanks, which earlier code removed when a password was set, but not when it was checked.
fn forms(password: &str) -> Vec<Zeroizing<String>> {
    let is_blank = |c: char| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}');
    let trimmed = password.trim_matches(is_blank);
    let mut forms = vec![composed(password), Zeroizing::new(password.to_owned()), Zeroizing::new(trimmed.to_owned())];
    forms.dedup();
    forms
}

/// Hashes with Argon2id's recommended parameters; the text form names them, so that they can be raised later.
pub(super) async fn hash(hashing: &Hashing, password: SecretString) -> Result<String, AccountError> {
    let _slot = hashing.slot().await?;
    tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(composed(password.expose_secret()).as_bytes()).map(|hash| hash.to_string())
    })
    .await
    .map_err(|_| AccountError::Hashing)?
    .map_err(|_| AccountError::Hashing)
}

/// Whether this is the password, in one of its forms. Without a stored hash the same work is done, so that the time
/// does not reveal it.
pub(super) async fn verify(
    hashing: &Hashing,
    password: SecretString,
    stored: Option<String>,
) -> Result<bool, AccountError> {
    let _slot = hashing.slot().await?;
    tokio::task::spawn_blocking(move || match stored {
        Some(stored) => {
            let stored = PasswordHash::new(&stored).map_err(|_| AccountError::Hashing)?;
            Ok(forms(password.expose_secret())
                .iter()
                .any(|form| Argon2::default().verify_password(form.as_bytes(), &stored).is_ok()))
        }
        None => {
            // Only the time matters; the result is dropped.
            for form in forms(password.expose_secret()) {
                drop(Argon2::default().hash_password(form.as_bytes()));
            }
            Ok(false)
        }
    })
    .await
    .map_err(|_| AccountError::Hashing)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_are_named_at_once() {
        assert_eq!(
            check_rules("1234", &[]),
            vec![PasswordFault::TooShort, PasswordFault::TooCommon, PasswordFault::EntirelyNumeric]
        );
    }

    #[test]
    fn common_passwords_are_refused_and_good_ones_accepted() {
        assert_eq!(check_rules("password1", &[]), vec![PasswordFault::TooCommon]);
        assert_eq!(check_rules("Passw0rd!xyz", &[]), vec![]);
        assert_eq!(check_rules("zinc-for-14-days", &[]), vec![]);
    }

    #[test]
    fn a_password_like_ones_own_name_is_refused() {
        let about = [("username", "asha.nair.kochi"), ("email address", "asha@example.com")];
        assert_eq!(check_rules("Asha.Nair.Kochi", &about), vec![PasswordFault::TooSimilarTo("username")]);
        assert!(check_rules("lantern-asha-orbit-9", &about).is_empty());
    }

    #[tokio::test]
    async fn a_password_that_lost_its_blanks_when_it_was_set_is_right_with_and_without_them() {
        let hashed = hash(&Hashing::default(), "Passw0rd!xyz".into()).await.expect("hashing works");
        for (typed, is_right) in [(" Passw0rd!xyz\u{2003}", true), ("Passw0rd!xyz", true), ("Passw0rd !xyz", false)] {
            let verified = verify(&Hashing::default(), typed.into(), Some(hashed.clone())).await;
            assert_eq!(verified.expect("verifying works"), is_right, "{typed:?}");
        }
        let with_blanks = hash(&Hashing::default(), " Passw0rd!xyz".into()).await.expect("hashing works");
        assert!(!verify(&Hashing::default(), "Passw0rd!xyz".into(), Some(with_blanks)).await.expect("verifying works"));
    }

    #[tokio::test]
    async fn a_password_is_the_same_however_its_letters_are_composed() {
        let (one, other) = ("grün-ൊ-laterne", "gru\u{308}n-\u{d46}\u{d3e}-laterne");
        let hashed = hash(&Hashing::default(), other.into()).await.expect("hashing works");
        for typed in [one, other] {
            assert!(verify(&Hashing::default(), typed.into(), Some(hashed.clone())).await.expect("verifying works"));
        }
        // Passwords hashed by earlier code, as typed.
        let raw = Argon2::default().hash_password(other.as_bytes()).expect("hashing works").to_string();
        assert!(verify(&Hashing::default(), other.into(), Some(raw)).await.expect("verifying works"));
    }

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let hashed = hash(&Hashing::default(), "Passw0rd!xyz".into()).await.expect("hashing works");
        assert!(hashed.starts_with("$argon2id$"));
        assert!(
            verify(&Hashing::default(), "Passw0rd!xyz".into(), Some(hashed.clone())).await.expect("verifying works")
        );
        assert!(!verify(&Hashing::default(), "passw0rd!xyz".into(), Some(hashed)).await.expect("verifying works"));
        assert!(!verify(&Hashing::default(), "Passw0rd!xyz".into(), None).await.expect("verifying works"));
    }

    #[tokio::test]
    async fn a_flood_of_log_ins_takes_some_cores_and_a_bounded_queue() {
        let hashing = Hashing::new(1, 4);
        let attempts = (0..60).map(|_| verify(&hashing, "wrong-lantern".into(), None));
        let outcomes = futures::future::join_all(attempts).await;
        let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(AccountError::Busy))).count();
        // One is hashed while four wait; the others fail at once.
        assert_eq!(refused, 60 - 5, "{outcomes:?}");
        assert!(matches!(verify(&hashing, "x".into(), None).await, Ok(false)));
    }
}
