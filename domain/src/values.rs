//! Values with a rule: parsed once at the edge, trusted afterwards.
//!
//! Reading a stored value never fails on its rule: what was once accepted, and the placeholder of an erased person, must load for ever.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::words::letters;

/// Stands for personal text whose key was destroyed. Every value accepts it.
pub const ERASED: &str = "[erased]";

/// Why a text is not a value of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing is left after trimming.
    #[error("may not be blank")]
    Blank,
    /// Longer than the type allows.
    #[error("has more than {max} characters")]
    TooLong {
        /// The greatest allowed number of characters.
        max: usize,
    },
    /// Not of the form that the type asks for.
    #[error("has a form that is not allowed")]
    Malformed,
}

/// What all texts with a rule have in common. The default is the placeholder [`ERASED`].
pub trait TextValue: Default {
    /// The greatest number of characters, as they come.
    const MAX_CHARS: usize;

    /// Trims, checks and normalises.
    ///
    /// # Errors
    /// [`TextError`] if it is blank, too long or malformed.
    fn parse(text: &str) -> Result<Self, TextError>;

    /// The value that was stored as this text. No rule is checked.
    fn stored(text: String) -> Self;

    /// The text.
    fn text(&self) -> &str;
}

macro_rules! text_values {
    ($($(#[$doc:meta])* $name:ident, at most $max:literal, $is_well_formed:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The greatest number of characters, as they come.
            pub const MAX_CHARS: usize = $max;

            /// Trims, checks and normalises. Characters are counted as they came.
            ///
            /// # Errors
            /// [`TextError`] if it is blank, too long or malformed.
            pub fn parse(text: &str) -> Result<Self, TextError> {
                let text = text.trim();
                if text.is_empty() {
                    return Err(TextError::Blank);
                }
                if text.chars().count() > Self::MAX_CHARS {
                    return Err(TextError::TooLong { max: Self::MAX_CHARS });
                }
                let text = normalised(text);
                let is_well_formed: fn(&str) -> bool = $is_well_formed;
                if !is_well_formed(&text) {
                    return Err(TextError::Malformed);
                }
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TextValue for $name {
            const MAX_CHARS: usize = $max;

            fn parse(text: &str) -> Result<Self, TextError> {
                Self::parse(text)
            }

            fn stored(text: String) -> Self {
                Self(text)
            }

            fn text(&self) -> &str {
                &self.0
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self(ERASED.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

/// In NFC, or as it came where NFC is longer: it makes two characters of one in letters such as U+0958 of Hindi, and a client
/// that sends back what it was given would find it too long.
fn normalised(text: &str) -> String {
    let composed: String = text.nfc().collect();
    if composed.chars().count() > text.chars().count() { text.to_owned() } else { composed }
}

/// PostgreSQL stores every character but this one.
fn has_no_nul(text: &str) -> bool {
    !text.contains('\0')
}

/// One address and nothing else: what a mail header would read as a second one, such as a comma, is refused.
fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    local.split('.').all(is_email_atom) && (host.eq_ignore_ascii_case("localhost") || is_domain_name(host))
}

fn is_domain_name(host: &str) -> bool {
    let Some((names, top)) = host.rsplit_once('.') else { return false };
    names.split('.').all(is_host_label) && is_host_label(top) && top.chars().count() >= 2
}

fn is_email_atom(atom: &str) -> bool {
    !atom.is_empty() && atom.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c))
}

/// Letters of every script: internationalised names are in use.
fn is_host_label(label: &str) -> bool {
    (1..=63).contains(&label.chars().count())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
}

fn is_username(text: &str) -> bool {
    !RESERVED_USERNAMES.contains(&in_any_case(text).as_str())
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '+' | '-'))
}

/// The address of one's own account is `users/me`, and no client asks for `users/.` or `users/..`: they are other paths.
const RESERVED_USERNAMES: [&str; 3] = ["me", ".", ".."];

fn in_any_case(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase()
}

/// Fit for a line of a mail, a list or a terminal, which it neither ends nor turns around. Joiners stay: Malayalam has them
/// within words.
pub fn is_one_line(text: &str) -> bool {
    !text.chars().any(breaks_line)
}

fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

text_values! {
    /// An e-mail address, as typed. Compared by [`Email::comparable`].
    Email, at most 254, is_email;
    /// A login name: letters, digits and `@/./+/-/_`.
    Username, at most 150, is_username;
    /// A person's name, on one line.
    FullName, at most 80, is_one_line;
    /// What a service is called, on one line.
    ServiceName, at most 100, is_one_line;
    /// The title of a project, document, chat or API key.
    Title, at most 50, has_no_nul;
    /// The name of a test suite.
    SuiteName, at most 255, has_no_nul;
}

impl Email {
    /// The form in which two addresses are the same: without regard to case.
    pub fn comparable(&self) -> String {
        in_any_case(&self.0)
    }
}

impl Username {
    /// The form in which two names are the same: without regard to case, or one person could be taken for another.
    pub fn comparable(&self) -> String {
        in_any_case(&self.0)
    }
}

impl Username {
    /// The form in which names look alike to a reader of their script, whatever their digits, joiners and accents: `asha१` is
    /// `asha1`.
    pub fn alike(&self) -> String {
        letters(&self.comparable()).into_owned()
    }
}

impl FullName {
    /// The name on one line, also if it was stored before that was a rule.
    pub fn in_one_line(&self) -> String {
        let words = self.0.split(|c: char| c.is_whitespace() || breaks_line(c)).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    }
}

impl Title {
    /// A title made of the first 50 characters of a longer text, or `None` if it is blank.
    pub fn from_start_of(text: &str) -> Option<Self> {
        let start: String = text.trim().nfc().take(Self::MAX_CHARS).filter(|c| *c != '\0').collect();
        Self::parse(&start).ok()
    }
}

macro_rules! numbered_choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every choice, in the order of the numbers.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The number on the wire.
            pub const fn number(self) -> i16 {
                match self { $(Self::$variant => $number,)* }
            }

            /// The choice with this number on the wire, if there is one.
            pub const fn from_number(number: i64) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    )*};
}

