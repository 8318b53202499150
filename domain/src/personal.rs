//! Personal text in events: clear in memory, ciphertext in the log, and nothing between the two.
//!
//! Clear personal text cannot be serialised, so that an event reaches the log only after its personal fields were sealed. Those are
//! the fields of the type [`Personal`], which [`PersonalFields`] names one by one.

use std::{fmt, ops::Deref};

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error as _};

use crate::values::{ERASED, TextValue};

/// A value that is a text and can be made of any stored one.
pub trait PersonalText {
    /// The text.
    fn as_text(&self) -> &str;

    /// The value that was stored as this text. No rule is checked.
    fn from_stored(text: String) -> Self;
}

impl PersonalText for String {
    fn as_text(&self) -> &str {
        self
    }

    fn from_stored(text: String) -> Self {
        text
    }
}

impl<T: TextValue> PersonalText for T {
    fn as_text(&self) -> &str {
        self.text()
    }

    fn from_stored(text: String) -> Self {
        Self::stored(text)
    }
}

/// Personal text of an event: clear where it is made and read, sealed as it is stored. It is serialised sealed only, and always
/// deserialised so; the text is neither displayed nor debugged.
#[derive(Clone, PartialEq, Eq)]
pub struct Personal<T>(Form<T>);

#[derive(Clone, PartialEq, Eq)]
enum Form<T> {
    Clear(T),
    /// As stored; empty if there was no key any more.
    Sealed(String),
}

impl<T: PersonalText> Personal<T> {
    /// The text; while it is sealed, [`ERASED`].
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Clear(value) => value.as_text(),
            Form::Sealed(_) => ERASED,
        }
    }

    /// The value; while it is sealed, that of [`ERASED`].
    pub fn into_inner(self) -> T {
        match self.0 {
            Form::Clear(value) => value,
            Form::Sealed(_) => T::from_stored(ERASED.to_owned()),
        }
    }
}

impl<T> From<T> for Personal<T> {
    fn from(value: T) -> Self {
        Self(Form::Clear(value))
    }
}

impl From<&str> for Personal<String> {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl<T: PersonalText> Deref for Personal<T> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Form::Clear(_) => "Personal(clear)",
            Form::Sealed(_) => "Personal(sealed)",
        })
    }
}

impl<T> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Form::Clear(_) => Err(S::Error::custom("personal text in clear")),
            Form::Sealed(ciphertext) => serializer.serialize_str(ciphertext),
        }
    }
}

impl<'de, T> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Form::Sealed).map(Self)
    }
}

/// Personal text of whichever value, or none, to be sealed and opened in its place.
pub trait Sealable: Send + Sync {
    /// The text, unless it is sealed.
    fn clear(&self) -> Option<&str>;

    /// The ciphertext as stored, unless the text is clear.
    fn sealed(&self) -> Option<&str>;

    /// Puts the ciphertext in the text's place.
    fn seal(&mut self, ciphertext: String);

    /// Puts the text in the ciphertext's place.
    fn open(&mut self, text: String);
}

impl<T: PersonalText + Send + Sync> Sealable for Personal<T> {
    fn clear(&self) -> Option<&str> {
        match &self.0 {
            Form::Clear(value) => Some(value.as_text()),
            Form::Sealed(_) => None,
        }
    }

    fn sealed(&self) -> Option<&str> {
        match &self.0 {
            Form::Clear(_) => None,
            Form::Sealed(ciphertext) => Some(ciphertext),
        }
    }

    fn seal(&mut self, ciphertext: String) {
        self.0 = Form::Sealed(ciphertext);
    }

    fn open(&mut self, text: String) {
        self.0 = Form::Clear(T::from_stored(text));
    }
}

impl<T: PersonalText + Send + Sync> Sealable for Option<Personal<T>> {
    fn clear(&self) -> Option<&str> {
        self.as_ref()?.clear()
    }

    fn sealed(&self) -> Option<&str> {
        self.as_ref()?.sealed()
    }

    fn seal(&mut self, ciphertext: String) {
        if let Some(text) = self {
            text.seal(ciphertext);
        }
    }

    fn open(&mut self, text: String) {
        if let Some(sealed) = self {
            sealed.open(text);
        }
    }
}

/// A personal field of an event.
pub struct PersonalField<'a> {
    /// Its name in the payload, to which the ciphertext is bound.
    pub name: &'static str,
    /// What it holds.
    pub text: &'a mut dyn Sealable,
}

impl<'a> PersonalField<'a> {
    /// The field of this name.
    pub fn new(name: &'static str, text: &'a mut dyn Sealable) -> Self {
        Self { name, text }
    }
}

/// An event that names its personal fields.
///
/// Implementations take every variant apart without `..`, so that who adds a field is asked by the compiler what it is. One of
/// the type [`Personal`] that is left out cannot be stored.
pub trait PersonalFields {
    /// The personal fields, also those without a text; none for an event that never holds personal text.
    fn personal_mut(&mut self) -> Vec<PersonalField<'_>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Title;

    fn title() -> Personal<Title> {
        Title::parse("Zinc").expect("well-formed").into()
    }

    #[test]
    fn clear_text_is_not_serialised_in_any_format() {
        let error = serde_json::to_string(&title()).expect_err("it is clear");
        assert_eq!(error.to_string(), "personal text in clear");
        assert!(rmp_serde::to_vec_named(&title()).is_err());
        assert!(serde_json::to_value(Some(Personal::<String>::from("Zinc"))).is_err());
    }

    #[test]
    fn sealed_text_is_stored_as_the_ciphertext_and_reads_back_when_it_is_opened() {
        let mut stored = title();
        stored.seal("c2VhbGVk".to_owned());
        assert_eq!(serde_json::to_string(&stored).expect("it is sealed"), r#""c2VhbGVk""#);
        let mut read: Personal<Title> = serde_json::from_str(r#""c2VhbGVk""#).expect("a text");
        assert_eq!((read.clear(), read.sealed()), (None, Some("c2VhbGVk")));
        read.open("Zinc".to_owned());
        assert_eq!((&read, read.sealed()), (&title(), None));
        assert_eq!(read.into_inner(), title().into_inner());
    }

    #[test]
    fn what_is_sealed_reads_as_erased() {
        let sealed: Personal<Title> = serde_json::from_str(r#""c2VhbGVk""#).expect("a text");
        assert_eq!(sealed.as_str(), ERASED);
        assert_eq!(sealed.into_inner().as_str(), ERASED);
    }

    #[test]
    fn a_text_that_is_not_there_is_neither_sealed_nor_opened() {
        let mut none: Option<Personal<String>> = serde_json::from_str("null").expect("no text");
        none.seal("c2VhbGVk".to_owned());
        none.open("Zinc".to_owned());
        assert_eq!((&none, none.clear(), none.sealed()), (&None, None, None));
        assert_eq!(serde_json::to_string(&none).expect("nothing is personal in it"), "null");
    }

    #[test]
    fn the_text_is_not_debugged() {
        let mut text = title();
        assert_eq!(format!("{text:?}"), "Personal(clear)");
        text.seal("c2VhbGVk".to_owned());
        assert_eq!(format!("{text:?}"), "Personal(sealed)");
    }
}
