//! Validation errors: messages by field, and their JSON.

use serde::{
    Serialize,
    ser::{SerializeMap, Serializer},
};

/// Messages by field, in the order in which the fields were read.
#[derive(Debug, Default, PartialEq)]
pub struct FieldErrors(Vec<(String, FieldMessages)>);

/// The messages about a whole field, or about items of a list by their index.
#[derive(Debug, PartialEq)]
pub enum FieldMessages {
    Whole(Vec<String>),
    Items(Vec<(usize, Vec<String>)>),
}

impl FieldMessages {
    pub(super) fn one(message: impl Into<String>) -> Self {
        Self::Whole(vec![message.into()])
    }
}

impl FieldErrors {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a message to a field; the messages of one field stay together.
    pub fn add(&mut self, field: &str, message: impl Into<String>) {
        self.extend(field, FieldMessages::one(message));
    }

    pub(super) fn extend(&mut self, field: &str, messages: FieldMessages) {
        match (self.0.iter_mut().find(|(name, _)| name == field), messages) {
            (Some((_, FieldMessages::Whole(known))), FieldMessages::Whole(new)) => {
                known.extend(new);
            }
            (Some((_, known)), new) => *known = new,
            (None, new) => self.0.push((field.to_owned(), new)),
        }
    }
}

impl Serialize for FieldErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(field, messages)| (field, messages)))
    }
}

impl Serialize for FieldMessages {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(messages) => messages.serialize(serializer),
            Self::Items(items) => {
                let mut map = serializer.serialize_map(Some(items.len()))?;
                for (index, messages) in items {
                    map.serialize_entry(&index.to_string(), messages)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_gather_their_messages() {
        let mut errors = FieldErrors::default();
        errors.add("z", "1");
        errors.add("a", "2");
        errors.add("z", "3");
        errors.extend("l", FieldMessages::Items(vec![(1, vec!["4".into()])]));
        assert_eq!(
            serde_json::to_string(&errors).expect("serialisable"),
            r#"{"z":["1","3"],"a":["2"],"l":{"1":["4"]}}"#
        );
    }
}
