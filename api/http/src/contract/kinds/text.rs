//! Texts, e-mail addresses, and texts that are parsed into domain values.

use std::marker::PhantomData;

use commands::counters::Bound;
use domain::values::{Email, TextError, TextValue};
use serde_json::Value;

use super::{Kind, Parsed, last, refuse};
use crate::contract::{django_format, field_errors::FieldMessages, input::Received};

struct Rule {
    message: String,
    holds: Box<dyn Fn(&str) -> bool>,
}

pub struct Text {
    pub(in crate::contract) trim: bool,
    pub(in crate::contract) blank: bool,
    email: bool,
    rules: Vec<Rule>,
}

impl Default for Text {
    fn default() -> Self {
        Self { trim: true, blank: false, email: false, rules: vec![] }
    }
}

impl Text {
    pub(in crate::contract) fn email() -> Self {
        let mut text = Self { email: true, ..Self::default() };
        text.max(254);
        text
    }

    pub(in crate::contract) fn check(&mut self, message: impl Into<String>, holds: impl Fn(&str) -> bool + 'static) {
        self.rules.push(Rule { message: message.into(), holds: Box::new(holds) });
    }

    pub(in crate::contract) fn max(&mut self, characters: usize) {
        self.check(too_long(characters), move |text| text.chars().count() <= characters);
    }

    /// Adds a maximum length that is a setting; texts that exceed it are counted as hits of a limit.
    pub(in crate::contract) fn bounded(&mut self, characters: usize) {
        self.check(too_long(characters), move |text| is_within(text, characters));
    }

    pub(in crate::contract) fn min(&mut self, characters: usize) {
        self.check(format!("Ensure this field has at least {characters} characters."), move |text| {
            text.chars().count() >= characters
        });
    }

    fn parse_text(&self, text: String) -> Parsed<String> {
        let stripped = django_format::strip(&text);
        if text.is_empty() || (self.trim && stripped.is_empty()) {
            return if self.blank { Ok(String::new()) } else { refuse("This field may not be blank.") };
        }
        let text = if self.trim { stripped.to_owned() } else { text };
        let mut messages: Vec<String> =
            self.rules.iter().filter(|rule| !(rule.holds)(&text)).map(|rule| rule.message.clone()).collect();
        if text.contains('\0') {
            messages.push("Null characters are not allowed.".to_owned());
        }
        if self.email && !is_email(&text) {
            messages.push("Enter a valid email address.".to_owned());
        }
        if messages.is_empty() { Ok(text) } else { Err(FieldMessages::Whole(messages)) }
    }

    fn parse_json(&self, value: &Value) -> Parsed<String> {
        match value {
            Value::String(text) => self.parse_text(text.clone()),
            Value::Number(number) => self.parse_text(django_format::number_text(number)),
            Value::Null => refuse("This field may not be null."),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => refuse("Not a valid string."),
        }
    }
}

impl Kind for Text {
    type Value = String;

    fn parse(&self, received: &Received) -> Parsed<String> {
        match received {
            Received::Json(value) => self.parse_json(value),
            Received::Texts(texts) => self.parse_text(last(texts)),
            Received::File(_) => refuse("Not a valid string."),
        }
    }

    fn keeps_empty_text(&self) -> bool {
        self.blank
    }
}

/// A text that is parsed into a domain value.
pub struct ValueOf<T> {
    text: Text,
    value: PhantomData<fn() -> T>,
}

impl<T: TextValue> Default for ValueOf<T> {
    fn default() -> Self {
        let mut text = Text::default();
        text.max(T::MAX_CHARS);
        Self { text, value: PhantomData }
    }
}

impl<T> ValueOf<T> {
    pub(in crate::contract) fn check(&mut self, message: impl Into<String>, holds: impl Fn(&str) -> bool + 'static) {
        self.text.check(message, holds);
    }
}

impl<T: TextValue> Kind for ValueOf<T> {
    type Value = T;

    fn parse(&self, received: &Received) -> Parsed<T> {
        let text = self.text.parse(received)?;
        // A type's other rules have messages of their own: the handler that reads the field adds them with `check`.
        T::parse(&text).or_else(|error| match error {
            TextError::Blank => refuse("This field may not be blank."),
            TextError::TooLong { max } => refuse(too_long(max)),
            TextError::Malformed => refuse("Not a valid string."),
        })
    }
}

fn too_long(max: usize) -> String {
    format!("Ensure this field has no more than {max} characters.")
}

/// Returns whether the text has at most this many characters. A longer text is counted as a hit of a limit.
pub(in crate::contract) fn is_within(text: &str, characters: usize) -> bool {
    let is_within = text.chars().nth(characters).is_none();
    if !is_within {
        Bound::LongText.met();
    }
    is_within
}

/// Returns whether the text is an e-mail address. One that is only too long passes: its length has its own message.
fn is_email(text: &str) -> bool {
    !matches!(Email::parse(text), Err(TextError::Malformed | TextError::Blank))
}
