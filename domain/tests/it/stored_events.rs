//! The stored form of every event, but with personal text in clear, held against files that do not change: `tests/golden/<aggregate>.<type>.v<version>.json`.
//!
//! What the log holds is read for ever, so an existing file is never rewritten; `tests/golden/MANIFEST` has the SHA-256 of
//! each. A new event, or a new version of one, fails here until `UPDATE_GOLDEN=1 cargo test -p domain --test it` has written
//! the missing file from the samples and its line into the manifest.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::PathBuf,
    sync::LazyLock,
};

use cqrs_es::{Aggregate, DomainEvent};
use domain::{
    AggregateType,
    access::AccessEvent,
    chat::{Chat, ChatEvent},
    document::DocumentEvent,
    erasure::ErasureEvent,
    event::{DecodeError, Event},
    feedback::FeedbackEvent,
    personal::PersonalFields,
    project::ProjectEvent,
    service::ServiceEvent,
    test_run::TestRunEvent,
    test_suite::TestSuiteEvent,
    upcast::UPCASTERS,
    user::{User, UserEvent},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use strum::VariantNames;

use crate::{
    clear_form::{clear_payload, in_clear},
    samples::{Sample, samples},
};

struct Golden {
    file: String,
    aggregate_type: String,
    event_type: String,
    version: String,
    text: String,
    payload: Value,
}

impl Golden {
    fn decode(&self) -> Event {
        self.decode_payload(self.payload.clone())
    }

    fn decode_payload(&self, payload: Value) -> Event {
        let read = Event::decode(&self.aggregate_type, &self.event_type, &self.version, payload);
        in_clear(read.unwrap_or_else(|error| panic!("{}: {error:?}", self.file)))
    }
}

static GOLDENS: LazyLock<Vec<Golden>> = LazyLock::new(|| {
    if env::var_os("UPDATE_GOLDEN").is_some() {
        write_missing();
    }
    golden_files().iter().map(|file| read(file)).collect()
});

const MANIFEST: &str = "MANIFEST";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn write_missing() {
    for sample in samples() {
        let path = folder().join(file_name(&sample));
        if !path.exists() {
            fs::write(path, text_of(&stored(&sample.event).1)).expect("a writable folder");
        }
    }
    let mut manifest = manifest();
    for file in golden_files() {
        let text = fs::read_to_string(folder().join(&file)).expect("a readable file");
        manifest.entry(file).or_insert_with(|| hash_of(&text));
    }
    let lines: Vec<String> = manifest.into_iter().map(|(file, hash)| format!("{hash}  {file}")).collect();
    fs::write(folder().join(MANIFEST), lines.join("\n") + "\n").expect("a writable folder");
}

/// The hash of each golden file that there has ever been, by name.
fn manifest() -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder().join(MANIFEST)).unwrap_or_default();
    let lines = text.lines().map(|line| line.split_once("  ").expect("a hash, two spaces and a name"));
    lines.map(|(hash, file)| (file.to_owned(), hash.to_owned())).collect()
}

fn hash_of(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn golden_files() -> Vec<String> {
    let files = fs::read_dir(folder()).expect("the folder of golden files");
    let names = files.map(|entry| entry.expect("a readable folder").file_name().to_string_lossy().into_owned());
    names.filter(|name| name != MANIFEST).collect()
}

fn text_of(payload: &Value) -> String {
    serde_json::to_string_pretty(payload).expect("a value is JSON") + "\n"
}

fn read(file: &str) -> Golden {
    let parts: Vec<_> = file.split('.').collect();
    let (aggregate_type, event_type, version) = match parts.as_slice() {
        [aggregate_type, event_type, version, "json"] | [aggregate_type, event_type, version, _, "json"] => {
            (*aggregate_type, *event_type, version.strip_prefix('v').expect("v and the version"))
        }
        _ => panic!("{file} is no name of a golden file"),
    };
    let text = fs::read_to_string(folder().join(file)).expect("a readable file");
    Golden {
        file: file.to_owned(),
        aggregate_type: aggregate_type.to_owned(),
        event_type: event_type.to_owned(),
        version: version.to_owned(),
        payload: serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}")),
        text,
    }
}

fn file_name(sample: &Sample) -> String {
    let (version, _) = stored(&sample.event);
    let form = sample.form.map(|form| format!(".{form}")).unwrap_or_default();
    format!("{}.{}.v{version}{form}.json", sample.event.aggregate_type(), sample.event.event_type())
}