numbered_choices! {
    /// Where a document's text comes from.
    DocumentType {
        /// An uploaded file.
        File = 1,
        /// A web address.
        Url = 2,
        /// Text that was typed in.
        Text = 3,
    }
    /// Who turns speech into text.
    SttEngine {
        /// OpenAI-compatible Whisper.
        Whisper = 1,
        /// Google.
        Google = 2,
        /// A self-hosted endpoint.
        SelfHosted = 3,
    }
    /// Who turns text into speech.
    TtsEngine {
        /// OpenAI.
        OpenAi = 1,
        /// Google.
        Google = 2,
    }
    /// The contract's model numbers. Which provider's model each means is configuration.
    Model {
        /// Number 1.
        Gpt35 = 1,
        /// Number 2.
        Gpt35Long = 2,
        /// Number 3.
        Gpt4 = 3,
        /// Number 4.
        Gpt4Long = 4,
        /// Number 5.
        Gpt4Visual = 5,
        /// Number 6.
        Gpt4Turbo = 6,
        /// Number 7.
        Gpt4Omni = 7,
        /// Number 8.
        Gpt4OmniMini = 8,
    }
    /// Who speaks in a message.
    MessageType {
        /// The person who asks.
        User = 1,
        /// A notice of the system, such as a failure.
        System = 2,
        /// The assistant.
        Ayushma = 3,
    }
    /// How far a test run is.
    RunStatus {
        /// Questions are being asked.
        Running = 1,
        /// All questions have been asked.
        Completed = 2,
        /// Somebody has stopped it.
        Canceled = 3,
        /// It could not go on.
        Failed = 4,
    }
    /// What a reviewer thinks of an answer.
    Rating {
        /// It states what is nowhere written.
        Hallucinating = 1,
        /// It is wrong.
        Wrong = 2,
        /// It is not good enough.
        Unsatisfactory = 3,
        /// It is good enough.
        Satisfactory = 4,
        /// It is good.
        Good = 5,
        /// It could not be better.
        Excellent = 6,
    }
}

impl Model {
    /// What the original called it, as its provider did.
    pub const fn original_name(self) -> &'static str {
        match self {
            Self::Gpt35 => "gpt-3.5-turbo",
            Self::Gpt35Long => "gpt-3.5-16k",
            Self::Gpt4 => "gpt-4",
            Self::Gpt4Long => "gpt-4-32k",
            Self::Gpt4Visual => "gpt-4-vision-preview",
            Self::Gpt4Turbo => "gpt-4-turbo",
            Self::Gpt4Omni => "gpt-4o",
            Self::Gpt4OmniMini => "gpt-4o-mini",
        }
    }

    /// The model that a name means: `gpt-4-0613` is a `gpt-4`. A number of the contract is a name too.
    pub fn from_name(name: &str) -> Option<Self> {
        let by_number = name.parse().ok().and_then(Self::from_number);
        let known = Self::ALL.iter().copied().filter(|model| {
            name.strip_prefix(model.original_name()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        });
        by_number.or_else(|| known.max_by_key(|model| model.original_name().len()))
    }
}

impl SttEngine {
    /// Its name in requests and messages of the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whisper => "whisper",
            Self::Google => "google",
            Self::SelfHosted => "self_hosted",
        }
    }

    /// The engine of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|engine| engine.name().eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
#[path = "values_tests.rs"]
mod tests;
