//! The kinds of fields: each parses a received value into a typed one, or refuses it with the contract's message.
//!
//! A kind parses one value. Missing fields and nulls are handled in `fields`.

mod list;
mod scalar;
mod text;

use serde_json::{Map, Value};

use super::{
    django_format,
    field_errors::FieldMessages,
    input::{Received, Upload},
};

pub(super) use list::{Choices, Strings};
pub(super) use scalar::{Boolean, Choice, Float, Id, Integer};
pub(super) use text::is_within;
pub use text::{Text, ValueOf};

type Parsed<T> = Result<T, FieldMessages>;

fn refuse<T>(message: impl Into<String>) -> Parsed<T> {
    Err(FieldMessages::one(message))
}

/// A kind of field: the values that it accepts.
pub trait Kind {
    /// The parsed value. Its default stands in for a refused value until the errors are returned.
    type Value: Default;

    /// The message for a missing field.
    const REQUIRED: &'static str = "This field is required.";

    fn parse(&self, received: &Received) -> Result<Self::Value, FieldMessages>;

    /// Returns the value that null stands for; `None` if null is refused.
    fn null(&self) -> Option<Self::Value> {
        None
    }

    /// Returns whether an empty text of a form is parsed as a value; if not, an optional or nullable field treats it as
    /// not sent or null.
    fn keeps_empty_text(&self) -> bool {
        false
    }

    /// Returns the value that a field has if a form does not have it; `None` if it is missing then.
    fn absent_from_form(&self) -> Option<Self::Value> {
        None
    }
}

/// A kind that accepts null, too.
pub struct Nullable<K>(pub(in crate::contract) K);

impl<K: Kind> Kind for Nullable<K> {
    type Value = Option<K::Value>;
    const REQUIRED: &'static str = K::REQUIRED;

    fn parse(&self, received: &Received) -> Parsed<Self::Value> {
        self.0.parse(received).map(Some)
    }

    fn null(&self) -> Option<Self::Value> {
        Some(None)
    }

    fn keeps_empty_text(&self) -> bool {
        self.0.keeps_empty_text()
    }

    fn absent_from_form(&self) -> Option<Self::Value> {
        self.0.absent_from_form().map(|_| None)
    }
}

fn last(texts: &[String]) -> String {
    texts.last().cloned().unwrap_or_default()
}

/// Returns a scalar as text; lists and objects as Python's `repr()` spells them, which messages quote.
fn as_text(received: &Received) -> String {
    match received {
        Received::Json(value) => django_format::str(value),
        Received::Texts(texts) => last(texts),
        Received::File(upload) => upload.file_name.clone(),
    }
}

pub struct Object;

impl Kind for Object {
    type Value = Map<String, Value>;

    fn parse(&self, received: &Received) -> Parsed<Self::Value> {
        let type_name = match received {
            Received::Json(Value::Object(entries)) => return Ok(entries.clone()),
            Received::Json(other) => django_format::type_name(other),
            Received::Texts(_) => "str",
            Received::File(_) => "file",
        };
        refuse(format!("Expected a dictionary of items but got type \"{type_name}\"."))
    }
}

pub struct File;

impl File {
    const MAX_NAME: usize = 100;
}

impl Kind for File {
    type Value = Upload;
    const REQUIRED: &'static str = "No file was submitted.";

    fn parse(&self, received: &Received) -> Parsed<Upload> {
        let Received::File(upload) = received else {
            return refuse("The submitted data was not a file. Check the encoding type on the form.");
        };
        let length = upload.file_name.chars().count();
        if upload.bytes.is_empty() {
            refuse("The submitted file is empty.")
        } else if length > Self::MAX_NAME {
            refuse(format!("Ensure this filename has at most {} characters (it has {length}).", Self::MAX_NAME))
        } else {
            Ok(upload.clone())
        }
    }
}