/// The version and the payload, as the write side stores them but for the ciphertext.
fn stored(event: &Event) -> (String, Value) {
    fn of<E: DomainEvent + PersonalFields>(event: &E) -> (String, Value) {
        (event.event_version(), clear_payload(event))
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

fn event_types(aggregate_type: AggregateType) -> &'static [&'static str] {
    match aggregate_type {
        AggregateType::User => UserEvent::VARIANTS,
        AggregateType::Project => ProjectEvent::VARIANTS,
        AggregateType::Document => DocumentEvent::VARIANTS,
        AggregateType::Chat => ChatEvent::VARIANTS,
        AggregateType::Service => ServiceEvent::VARIANTS,
        AggregateType::TestSuite => TestSuiteEvent::VARIANTS,
        AggregateType::TestRun => TestRunEvent::VARIANTS,
        AggregateType::Feedback => FeedbackEvent::VARIANTS,
        AggregateType::Access => AccessEvent::VARIANTS,
        AggregateType::Erasure => ErasureEvent::VARIANTS,
    }
}

/// Without the entries that are null.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let present = fields.iter().filter(|(_, value)| !value.is_null());
            present.map(|(name, value)| (name.clone(), without_nulls(value))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn every_event_type_has_a_golden_file() {
    for aggregate_type in AggregateType::ALL {
        for event_type in event_types(*aggregate_type) {
            let has_golden =
                GOLDENS.iter().any(|it| it.aggregate_type == aggregate_type.name() && it.event_type == *event_type);
            assert!(has_golden, "{aggregate_type}.{event_type} has none: add a sample, then see this file's head");
        }
    }
}

#[test]
fn every_sample_is_stored_as_its_golden_file_says() {
    for sample in samples() {
        let name = file_name(&sample);
        let golden = GOLDENS.iter().find(|it| it.file == name);
        let golden = golden.unwrap_or_else(|| panic!("{name} is missing: see this file's head"));
        assert_eq!(text_of(&stored(&sample.event).1), golden.text, "{name}");
        assert_eq!(golden.decode(), sample.event, "{name}");
    }
}

#[test]
fn every_golden_file_can_be_read_and_is_written_again_as_it_was() {
    for golden in GOLDENS.iter() {
        let (version, payload) = stored(&golden.decode());
        // An older version is read, and written as the current one.
        if version == golden.version {
            assert_eq!(text_of(&payload), golden.text, "{}", golden.file);
        }
    }
}

#[test]
fn no_golden_file_was_changed_or_taken_away_and_every_one_is_in_the_manifest() {
    let files: BTreeMap<String, String> =
        GOLDENS.iter().map(|golden| (golden.file.clone(), hash_of(&golden.text))).collect();
    assert_eq!(files, manifest(), "what was stored once is read for ever: see this file's head");
}

#[test]
fn every_version_up_to_the_current_one_has_a_golden_file_and_every_older_one_an_upcaster() {
    let mut versions: BTreeMap<(&str, &str), BTreeSet<u32>> = BTreeMap::new();
    for golden in GOLDENS.iter() {
        let of_type = versions.entry((&golden.aggregate_type, &golden.event_type)).or_default();
        of_type.insert(golden.version.parse().expect("a version is a number"));
    }
    for golden in GOLDENS.iter() {
        let current: u32 = stored(&golden.decode()).0.parse().expect("a version is a number");
        let of_type = &versions[&(golden.aggregate_type.as_str(), golden.event_type.as_str())];
        assert_eq!(of_type, &(1..=current).collect(), "{}", golden.file);
        let upcasters = UPCASTERS.iter();
        let upcasters = upcasters
            .filter(|it| (it.aggregate_type.name(), it.event_type) == (&*golden.aggregate_type, &*golden.event_type));
        let mut from: Vec<u32> = upcasters.map(|upcaster| upcaster.from).collect();
        from.sort_unstable();
        assert_eq!(from, (1..current).collect::<Vec<_>>(), "{}", golden.file);
    }
    for upcaster in UPCASTERS {
        assert!(versions.contains_key(&(upcaster.aggregate_type.name(), upcaster.event_type)), "{upcaster:?}");
    }
}

/// Every field that an event can have is in a golden file of its version; one that is only sometimes stored could
/// change unseen otherwise.
pub(crate) fn assert_fields_are_in_golden_files(
    aggregate_type: AggregateType,
    event: &(impl DomainEvent + PersonalFields),
) {
    let (event_type, version) = (event.event_type(), event.event_version());
    let mut known = BTreeSet::new();
    let of_type =
        GOLDENS.iter().filter(|it| (&*it.aggregate_type, &it.event_type) == (aggregate_type.name(), &event_type));
    for golden in of_type.filter(|golden| golden.version == version) {
        fields_of("", &golden.payload, &mut known);
    }
    let mut fields = BTreeSet::new();
    fields_of("", &clear_payload(event), &mut fields);
    let unknown: Vec<_> = fields.difference(&known).collect();
    assert!(
        unknown.is_empty(),
        "{aggregate_type}.{event_type}: {unknown:?} are in no golden file: add a sample with them"
    );
}

/// The paths of all fields, each with the kind of its value.
fn fields_of(path: &str, value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                fields_of(&format!("{path}.{name}"), value, into);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| fields_of(&format!("{path}[]"), value, into)),
        Value::Null => drop(into.insert(format!("{path}: null"))),
        Value::Bool(_) => drop(into.insert(format!("{path}: a truth value"))),
        Value::Number(_) => drop(into.insert(format!("{path}: a number"))),
        Value::String(_) => drop(into.insert(format!("{path}: a text"))),
    }
}

