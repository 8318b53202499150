//! Numbers, booleans, choices and ids.

use serde_json::Value;
use uuid::Uuid;

use super::{Kind, Parsed, as_text, last, refuse};
use crate::contract::{django_format, ids::parse_uuid, input::Received};

pub struct Choice(pub(in crate::contract) &'static [i64]);

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
            Received::Json(Value::Bool(_) | Value::String(_)) | Received::Texts(_) => as_text(received),
            Received::Json(_) | Received::File(_) => String::new(),
        };
        match text.as_str() {
            "t" | "T" | "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" | "1" => {
                Ok(true)
            }
            "f" | "F" | "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" | "0" => {
                Ok(false)
            }
            _ => refuse("Must be a valid boolean."),
        }
    }

    fn absent_from_form(&self) -> Option<bool> {
        Some(false)
    }
}

/// The maximum length of a number as text; longer texts are refused without parsing them.
const MAX_NUMBER_CHARACTERS: usize = 1_000;

pub struct Integer {
    pub(in crate::contract) min: i64,
    pub(in crate::contract) max: i64,
}

impl Default for Integer {
    fn default() -> Self {
        Self { min: i32::MIN.into(), max: i32::MAX.into() }
    }
}

impl Kind for Integer {
    type Value = i64;

    fn parse(&self, received: &Received) -> Parsed<i64> {
        let text = as_text(received);
        if text.chars().count() > MAX_NUMBER_CHARACTERS {
            return refuse("String value too large.");
        }
        let text = django_format::strip(&text);
        // A fraction of zeros only is still a whole number.
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
            // The text has only digits, so parsing fails only if the number does not fit.
            Err(_) if whole.starts_with('-') => self.too_small(),
            Err(_) => self.too_large(),
        }
    }
}

impl Integer {
    fn too_large(&self) -> Parsed<i64> {
        refuse(format!("Ensure this value is less than or equal to {}.", self.max))
    }

    fn too_small(&self) -> Parsed<i64> {
        refuse(format!("Ensure this value is greater than or equal to {}.", self.min))
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
                django_format::strip(&text).parse().ok()
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
