//! Two moments of one thing compared, field by field.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;
use serde_json::{Map, Value, to_value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{AsOf, AsOfDocument, AsOfMessage, AsOfMoment};

/// What is different at another moment. `before` is what there was at the moment that was asked for, `after` what there
/// was at the other one, also if that is earlier.
#[derive(Debug, Serialize, ToSchema)]
pub struct AsOfComparison {
    pub with: AsOfMoment,
    /// The state at the other moment.
    pub state: &'static str,
    /// In the order of the names of the fields.
    pub changes: Vec<AsOfChange>,
    /// Null for whatever is no chat.
    pub messages: Option<AsOfListChanges<AsOfMessage>>,
    /// Null if the documents of a project were not asked for.
    pub documents: Option<AsOfListChanges<AsOfDocument>>,
}

/// A field that has another value.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AsOfChange {
    pub field: String,
    /// Null if there was no such field.
    pub before: Option<Value>,
    /// Null if there was no such field.
    pub after: Option<Value>,
}

/// The differences of a list, whose items are told apart by their ids.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct AsOfListChanges<T> {
    /// Items that there were at the other moment alone.
    pub added: Vec<T>,
    /// Items that there were at the moment that was asked for alone.
    pub removed: Vec<T>,
    /// Items with other fields.
    pub changed: Vec<AsOfChangedItem>,
}

/// An item of a list with other fields.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct AsOfChangedItem {
    pub id: Uuid,
    pub changes: Vec<AsOfChange>,
}

/// An item of a list.
trait Item: Serialize + PartialEq + Clone {
    fn id(&self) -> Uuid;
}

impl Item for AsOfMessage {
    fn id(&self) -> Uuid {
        self.id
    }
}

impl Item for AsOfDocument {
    fn id(&self) -> Uuid {
        self.id
    }
}

impl AsOfComparison {
    pub(super) fn between(asked: &AsOf, other: AsOf) -> Result<Self, serde_json::Error> {
        let AsOf { at: with, state, fields, messages, documents, .. } = other;
        Ok(Self {
            with,
            state,
            changes: changes(&asked.fields, &fields),
            messages: lists(asked.messages.as_deref(), messages)?,
            documents: lists(asked.documents.as_deref(), documents)?,
        })
    }
}

fn changes(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<AsOfChange> {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let pairs = names.into_iter().map(|name| (name, before.get(name), after.get(name)));
    pairs
        .filter(|(_, before, after)| before != after)
        .map(|(name, before, after)| AsOfChange { field: name.clone(), before: before.cloned(), after: after.cloned() })
        .collect()
}

fn lists<T: Item>(
    before: Option<&[T]>,
    after: Option<Vec<T>>,
) -> Result<Option<AsOfListChanges<T>>, serde_json::Error> {
    let (Some(before), Some(after)) = (before, after) else { return Ok(None) };
    let known: HashMap<Uuid, &T> = before.iter().map(|item| (item.id(), item)).collect();
    let remaining: HashSet<Uuid> = after.iter().map(Item::id).collect();
    let removed = before.iter().filter(|item| !remaining.contains(&item.id())).cloned().collect();
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for item in after {
        match known.get(&item.id()) {
            None => added.push(item),
            Some(was) if **was != item => {
                changed.push(AsOfChangedItem { id: item.id(), changes: changes(&fields(*was)?, &fields(&item)?) });
            }
            Some(_) => {}
        }
    }
    Ok(Some(AsOfListChanges { added, removed, changed }))
}

fn fields(item: &impl Serialize) -> Result<BTreeMap<String, Value>, serde_json::Error> {
    let fields: Map<String, Value> = serde_json::from_value(to_value(item)?)?;
    Ok(fields.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(id: u128, title: &str) -> AsOfDocument {
        let (id, title) = (Uuid::from_u128(id), title.to_owned());
        AsOfDocument { id, title, version: 1, state: "embedded", embedded_version: Some(1), last_event: 7 }
    }

    #[test]
    fn fields_that_are_the_same_are_left_out_and_one_that_was_not_there_has_no_value_before() {
        let fields = |fields: &[(&str, Value)]| -> BTreeMap<String, Value> {
            fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
        };
        let before = fields(&[("prompt", json!("Answer")), ("title", json!("Ward"))]);
        let after = fields(&[("creator", json!(null)), ("prompt", json!("Answer")), ("title", json!("Ward 2"))]);
        let change = |field: &str, before, after| AsOfChange { field: field.to_owned(), before, after };
        assert_eq!(
            changes(&before, &after),
            [change("creator", None, Some(json!(null))), change("title", Some(json!("Ward")), Some(json!("Ward 2")))]
        );
    }

    #[test]
    fn items_of_a_list_are_told_apart_by_their_ids() {
        let before = [document(1, "Zinc"), document(2, "ORS"), document(3, "Measles")];
        let after = vec![document(1, "Zinc"), document(2, "ORS, new"), document(4, "Iron")];
        let found = lists(Some(&before), Some(after)).expect("JSON").expect("two lists");
        assert_eq!((found.added, found.removed), (vec![document(4, "Iron")], vec![document(3, "Measles")]));
        let title =
            AsOfChange { field: "title".to_owned(), before: Some(json!("ORS")), after: Some(json!("ORS, new")) };
        assert_eq!(found.changed, [AsOfChangedItem { id: Uuid::from_u128(2), changes: vec![title] }]);
        assert_eq!(lists::<AsOfDocument>(None, None).expect("JSON"), None);
    }
}
