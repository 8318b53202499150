//! Validation of fields, read in the order in which the contract lists them; all errors are reported together.
//!
//! ```
//! # use http_api::contract::{input::Input, problem::ApiError};
//! # use domain::values::Title;
//! struct NewProject { title: Title, description: Option<String>, is_default: bool }
//!
//! fn new_project(input: &Input) -> Result<NewProject, ApiError> {
//!     input.create(|fields| NewProject {
//!         title: fields.value("title").required(),
//!         description: fields.text("description").allow_blank().nullable().or(None),
//!         is_default: fields.boolean("is_default").or(false),
//!     })
//! }
//! ```

use domain::values::TextValue;
use serde_json::Value;

pub use super::kinds::{Text, ValueOf};
use super::{
    field_errors::{FieldErrors, FieldMessages},
    input::{Input, Received},
    kinds::{Boolean, Choice, Choices, File, Float, Id, Integer, Kind, Nullable, Object, Strings},
    problem::ApiError,
};

/// Returns whether a text has at most this many characters, for texts that are not validated as fields. A longer text
/// is counted as a hit of a limit.
pub fn is_within(text: &str, characters: usize) -> bool {
    super::kinds::is_within(text, characters)
}

impl Input {
    /// Reads the fields of a new object. A missing boolean of a form is false: forms do not send unchecked boxes.
    ///
    /// # Errors
    /// [`ApiError::Fields`] with the messages of all fields that were refused.
    pub fn create<T>(&self, read: impl FnOnce(&mut Fields<'_>) -> T) -> Result<T, ApiError> {
        Fields::read(self, false, read)
    }

    /// Reads the fields that a change names; `read` has to make every one `optional`.
    ///
    /// # Errors
    /// [`ApiError::Fields`] with the messages of all fields that were refused.
    pub fn partial<T>(&self, read: impl FnOnce(&mut Fields<'_>) -> T) -> Result<T, ApiError> {
        Fields::read(self, true, read)
    }
}

/// The fields of one body, and the errors found so far.
pub struct Fields<'i> {
    input: &'i Input,
    partial: bool,
    errors: FieldErrors,
}

impl<'i> Fields<'i> {
    /// Runs `read`. Refused fields get default values meanwhile, so what it builds is dropped if there was any error.
    fn read<T>(input: &'i Input, partial: bool, read: impl FnOnce(&mut Self) -> T) -> Result<T, ApiError> {
        let mut fields = Self { input, partial, errors: FieldErrors::default() };
        let value = read(&mut fields);
        if fields.errors.is_empty() { Ok(value) } else { Err(fields.errors.into()) }
    }

    /// A text, trimmed; a number is converted to text.
    pub fn text(&mut self, name: &'static str) -> Field<'_, 'i, Text> {
        self.field(name, Text::default())
    }

    /// A text that is parsed into a domain value; the type gives the rule and the maximum length.
    pub fn value<T: TextValue>(&mut self, name: &'static str) -> Field<'_, 'i, ValueOf<T>> {
        self.field(name, ValueOf::default())
    }

    /// An e-mail address of at most 254 characters.
    pub fn email(&mut self, name: &'static str) -> Field<'_, 'i, Text> {
        self.field(name, Text::email())
    }

    /// One of these numbers, sent as a number or as text.
    pub fn choice(&mut self, name: &'static str, choices: &'static [i64]) -> Field<'_, 'i, Choice> {
        self.field(name, Choice(choices))
    }

    /// A list of some of these numbers, each sent as a number or as text; not empty.
    pub fn choices(&mut self, name: &'static str, choices: &'static [i64]) -> Field<'_, 'i, Choices> {
        self.field(name, Choices(choices))
    }

    pub fn boolean(&mut self, name: &'static str) -> Field<'_, 'i, Boolean> {
        self.field(name, Boolean)
    }

    /// A whole number, in the range of 32 bits if no other range is given.
    pub fn integer(&mut self, name: &'static str) -> Field<'_, 'i, Integer> {
        self.field(name, Integer::default())
    }

    /// A finite number.
    pub fn float(&mut self, name: &'static str) -> Field<'_, 'i, Float> {
        self.field(name, Float)
    }

    pub fn uuid(&mut self, name: &'static str) -> Field<'_, 'i, Id> {
        self.field(name, Id)
    }

    /// A list of texts, none of them blank.
    pub fn strings(&mut self, name: &'static str) -> Field<'_, 'i, Strings> {
        self.field(name, Strings::default())
    }

    /// A JSON object.
    pub fn object(&mut self, name: &'static str) -> Field<'_, 'i, Object> {
        self.field(name, Object)
    }

    /// An uploaded file, not empty, whose name has at most 100 characters.
    pub fn file(&mut self, name: &'static str) -> Field<'_, 'i, File> {
        self.field(name, File)
    }

    /// Adds an error of the handler's own at this position of the order.
    pub fn error(&mut self, name: &str, message: impl Into<String>) {
        self.errors.add(name, message);
    }

