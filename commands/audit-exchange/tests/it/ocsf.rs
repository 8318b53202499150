//! OCSF, as checkers of others judge it.

use std::{path::Path, process::Command};

use audit_exchange::ocsf::Chain;
use serde_json::{Value, json};

use crate::support::{PERSONAL, errors, exchanged, id, judged, log, written};

fn events() -> Vec<Value> {
    let mut chain = Chain::new(format!("{}/export/900", log().origin));
    exchanged(|log, entry, turn| chain.event(log, entry, turn))
}

fn remove(value: &mut Value, name: &str) {
    assert!(value.as_object_mut().expect("an object").remove(name).is_some(), "{name} is there");
}

fn python() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let requirements = root.join("scripts/ocsf/requirements.txt");
    let output = Command::new(root.join("scripts/python/python.sh")).arg("path").arg(requirements).output();
    String::from_utf8(output.expect("it can be run").stdout).expect("UTF-8").trim().to_owned()
}

fn check(files: &[(&str, &[Value])]) -> Vec<Value> {
    let (_folder, paths) = written(files);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/ocsf/check.py");
    judged(&python(), &[script.to_str().expect("a path")], &paths)
}

#[test]
fn checkers_of_others_find_no_error_in_any_event_and_find_the_wrong_ones() {
    let events = events();
    let api = events.iter().position(|it| it["class_uid"] == 6003).expect("there is one");
    let answer = events.iter().position(|it| it["ai_model"].is_object()).expect("there is one");
    let login = events.iter().position(|it| it["class_uid"] == 3002).expect("there is one");
    // Each alteration is a file of its own, because an event attests the one before.
    let alter = |place: usize, change: fn(&mut Value)| {
        let mut altered = events.clone();
        change(&mut altered[place]);
        (place, altered)
    };
    let wrong = [
        (alter(api, |it| it["time"] = "yesterday".into()), "$.time"),
        (alter(api, |it| remove(it, "src_endpoint")), "src_endpoint"),
        (alter(api, |it| it["activity_id"] = 77.into()), "$.activity_id"),
        (alter(api, |it| it["attestation_list"] = json!([])), "attestation_list"),
        (alter(api, |it| it["message"] = "nothing".into()), "the fingerprint is not that of the event"),
        (alter(api, |it| it["unmapped"]["attestation_list"][0]["by"] = "me".into()), "attestation: "),
        (alter(answer, |it| remove(&mut it["ai_model"], "ai_provider")), "ai_provider"),
        (alter(login, |it| it["user"] = json!({})), "$.user"),
    ];
    let names: Vec<_> = (0..wrong.len()).map(|number| format!("wrong-{number}.ndjson")).collect();
    let cut: Vec<_> = events.iter().skip(1).cloned().collect();
    let mut files: Vec<(&str, &[Value])> = vec![("right.ndjson", &events), ("cut.ndjson", &cut)];
    files.extend(names.iter().map(String::as_str).zip(wrong.iter().map(|((_, altered), _)| altered.as_slice())));
    let judged = check(&files);
    let right = errors(&judged, "right.ndjson");
    assert_eq!(right.len(), events.len());
    for (event, errors) in events.iter().zip(right) {
        assert!(errors.is_empty(), "{errors:#?}\n{event:#}");
    }
    for (name, ((place, altered), says)) in names.iter().zip(&wrong) {
        let errors = &errors(&judged, name)[*place];
        assert!(errors.iter().any(|error| error.contains(says)), "{says}: {errors:#?}\n{:#}", altered[*place]);
    }
    assert_eq!(errors(&judged, "cut.ndjson")[0], ["attestation: it does not name the event before"]);
}

#[test]
fn no_personal_text_and_no_address_gets_out() {
    for event in events() {
        let text = event.to_string();
        assert!(!text.contains(PERSONAL) && !text.contains("192.0.2.7") && !text.contains("Firefox"), "{event:#}");
    }
}

#[test]
fn an_answer_names_model_tokens_documents_and_who_asked() {
    let events = events();
    let answer = events.iter().find(|it| it["ai_model"].is_object()).expect("there is one");
    assert_eq!((&answer["type_uid"], &answer["metadata"]["profiles"]), (&json!(600_301), &json!(["ai_operation"])));
    assert_eq!(answer["ai_model"]["version"], "gpt-4o-mini-2024-07-18");
    assert_eq!(answer["message_context"]["completion_tokens"], 120);
    assert_eq!(answer["actor"]["user"]["uid"], id(1).to_string());
    let document = &answer["resources"][1];
    assert_eq!((&document["version"], &document["uid"]), (&json!("2"), &json!(id(300).to_string())));
    assert_eq!(document["data"]["sha256"], format!("{:064x}", 300));
    assert_eq!(answer["unmapped"]["log_event"]["log"], log().origin);
}
