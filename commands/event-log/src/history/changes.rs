//! What events change: the fields of their payloads, held against the values that earlier events gave the same fields.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A field that an event has given another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub field: String,
    /// The value before; `None` if there was none.
    pub before: Option<Value>,
    /// The value from then on.
    pub after: Value,
}

/// Types of events that begin something with an id of its own, such as a message, which no later event changes.
pub(super) const UNCHANGING: [&str; 9] = [
    "QuestionAsked",
    "PassagesRetrieved",
    "AnswerCompleted",
    "AnswerFailed",
    "AnswerSpoken",
    "TranscriptionFailed",
    "ResultRecorded",
    "SessionStarted",
    "SessionEnded",
];

/// Types of events that are about a part of the aggregate, with the field that holds its id.
const OF_PARTS: [(&str, &str); 10] = [
    ("AssistantDefined", "assistant_id"),
    ("FeedbackGiven", "feedback_id"),
    ("KeyIssued", "key_id"),
    ("KeyRevoked", "key_id"),
    ("QuestionAdded", "question_id"),
    ("QuestionChanged", "question_id"),
    ("QuestionDeleted", "question_id"),
    ("DocumentAttached", "document_id"),
    ("DocumentRemoved", "document_id"),
    ("RemovalConfirmed", "place"),
];

/// Types of events that set a field without a payload, with the value from then on, and the one of an aggregate that no
/// such event has met.
const WITHOUT_PAYLOAD: [(&str, &str, Value, Value); 9] = [
    ("Archived", "is_archived", Value::Bool(true), Value::Bool(false)),
    ("Unarchived", "is_archived", Value::Bool(false), Value::Bool(false)),
    ("MadeDefault", "is_default", Value::Bool(true), Value::Bool(false)),
    ("NoLongerDefault", "is_default", Value::Bool(false), Value::Bool(false)),
    ("Deactivated", "is_active", Value::Bool(false), Value::Bool(true)),
    ("Activated", "is_active", Value::Bool(true), Value::Bool(true)),
    ("AuditorAppointed", "is_auditor", Value::Bool(true), Value::Bool(false)),
    ("AuditorDismissed", "is_auditor", Value::Bool(false), Value::Bool(true)),
    ("FullNameCleared", "full_name", Value::Null, Value::Null),
];

/// The values of the fields of an aggregate and of its parts, by the id of the part.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<Option<String>, Map<String, Value>>);

impl Values {
    /// Takes over the payload of an event; returns what it changes, in the order of the names. Fields that keep their
    /// value are left out, and so is the type of the event.
    pub(super) fn apply(&mut self, event_type: &str, payload: Value) -> Vec<Change> {
        let Value::Object(mut fields) = payload else { return vec![] };
        fields.remove("type");
        if UNCHANGING.contains(&event_type) {
            return fields.into_iter().map(|(field, after)| Change { field, before: None, after }).collect();
        }
        let id_of_part = OF_PARTS.iter().find(|(name, _)| *name == event_type).map(|(_, field)| *field);
        let part = id_of_part.and_then(|field| fields.get(field)).and_then(Value::as_str).map(str::to_owned);
        let known = self.0.entry(part).or_default();
        if let Some((_, field, after, first)) = WITHOUT_PAYLOAD.into_iter().find(|(name, ..)| *name == event_type) {
            known.entry(field.to_owned()).or_insert(first);
            fields.insert(field.to_owned(), after);
        }
        let mut changes = Vec::new();
        for (field, after) in fields {
            let before = known.insert(field.clone(), after.clone());
            let names_the_part = id_of_part == Some(field.as_str());
            if names_the_part || before.as_ref() != Some(&after) {
                changes.push(Change { field, before: before.filter(|_| !names_the_part), after });
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(field: &str, before: Option<Value>, after: Value) -> Change {
        Change { field: field.to_owned(), before, after }
    }

    #[test]
    fn a_change_shows_the_value_that_the_field_had_before_and_nothing_that_stays() {
        let mut values = Values::default();
        let created = json!({"type": "Created", "title": "Ward", "prompt": "Answer", "description": null});
        assert_eq!(
            values.apply("Created", created),
            [
                change("description", None, Value::Null),
                change("prompt", None, json!("Answer")),
                change("title", None, json!("Ward"))
            ]
        );
        let title = values.apply("TitleChanged", json!({"type": "TitleChanged", "title": "Ward 2"}));
        assert_eq!(title, [change("title", Some(json!("Ward")), json!("Ward 2"))]);
        let again = values.apply("TitleChanged", json!({"type": "TitleChanged", "title": "Ward 2"}));
        assert_eq!(again, []);
        let description = values.apply("DescriptionChanged", json!({"description": "Beds"}));
        assert_eq!(
            description,
            [change("description", Some(Value::Null), json!("Beds"))],
            "there was none, and it was null"
        );
    }

    #[test]
    fn parts_do_not_mix() {
        let mut values = Values::default();
        let question = |id: &str, text: &str| json!({"question_id": id, "question": text});
        values.apply("QuestionAdded", question("a", "How much?"));
        values.apply("QuestionAdded", question("b", "How long?"));
        let changed = values.apply("QuestionChanged", question("a", "How often?"));
        let named = change("question_id", None, json!("a"));
        assert_eq!(changed, [change("question", Some(json!("How much?")), json!("How often?")), named]);
    }

    /// An assistant has a model of its own, which is none of the project's.
    #[test]
    fn what_an_assistant_is_does_not_change_its_project() {
        let mut values = Values::default();
        values.apply("Created", json!({"model": "gpt35", "assistant_id": null}));
        let defined = values.apply("AssistantDefined", json!({"assistant_id": "asst_1", "model": "gpt-4"}));
        assert_eq!(defined, [change("assistant_id", None, json!("asst_1")), change("model", None, json!("gpt-4"))]);
        let changed = values.apply("ModelChanged", json!({"model": "gpt4"}));
        assert_eq!(changed, [change("model", Some(json!("gpt35")), json!("gpt4"))]);
    }

    #[test]
    fn an_event_without_a_payload_shows_what_it_changes() {
        let mut values = Values::default();
        let archived = values.apply("Archived", json!({"type": "Archived"}));
        assert_eq!(archived, [change("is_archived", Some(json!(false)), json!(true))]);
        let back = values.apply("Unarchived", json!({"type": "Unarchived"}));
        assert_eq!(back, [change("is_archived", Some(json!(true)), json!(false))]);
        values.apply("Registered", json!({"full_name": "Asha"}));
        let cleared = values.apply("FullNameCleared", json!({}));
        assert_eq!(cleared, [change("full_name", Some(json!("Asha")), Value::Null)]);
    }

    #[test]
    fn messages_of_a_chat_change_nothing_that_was_there() {
        let mut values = Values::default();
        for text in ["How much zinc?", "How long?"] {
            let asked = values.apply("QuestionAsked", json!({"type": "QuestionAsked", "text": text}));
            assert_eq!(asked, [change("text", None, json!(text))]);
        }
    }

    /// A type that was renamed here and not there would mix its parts.
    #[test]
    fn every_type_that_is_named_here_is_one_of_the_log() {
        use domain::event::every_event_type;
        let named = UNCHANGING.iter().chain(OF_PARTS.iter().map(|(name, _)| name));
        for name in named.chain(WITHOUT_PAYLOAD.iter().map(|(name, ..)| name)) {
            assert!(every_event_type().any(|known| known == *name), "{name}");
        }
    }
}
