//! The stored form of events: what is written of each, and that what was written is read.

use std::{fs, path::Path};

use chrono::{DateTime, Utc};
use commands::event_log::{Codec, CodecError, StoredEvent};
use domain::{
    AggregateType,
    chat::ChatEvent,
    envelope::{Actor, Metadata},
    event::Event,
    ids::{CommandId, EventId, SubjectId, UserId},
    personal::{PersonalField, PersonalFields},
    upcast::Upcaster,
    values::Title,
};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::{Uuid, uuid};

use crate::support::Node;

const PERSON: Uuid = uuid!("01900000-0000-7000-8000-000000000001");
const EVENT: Uuid = uuid!("01900000-0000-7000-8000-0000000000ee");

fn metadata() -> Metadata {
    Metadata {
        event_id: EventId::new(EVENT),
        command_id: CommandId::new(Uuid::from_u128(2)),
        actor: Actor::User(UserId::new(PERSON)),
        on_behalf_of: None,
        correlation_id: Uuid::from_u128(3),
        causation_id: None,
        traceparent: None,
        subject: Some(SubjectId::new(PERSON)),
        client_address: None,
        user_agent: None,
        recorded_at: DateTime::<Utc>::UNIX_EPOCH,
    }
}

async fn stored(codec: &Codec, [aggregate_type, event_type, event_version]: [&str; 3], payload: String) -> StoredEvent {
    let metadata = codec.encode_metadata(&metadata()).await.expect("nothing in it is sealed");
    StoredEvent {
        position: 1,
        aggregate_type: aggregate_type.to_owned(),
        aggregate_id: PERSON.to_string(),
        sequence: 1,
        event_type: event_type.to_owned(),
        event_version: event_version.to_owned(),
        payload,
        metadata: serde_json::to_string(&metadata).expect("it is a map of strings"),
        partition: 0,
        command_id: Uuid::from_u128(2),
    }
}

async fn decode(codec: &Codec, stored: StoredEvent) -> Event {
    codec.decode_all(&[stored]).await.expect("it can be read").remove(0).event
}

async fn encode(codec: &Codec, event: Event) -> Result<String, CodecError> {
    let metadata = metadata();
    match event {
        Event::User(event) => codec.encode_payload(event, &metadata).await,
        Event::Project(event) => codec.encode_payload(event, &metadata).await,
        Event::Document(event) => codec.encode_payload(event, &metadata).await,
        Event::Chat(event) => codec.encode_payload(event, &metadata).await,
        Event::Service(event) => codec.encode_payload(event, &metadata).await,
        Event::TestSuite(event) => codec.encode_payload(event, &metadata).await,
        Event::TestRun(event) => codec.encode_payload(event, &metadata).await,
        Event::Feedback(event) => codec.encode_payload(event, &metadata).await,
        Event::Access(event) => codec.encode_payload(event, &metadata).await,
        Event::Erasure(event) => codec.encode_payload(event, &metadata).await,
    }
}

/// The golden files of the domain, which hold personal text in clear: aggregate type, event type and payload.
fn golden_files() -> Vec<(String, String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/tests/golden");
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the golden files are in the repository") {
        let path = entry.expect("a readable folder").path();
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let [aggregate_type, event_type, "v1", ..] = name.split('.').collect::<Vec<_>>()[..] else { continue };
        let payload = serde_json::from_slice(&fs::read(&path).expect("readable")).expect("JSON");
        files.push((aggregate_type.to_owned(), event_type.to_owned(), payload));
    }
    files
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_personal_field_of_every_event_is_stored_as_ciphertext_and_every_other_one_as_it_is(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    let codec = Codec::new(node.log().keys().clone());
    let (mut files, mut ciphertexts) = (0, 0);
    for (aggregate_type, event_type, golden) in golden_files() {
        let mut event = Event::decode(&aggregate_type, &event_type, "1", golden.clone()).expect("a known event");
        let mut personal = Vec::new();
        for PersonalField { name, text } in event.personal_mut() {
            if let Some(clear) = text.sealed().map(str::to_owned) {
                personal.push((name, clear.clone()));
                text.open(clear);
            }
        }
        let payload = encode(&codec, event.clone()).await.expect("it can be stored");
        let mut expected = golden;
        let read: Value = serde_json::from_str(&payload).expect("JSON");
        for (name, clear) in personal {
            let ciphertext = read[name].as_str().expect("a text");
            assert!(ciphertext.len() > clear.len() && ciphertext.is_ascii(), "{event_type}.{name}: {ciphertext}");
            expected[name] = ciphertext.into();
            ciphertexts += 1;
        }
        // To the byte.
        assert_eq!(payload, expected.to_string(), "{aggregate_type}.{event_type}");
        let stored = stored(&codec, [&aggregate_type, &event_type, "1"], payload).await;
        assert_eq!(decode(&codec, stored).await, event, "{aggregate_type}.{event_type}");
        files += 1;
    }
    assert!(files > 80 && ciphertexts > 20, "{files} golden files with {ciphertexts} personal texts");
}

