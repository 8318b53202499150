//! What is personal in an event is stored as ciphertext, and everything else as it is.

use std::collections::BTreeSet;

use cqrs_es::DomainEvent;
use domain::{
    event::Event,
    personal::{PersonalField, PersonalFields},
};
use serde_json::Value;

use crate::{clear_form::clear_payload, samples::samples};

/// Every personal field there is. One that were plain from now on would be stored in clear.
const PERSONAL: [&str; 20] = [
    "access.AccessGranted.reason",
    "access.AccessRefused.reason",
    "chat.AnswerCompleted.english_text",
    "chat.AnswerCompleted.text",
    "chat.AnswerFailed.partial_text",
    "chat.FeedbackGiven.message",
    "chat.PromptChanged.prompt",
    "chat.QuestionAsked.english_text",
    "chat.QuestionAsked.text",
    "chat.Retitled.title",
    "chat.Started.title",
    "chat.StartedWithKey.prompt",
    "chat.StartedWithKey.title",
    "feedback.Given.notes",
    "feedback.NotesChanged.notes",
    "user.EmailChanged.email",
    "user.FullNameChanged.full_name",
    "user.Registered.email",
    "user.Registered.full_name",
    "user.Registered.username",
];

/// The event as it would be stored, if it can be, and in the form of the golden files.
fn payloads(event: &Event) -> (serde_json::Result<Value>, Value) {
    fn of<E: DomainEvent + PersonalFields>(event: &E) -> (serde_json::Result<Value>, Value) {
        (serde_json::to_value(event), clear_payload(event))
    }
    match event {
        Event::User(event) => of(event),
        Event::Project(event) => of(event),
        Event::Document(event) => of(event),
        Event::Chat(event) => of(event),
        Event::Service(event) => of(event),
        Event::TestSuite(event) => of(event),
        Event::TestRun(event) => of(event),
        Event::Feedback(event) => of(event),
        Event::Access(event) => of(event),
        Event::Erasure(event) => of(event),
    }
}

fn ciphertext_of(field: &str) -> String {
    format!("ciphertext of {field}")
}

/// Seals all personal text of the event and returns the names of its fields, with and without a text.
fn seal(event: &mut Event) -> (Vec<&'static str>, Vec<&'static str>) {
    let (mut with_text, mut without) = (Vec::new(), Vec::new());
    for PersonalField { name, text } in event.personal_mut() {
        let names = if text.clear().is_some() { &mut with_text } else { &mut without };
        names.push(name);
        text.seal(ciphertext_of(name));
    }
    (with_text, without)
}

#[test]
fn an_event_with_clear_personal_text_cannot_be_stored() {
    for sample in samples() {
        let mut event = sample.event;
        let name = event.event_type();
        let has_clear_text = event.personal_mut().iter().any(|field| field.text.clear().is_some());
        match payloads(&event).0 {
            Ok(_) => assert!(!has_clear_text, "{name}"),
            Err(error) => assert!(has_clear_text && error.to_string() == "personal text in clear", "{name}: {error}"),
        }
    }
}

#[test]
fn every_personal_field_is_stored_as_its_ciphertext_and_every_other_one_as_it_is() {
    for sample in samples() {
        let mut event = sample.event;
        let name = event.event_type();
        let mut expected = payloads(&event).1;
        let (with_text, without) = seal(&mut event);
        for field in with_text {
            assert!(expected[field].is_string(), "{name} has no text {field}");
            expected[field] = ciphertext_of(field).into();
        }
        for field in without {
            assert!(expected[field].is_null(), "{name} has a text {field}");
        }
        assert_eq!(payloads(&event).0.expect("all personal text is sealed"), expected, "{name}");
    }
}

#[test]
fn what_is_personal_stays_personal() {
    let mut found = BTreeSet::new();
    for sample in samples() {
        let mut event = sample.event;
        let of_type = format!("{}.{}", event.aggregate_type(), event.event_type());
        found.extend(event.personal_mut().iter().map(|field| format!("{of_type}.{}", field.name)));
    }
    assert_eq!(found.into_iter().collect::<Vec<_>>(), PERSONAL);
}

#[test]
fn personal_text_is_not_debugged() {
    for sample in samples() {
        let mut event = sample.event;
        let debugged = format!("{event:?}");
        for PersonalField { name, text } in event.personal_mut() {
            let Some(clear) = text.clear().filter(|clear| !clear.is_empty()) else { continue };
            assert!(!debugged.contains(clear), "{name} in {debugged}");
        }
    }
}
