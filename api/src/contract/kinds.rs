//! The kinds of fields: how a received value becomes one of ours, and in which words it is refused.
//!
//! A kind looks at one value. Missing and null are decided in `fields`.

use serde_json::Value;
use uuid::Uuid;

use super::{
    email,
    ids::parse_uuid,
    input::{Received, Upload},
    problem::FieldMessages,
    python,
};

type Parsed<T> = Result<T, FieldMessages>;

fn refuse<T>(message: impl Into<String>) -> Parsed<T> {
    Err(FieldMessages::one(message))
}

/// What a field may hold.
pub trait Kind {
    /// The default stands in for a refused value until the errors are answered.
    type Value: Default;

    /// What is said of a missing field.
    const REQUIRED: &'static str = "This field is required.";

    fn parse(&self, received: &Received) -> Result<Self::Value, FieldMessages>;

    /// What null means, if it is allowed.
    fn null(&self) -> Option<Self::Value> {
        None
    }

    /// Is an empty text of a form a value, or the same as nothing?
    fn keeps_empty_text(&self) -> bool {
        false
    }

    /// What it means that a form does not have the field.
    fn absent_from_form(&self) -> Option<Self::Value> {
        None
    }
}

/// A kind that takes null too.
pub struct Nullable<K>(pub(super) K);

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

struct Rule {
    message: String,
    holds: Box<dyn Fn(&str) -> bool>,
}

pub struct Text {
    pub(super) trim: bool,
    pub(super) blank: bool,
    email: bool,
    rules: Vec<Rule>,
}

impl Default for Text {
    fn default() -> Self {
        Self {
            trim: true,
            blank: false,
            email: false,
            rules: vec![],
        }
    }
}

impl Text {
    pub(super) fn email() -> Self {
        let mut text = Self {
            email: true,
            ..Self::default()
        };
        text.max(254);
        text
    }

    pub(super) fn check(
        &mut self,
        message: impl Into<String>,
        holds: impl Fn(&str) -> bool + 'static,
    ) {
        self.rules.push(Rule {
            message: message.into(),
            holds: Box::new(holds),
        });
    }

    pub(super) fn max(&mut self, characters: usize) {
        self.check(
            format!("Ensure this field has no more than {characters} characters."),
            move |text| text.chars().count() <= characters,
        );
    }

    pub(super) fn min(&mut self, characters: usize) {
        self.check(
            format!("Ensure this field has at least {characters} characters."),
            move |text| text.chars().count() >= characters,
        );
    }

    fn parse_text(&self, text: String) -> Parsed<String> {
        let stripped = python::strip(&text);
        if text.is_empty() || (self.trim && stripped.is_empty()) {
            return if self.blank {
                Ok(String::new())
            } else {
                refuse("This field may not be blank.")
            };
        }
        let text = if self.trim { stripped.to_owned() } else { text };
        let mut messages: Vec<String> = self
            .rules
            .iter()
            .filter(|rule| !(rule.holds)(&text))
            .map(|rule| rule.message.clone())
            .collect();
        if text.contains('\0') {
            messages.push("Null characters are not allowed.".to_owned());
        }
        if self.email && !email::is_valid(&text) {
            messages.push("Enter a valid email address.".to_owned());
        }
        if messages.is_empty() {
            Ok(text)
        } else {
            Err(FieldMessages::Whole(messages))
        }
    }