/// As it was stored once, by another program that was written from the definition: XChaCha20-Poly1305, the nonce before the
/// ciphertext, bound to the event's id and the field's name.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_was_stored_once_is_read(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let wrapped_key = "000102030405060708090a0b0c0d0e0f1011121314151617d7dbbb9800b4c184216c160560f2b7cdb1762a41dc50921278fe3538\
                       3033a31300a15bd5605f602ca9d548fb5107d1fc";
    let payload = r#"{"answer_id":"01900000-0000-7000-8000-000000000006","english_text":"KCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/3GoJ63mTpbr0NmpQDNMSgxjxtiP7","language":"ml","message_id":"01900000-0000-7000-8000-000000000005","temperature":0.1,"text":"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYYklOBTGPpPwwqr6lj4Qcf6qN3cUx/FBhMoKm2w5G/H7+mAo","top_k":100,"type":"QuestionAsked"}"#;
    sqlx::query("INSERT INTO subject_keys (subject_id, wrapped_key) VALUES ($1, $2)")
        .bind(PERSON)
        .bind(hex::decode(wrapped_key).expect("hexadecimal digits"))
        .execute(&node.pool)
        .await
        .expect("there is no such key yet");
    let codec = Codec::new(node.log().keys().clone());
    let stored = stored(&codec, ["chat", "QuestionAsked", "1"], payload.to_owned()).await;
    let Event::Chat(ChatEvent::QuestionAsked(question)) = decode(&codec, stored).await else {
        panic!("it is a question")
    };
    assert_eq!((question.text.as_str(), question.english_text.as_deref()), ("സിങ്ക്?", Some("Zinc?")));
}

fn retitled() -> ChatEvent {
    ChatEvent::Retitled { title: Title::parse("Zinc").expect("well-formed").into() }
}

/// As if titles had been written without their first word before.
const FORMER_TITLES: &[Upcaster] = &[Upcaster {
    aggregate_type: AggregateType::Chat,
    event_type: "Retitled",
    from: 0,
    personal: &["title"],
    upcast: |payload| json!({ "type": "Retitled", "title": format!("About {}", payload["title"].as_str().unwrap_or("?")) }),
}];

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_text_of_an_older_version_is_opened_before_it_is_upcast(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let codec = Codec::with_upcasters(node.log().keys().clone(), FORMER_TITLES);
    let payload = codec.encode_payload(retitled(), &metadata()).await.expect("it can be stored");
    for (version, expected) in [("0", "About Zinc"), ("1", "Zinc")] {
        let stored = stored(&codec, ["chat", "Retitled", version], payload.clone()).await;
        let Event::Chat(ChatEvent::Retitled { title }) = decode(&codec, stored).await else { panic!("it is a title") };
        assert_eq!(title.as_str(), expected);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_event_that_was_not_opened_is_not_stored_as_another_one(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let codec = Codec::new(node.log().keys().clone());
    let payload = codec.encode_payload(retitled(), &metadata()).await.expect("it can be stored");
    let sealed = Event::decode("chat", "Retitled", "1", payload.as_str()).expect("a known event");
    assert!(matches!(encode(&codec, sealed).await, Err(CodecError::Malformed(_))));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn personal_text_without_a_subject_is_not_stored(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let codec = Codec::new(node.log().keys().clone());
    let refused = codec.encode_payload(retitled(), &Metadata { subject: None, ..metadata() }).await;
    assert!(matches!(refused, Err(CodecError::NoSubject(_))), "{refused:?}");
}
