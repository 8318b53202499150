//! Access to the values of a body as they were received.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Input, Received, Upload};

/// Marks a field of several texts. No text has these bytes: they are no UTF-8.
const SEVERAL: [u8; 1] = [0xff];

impl Input {
    /// Returns a SHA-256 of the fields, whatever their order: it tells a repeated request from a different one.
    pub fn fingerprint(&self) -> Vec<u8> {
        let mut names: Vec<&String> = self.fields.keys().collect();
        names.sort_unstable();
        let mut hasher = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        for name in names {
            add(name.as_bytes());
            match &self.fields[name] {
                Received::Json(value) => add(value.to_string().as_bytes()),
                Received::Texts(texts) => {
                    // Without their number, the second text of one field would be the same as another field's name.
                    if texts.len() != 1 {
                        add(&SEVERAL);
                        add(&(texts.len() as u64).to_be_bytes());
                    }
                    for text in texts {
                        add(text.as_bytes());
                    }
                }
                Received::File(upload) => {
                    add(upload.file_name.as_bytes());
                    add(&upload.bytes);
                }
            }
        }
        hasher.finalize().to_vec()
    }

    /// Returns whether the body was urlencoded or multipart.
    pub fn is_form(&self) -> bool {
        self.form
    }

    /// Returns a text as it was received, not validated: for values that are needed before validation.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.fields.get(name)? {
            Received::Json(Value::String(text)) => Some(text),
            Received::Texts(texts) => texts.last().map(String::as_str),
            Received::Json(_) | Received::File(_) => None,
        }
    }

    /// Builds a form from these texts, for a JSON object that has the fields that are sent as a form elsewhere.
    pub fn of_texts(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut input = Self::empty(true);
        texts.into_iter().for_each(|(name, text)| input.add_text(name, text));
        input
    }

    /// Returns a JSON value as it was received, not validated.
    pub fn json(&self, name: &str) -> Option<&Value> {
        match self.fields.get(name)? {
            Received::Json(value) => Some(value),
            Received::Texts(_) | Received::File(_) => None,
        }
    }

    /// Returns the file of this name, if one was uploaded.
    pub fn file(&self, name: &str) -> Option<&Upload> {
        match self.fields.get(name)? {
            Received::File(upload) => Some(upload),
            Received::Json(_) | Received::Texts(_) => None,
        }
    }
}