#[test]
fn the_event_type_beside_the_payload_is_the_tag_in_it() {
    for golden in GOLDENS.iter() {
        assert_eq!(golden.payload["type"], golden.event_type.as_str(), "{}", golden.file);
        assert_eq!(golden.decode().event_type(), golden.event_type, "{}", golden.file);
        assert_eq!(golden.decode().aggregate_type().name(), golden.aggregate_type, "{}", golden.file);
    }
}

#[test]
fn a_field_that_a_later_program_has_added_is_not_minded() {
    for golden in GOLDENS.iter() {
        let mut payload = golden.payload.clone();
        payload["added_later"] = json!({ "by": ["a later program"] });
        assert_eq!(golden.decode_payload(payload), golden.decode(), "{}", golden.file);
    }
}

#[test]
fn an_optional_field_that_is_not_there_reads_as_none() {
    for golden in GOLDENS.iter() {
        let payload = without_nulls(&golden.payload);
        assert_eq!(golden.decode_payload(payload), golden.decode(), "{}", golden.file);
    }
}

#[test]
fn an_unknown_aggregate_is_told_by_name() {
    let result = Event::decode("ward", "Opened", "1", json!({ "type": "Opened" }));
    assert!(matches!(result, Err(DecodeError::UnknownAggregate(name)) if name == "ward"));
}

#[test]
fn an_unknown_event_type_is_told_by_name() {
    for aggregate_type in AggregateType::ALL {
        let result = Event::decode(aggregate_type.name(), "Vanished", "1", json!({ "type": "Vanished" }));
        assert!(matches!(result, Err(DecodeError::UnknownType(name)) if name == "Vanished"), "{aggregate_type}");
    }
}

#[test]
fn an_unknown_version_is_told_with_its_event() {
    for golden in GOLDENS.iter() {
        let result = Event::decode(&golden.aggregate_type, &golden.event_type, "999", golden.payload.clone());
        let Err(DecodeError::UnknownVersion { event_type, version }) = result else {
            panic!("{}: {result:?}", golden.file)
        };
        assert_eq!((event_type, version.as_str()), (golden.event_type.clone(), "999"));
    }
}

#[test]
fn a_payload_of_another_shape_is_malformed() {
    for payload in [json!(null), json!("text"), json!([]), json!({}), json!({ "type": "Retitled", "title": 7 })] {
        let result = Event::decode(Chat::TYPE, "Retitled", "1", payload.clone());
        assert!(matches!(result, Err(DecodeError::Malformed { .. })), "{payload}: {result:?}");
    }
}

#[test]
fn a_payload_of_another_event_is_malformed() {
    let result =
        Event::decode(User::TYPE, "PasswordChanged", "1", json!({ "type": "FullNameChanged", "full_name": "A" }));
    assert!(matches!(result, Err(DecodeError::Malformed { .. })), "{result:?}");
}
