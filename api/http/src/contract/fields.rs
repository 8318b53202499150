//! Validation of fields, read in the order in which the contract lists them; all errors are answered together.
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

/// Whether a text that is no field has at most so many characters. One that has more is counted.
pub fn is_within(text: &str, characters: usize) -> bool {
    super::kinds::is_within(text, characters)
}

impl Input {
    /// Reads the fields of a new object. A missing boolean of a form is false: that is how boxes are left unchecked.
    pub fn create<T>(&self, read: impl FnOnce(&mut Fields<'_>) -> T) -> Result<T, ApiError> {
        Fields::read(self, false, read)
    }

    /// Reads the fields that a change names; make every one `optional`.
    pub fn partial<T>(&self, read: impl FnOnce(&mut Fields<'_>) -> T) -> Result<T, ApiError> {
        Fields::read(self, true, read)
    }
}

/// The fields of one body, and what was wrong with them so far.
pub struct Fields<'i> {
    input: &'i Input,
    partial: bool,
    errors: FieldErrors,
}

impl<'i> Fields<'i> {
    /// What `read` builds out of stand-ins for bad values is dropped when there was any error.
    fn read<T>(input: &'i Input, partial: bool, read: impl FnOnce(&mut Self) -> T) -> Result<T, ApiError> {
        let mut fields = Self { input, partial, errors: FieldErrors::default() };
        let value = read(&mut fields);
        if fields.errors.is_empty() { Ok(value) } else { Err(fields.errors.into()) }
    }

    /// Text, trimmed; numbers become text.
    pub fn text(&mut self, name: &'static str) -> Field<'_, 'i, Text> {
        self.field(name, Text::default())
    }

    /// A text with a rule of its own, of at most as many characters as that allows.
    pub fn value<T: TextValue>(&mut self, name: &'static str) -> Field<'_, 'i, ValueOf<T>> {
        self.field(name, ValueOf::default())
    }

    /// An e-mail address of at most 254 characters.
    pub fn email(&mut self, name: &'static str) -> Field<'_, 'i, Text> {
        self.field(name, Text::email())
    }

    /// One of these numbers, as a number or as text.
    pub fn choice(&mut self, name: &'static str, choices: &'static [i64]) -> Field<'_, 'i, Choice> {
        self.field(name, Choice(choices))
    }

    /// A list of some of these numbers, each as a number or as text; not empty.
    pub fn choices(&mut self, name: &'static str, choices: &'static [i64]) -> Field<'_, 'i, Choices> {
        self.field(name, Choices(choices))
    }

    pub fn boolean(&mut self, name: &'static str) -> Field<'_, 'i, Boolean> {
        self.field(name, Boolean)
    }

    /// A whole number of 32 bits, if no other range is given.
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

    /// Adds an error of our own at this place of the order.
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
    /// `null` is a value. The rules of the field come before this.
    pub fn nullable(self) -> Field<'f, 'i, Nullable<K>> {
        Field { fields: self.fields, name: self.name, kind: Nullable(self.kind) }
    }

    /// The value; a missing one is an error.
    pub fn required(self) -> K::Value {
        self.read(true).unwrap_or_default()
    }

    /// The value, or `None` if the field is missing.
    pub fn optional(self) -> Option<K::Value> {
        self.read(false)
    }

    /// The value, or `None` if the field is missing. A form cannot empty it: it is required where the object is made.
    pub fn if_sent(self) -> Option<K::Value> {
        if self.fields.input.get(self.name).is_some() { self.read(true) } else { None }
    }

    /// The value, or this one if the field is missing.
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
            // A form cannot say null, and it sends a box that was left empty.
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
    /// At most this many characters.
    pub fn max(self, characters: usize) -> Self {
        self.map_kind(|text| text.max(characters))
    }

    /// At most as many characters as a setting allows; whoever sends more is counted.
    pub fn bounded(self, characters: usize) -> Self {
        self.map_kind(|text| text.bounded(characters))
    }

    /// At least this many characters.
    pub fn min(self, characters: usize) -> Self {
        self.map_kind(|text| text.min(characters))
    }

    /// A rule of the field's own. Rules are checked in the order in which they are given, all of them.
    pub fn check(self, message: impl Into<String>, holds: impl Fn(&str) -> bool + 'static) -> Self {
        self.map_kind(|text| text.check(message, holds))
    }

    /// Nothing, or only white space, is a value.
    pub fn allow_blank(self) -> Self {
        self.map_kind(|text| text.blank = true)
    }

    /// White space at the ends belongs to the value.
    pub fn untrimmed(self) -> Self {
        self.map_kind(|text| text.trim = false)
    }
}

impl<T: TextValue> Field<'_, '_, ValueOf<T>> {
    /// A rule of the field's own, beside that of its type.
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
    /// At most as many characters in each text as a setting allows; whoever sends more is counted.
    pub fn bounded(self, characters: usize) -> Self {
        self.map_kind(|strings| strings.max_characters = Some(characters))
    }

    /// An empty list is refused.
    pub fn not_empty(self) -> Self {
        self.map_kind(|strings| strings.not_empty = true)
    }
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;