    fn field<K: Kind>(&mut self, name: &'static str, kind: K) -> Field<'_, 'i, K> {
        Field { fields: self, name, kind }
    }
}

/// One field under validation. Nothing happens before `required`, `optional` or `or`.
#[must_use = "a field is read by `required`, `optional` or `or`"]
pub struct Field<'f, 'i, K> {
    fields: &'f mut Fields<'i>,
    name: &'static str,
    kind: K,
}

impl<'f, 'i, K: Kind> Field<'f, 'i, K> {
    /// Accepts `null` as a value. Call it after the field's rules.
    pub fn nullable(self) -> Field<'f, 'i, Nullable<K>> {
        Field { fields: self.fields, name: self.name, kind: Nullable(self.kind) }
    }

    /// Returns the value; a missing field is an error.
    pub fn required(self) -> K::Value {
        self.read(true).unwrap_or_default()
    }

    /// Returns the value, or `None` if the field is missing.
    pub fn optional(self) -> Option<K::Value> {
        self.read(false)
    }

    /// Returns the value, or `None` if the field is missing. Unlike with `optional`, an empty text of a form is
    /// validated: for fields that are required when the object is created and that a form must not clear.
    pub fn if_sent(self) -> Option<K::Value> {
        if self.fields.input.get(self.name).is_some() { self.read(true) } else { None }
    }

    /// Returns the value, or `default` if the field is missing.
    pub fn or(self, default: K::Value) -> K::Value {
        self.read(false).unwrap_or(default)
    }

    pub(super) fn map_kind(mut self, change: impl FnOnce(&mut K)) -> Self {
        change(&mut self.kind);
        self
    }

    fn read(self, required: bool) -> Option<K::Value> {
        match self.evaluate(required) {
            Ok(value) => value,
            Err(messages) => {
                self.fields.errors.extend(self.name, messages);
                None
            }
        }
    }

    fn evaluate(&self, required: bool) -> Result<Option<K::Value>, FieldMessages> {
        let Some(received) = self.fields.input.get(self.name) else {
            let new_form = self.fields.input.is_form() && !self.fields.partial;
            return match self.kind.absent_from_form().filter(|_| new_form) {
                None if required => Err(FieldMessages::one(K::REQUIRED)),
                stand_in => Ok(stand_in),
            };
        };
        match received {
            Received::Json(Value::Null) => match self.kind.null() {
                Some(null) => Ok(Some(null)),
                None => Err(FieldMessages::one("This field may not be null.")),
            },
            // A form cannot send null, and it sends an empty text for an input that was left empty.
            Received::Texts(texts)
                if texts.last().is_some_and(String::is_empty)
                    && !self.kind.keeps_empty_text()
                    && (self.kind.null().is_some() || !required) =>
            {
                Ok(self.kind.null())
            }
            received => self.kind.parse(received).map(Some),
        }
    }
}

impl Field<'_, '_, Text> {
    /// Refuses texts of more than this many characters.
    pub fn max(self, characters: usize) -> Self {
        self.map_kind(|text| text.max(characters))
    }

    /// Refuses texts of more characters than a setting allows, and counts them as hits of a limit.
    pub fn bounded(self, characters: usize) -> Self {
        self.map_kind(|text| text.bounded(characters))
    }

    /// Refuses texts of fewer than this many characters.
    pub fn min(self, characters: usize) -> Self {
        self.map_kind(|text| text.min(characters))
    }

    /// Adds a rule to the field. All rules are checked, in the order in which they were added.
    pub fn check(self, message: impl Into<String>, holds: impl Fn(&str) -> bool + 'static) -> Self {
        self.map_kind(|text| text.check(message, holds))
    }

    /// Accepts an empty text, and one of white space only.
    pub fn allow_blank(self) -> Self {
        self.map_kind(|text| text.blank = true)
    }

    /// Keeps white space at the ends of the value.
    pub fn untrimmed(self) -> Self {
        self.map_kind(|text| text.trim = false)
    }
}

impl<T: TextValue> Field<'_, '_, ValueOf<T>> {
    /// Adds a rule to the field, beside the rule of its type.
    pub fn check(self, message: impl Into<String>, holds: impl Fn(&str) -> bool + 'static) -> Self {
        self.map_kind(|value| value.check(message, holds))
    }
}

impl Field<'_, '_, Integer> {
    pub fn range(self, min: i64, max: i64) -> Self {
        self.map_kind(|integer| *integer = Integer { min, max })
    }
}

impl Field<'_, '_, Strings> {
    /// Refuses items of more characters than a setting allows, and counts them as hits of a limit.
    pub fn bounded(self, characters: usize) -> Self {
        self.map_kind(|strings| strings.max_characters = Some(characters))
    }

    /// Refuses an empty list.
    pub fn not_empty(self) -> Self {
        self.map_kind(|strings| strings.not_empty = true)
    }
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;