    fn parse_json(&self, value: &Value) -> Parsed<String> {
        match value {
            Value::String(text) => self.parse_text(text.clone()),
            Value::Number(number) => self.parse_text(python::number_text(number)),
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

fn last(texts: &[String]) -> String {
    texts.last().cloned().unwrap_or_default()
}

/// A scalar as text; lists and objects are spelled out, as messages quote them.
fn as_text(received: &Received) -> String {
    match received {
        Received::Json(value) => python::str(value),
        Received::Texts(texts) => last(texts),
        Received::File(upload) => upload.file_name.clone(),
    }
}

pub struct Choice(pub(super) &'static [i64]);

impl Kind for Choice {
    type Value = i64;

    fn parse(&self, received: &Received) -> Parsed<i64> {
        let text = as_text(received);
        match self.0.iter().find(|choice| choice.to_string() == text) {
            Some(choice) => Ok(*choice),
            None => refuse(format!("\"{text}\" is not a valid choice.")),
        }
    }
}

pub struct Boolean;

impl Kind for Boolean {
    type Value = bool;

    fn parse(&self, received: &Received) -> Parsed<bool> {
        let text = match received {
            Received::Json(Value::Number(number)) if number.as_f64() == Some(1.0) => "1".into(),
            Received::Json(Value::Number(number)) if number.as_f64() == Some(0.0) => "0".into(),
            Received::Json(Value::Bool(_) | Value::String(_)) | Received::Texts(_) => {
                as_text(received)
            }
            Received::Json(_) | Received::File(_) => String::new(),
        };
        match text.as_str() {
            "t" | "T" | "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on"
            | "On" | "ON" | "1" => Ok(true),
            "f" | "F" | "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off"
            | "Off" | "OFF" | "0" => Ok(false),
            _ => refuse("Must be a valid boolean."),
        }
    }

    fn absent_from_form(&self) -> Option<bool> {
        Some(false)
    }
}

/// Longer texts are no numbers, and not worth parsing.
const MAX_NUMBER_CHARACTERS: usize = 1_000;

pub struct Integer {
    pub(super) min: i64,
    pub(super) max: i64,
}

impl Default for Integer {
    fn default() -> Self {
        Self {
            min: i32::MIN.into(),
            max: i32::MAX.into(),
        }
    }
}

impl Kind for Integer {
    type Value = i64;

    fn parse(&self, received: &Received) -> Parsed<i64> {
        let text = as_text(received);
        if text.chars().count() > MAX_NUMBER_CHARACTERS {
            return refuse("String value too large.");
        }
        let text = python::strip(&text);
        // A fraction of nothing but zeros is still a whole number.
        let whole = match text.split_once('.') {
            Some((whole, zeros)) if zeros.bytes().all(|b| b == b'0') => whole,
            _ => text,
        };
        let digits = whole.strip_prefix(['+', '-']).unwrap_or(whole);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return refuse("A valid integer is required.");
        }
        match whole.parse::<i64>() {
            Ok(number) if number > self.max => self.too_large(),
            Ok(number) if number < self.min => self.too_small(),
            Ok(number) => Ok(number),
            // Only digits, so it is the size that does not fit.
            Err(_) if whole.starts_with('-') => self.too_small(),
            Err(_) => self.too_large(),
        }
    }
}

impl Integer {
    fn too_large(&self) -> Parsed<i64> {
        refuse(format!(
            "Ensure this value is less than or equal to {}.",
            self.max
        ))
    }

    fn too_small(&self) -> Parsed<i64> {
        refuse(format!(
            "Ensure this value is greater than or equal to {}.",
            self.min
        ))
    }
}

pub struct Float;

impl Kind for Float {
    type Value = f64;

    fn parse(&self, received: &Received) -> Parsed<f64> {
        let number = match received {
            Received::Json(Value::Bool(truth)) => Some(f64::from(u8::from(*truth))),
            Received::Json(Value::Number(number)) => number.as_f64(),
            Received::Json(Value::String(_)) | Received::Texts(_) => {
                let text = as_text(received);
                if text.chars().count() > MAX_NUMBER_CHARACTERS {
                    return refuse("String value too large.");
                }
                python::strip(&text).parse().ok()
            }
            Received::Json(_) | Received::File(_) => None,
        };
        match number.filter(|number| number.is_finite()) {
            Some(number) => Ok(number),
            None => refuse("A valid number is required."),
        }
    }
}

pub struct Id;

impl Kind for Id {
    type Value = Uuid;

    fn parse(&self, received: &Received) -> Parsed<Uuid> {
        let id = match received {
            Received::Json(Value::String(text)) => parse_uuid(text),
            Received::Texts(texts) => parse_uuid(&last(texts)),
            Received::Json(_) | Received::File(_) => None,
        };
        match id {
            Some(id) => Ok(id),
            None => refuse("Must be a valid UUID."),
        }
    }
}

#[derive(Default)]
pub struct Strings {
    pub(super) not_empty: bool,
}

impl Kind for Strings {
    type Value = Vec<String>;

    fn parse(&self, received: &Received) -> Parsed<Vec<String>> {
        let item = Text::default();
        let items: Vec<Parsed<String>> = match received {
            Received::Json(Value::Array(values)) => {
                values.iter().map(|value| item.parse_json(value)).collect()
            }
            Received::Texts(texts) => texts
                .iter()
                .map(|text| item.parse_text(text.clone()))
                .collect(),
            Received::Json(other) => return not_a_list(python::type_name(other)),
            Received::File(_) => return not_a_list("file"),
        };
        if self.not_empty && items.is_empty() {
            return refuse("This list may not be empty.");
        }
        let mut texts = Vec::with_capacity(items.len());
        let mut errors = vec![];
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Ok(text) => texts.push(text),
                Err(FieldMessages::Whole(messages)) => errors.push((index, messages)),
                Err(FieldMessages::Items(_)) => {}
            }
        }
        if errors.is_empty() {
            Ok(texts)
        } else {
            Err(FieldMessages::Items(errors))
        }
    }

    fn keeps_empty_text(&self) -> bool {
        true
    }
}

fn not_a_list<T>(type_name: &str) -> Parsed<T> {
    refuse(format!(
        "Expected a list of items but got type \"{type_name}\"."
    ))
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
            return refuse(
                "The submitted data was not a file. Check the encoding type on the form.",
            );
        };
        let length = upload.file_name.chars().count();
        if upload.bytes.is_empty() {
            refuse("The submitted file is empty.")
        } else if length > Self::MAX_NAME {
            refuse(format!(
                "Ensure this filename has at most {} characters (it has {length}).",
                Self::MAX_NAME
            ))
        } else {
            Ok(upload.clone())
        }
    }
}
