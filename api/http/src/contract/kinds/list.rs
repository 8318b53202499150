//! Lists: every item is validated by the kind of the items, and errors are reported by index.

use commands::counters::Bound;
use serde_json::Value;

use super::{Choice, Kind, Parsed, Text, refuse};
use crate::contract::{
    django_format,
    field_errors::FieldMessages,
    input::{Received, Upload},
};

/// The maximum number of items: no list of the contract needs more.
const MAX_ITEMS: usize = 100;

/// A list of texts, none of them blank.
#[derive(Default)]
pub struct Strings {
    pub(in crate::contract) not_empty: bool,
    /// The maximum length of each text; `None` is no limit.
    pub(in crate::contract) max_characters: Option<usize>,
}

impl Kind for Strings {
    type Value = Vec<String>;

    fn parse(&self, received: &Received) -> Parsed<Vec<String>> {
        let mut text = Text::default();
        if let Some(characters) = self.max_characters {
            text.bounded(characters);
        }
        items(&text, received, self.not_empty)
    }

    fn keeps_empty_text(&self) -> bool {
        true
    }
}

/// A list of some of these numbers; not empty.
pub struct Choices(pub(in crate::contract) &'static [i64]);

impl Kind for Choices {
    type Value = Vec<i64>;

    fn parse(&self, received: &Received) -> Parsed<Vec<i64>> {
        items(&Choice(self.0), received, true)
    }

    fn keeps_empty_text(&self) -> bool {
        true
    }
}

fn items<K: Kind>(kind: &K, received: &Received, not_empty: bool) -> Parsed<Vec<K::Value>> {
    let received: Vec<Received> = match received {
        Received::Json(Value::Array(values)) => values.iter().cloned().map(Received::Json).collect(),
        Received::Texts(texts) => texts.iter().map(|text| Received::Texts(vec![text.clone()])).collect(),
        Received::Json(other) => return not_a_list(django_format::type_name(other)),
        Received::File(Upload { .. }) => return not_a_list("file"),
    };
    if not_empty && received.is_empty() {
        return refuse("This list may not be empty.");
    }
    if received.len() > MAX_ITEMS {
        Bound::LongText.met();
        return refuse(format!("Ensure this field has no more than {MAX_ITEMS} elements."));
    }
    let mut values = Vec::with_capacity(received.len());
    let mut errors = vec![];
    for (index, item) in received.iter().enumerate() {
        let parsed = match item {
            Received::Json(Value::Null) => refuse("This field may not be null."),
            item => kind.parse(item),
        };
        match parsed {
            Ok(value) => values.push(value),
            Err(FieldMessages::Whole(messages)) => errors.push((index, messages)),
            Err(FieldMessages::Items(_)) => {}
        }
    }
    if errors.is_empty() { Ok(values) } else { Err(FieldMessages::Items(errors)) }
}

fn not_a_list<T>(type_name: &str) -> Parsed<T> {
    refuse(format!("Expected a list of items but got type \"{type_name}\"."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(value: Value) -> Parsed<Vec<i64>> {
        Choices(&[1, 2, 3]).parse(&Received::Json(value))
    }

    #[test]
    fn numbers_may_come_as_text() {
        assert_eq!(parse(json!([3, "1"])), Ok(vec![3, 1]));
    }

    #[test]
    fn an_item_that_is_no_choice_is_named_by_its_place() {
        let message = |text: &str| vec![format!("\"{text}\" is not a valid choice.")];
        assert_eq!(parse(json!([1, 9, "x"])), Err(FieldMessages::Items(vec![(1, message("9")), (2, message("x"))])));
    }

    #[test]
    fn a_list_has_an_end() {
        assert!(parse(json!(vec![1; 100])).is_ok());
        assert_eq!(
            parse(json!(vec![1; 101])),
            Err(FieldMessages::one("Ensure this field has no more than 100 elements."))
        );
    }

    #[test]
    fn an_empty_list_and_what_is_no_list_are_refused() {
        assert_eq!(parse(json!([])), Err(FieldMessages::one("This list may not be empty.")));
        assert_eq!(parse(json!("1")), Err(FieldMessages::one("Expected a list of items but got type \"str\".")));
    }
}
