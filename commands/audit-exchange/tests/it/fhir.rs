//! FHIR, as HAPI's validator judges it.

use audit_exchange::fhir::{self, profiles};
use serde_json::{Value, json};

use crate::support::{PERSONAL, errors, exchanged, id, judged, log, written};

fn resources() -> Vec<Value> {
    exchanged(fhir::resource)
}

fn with_code<'a>(resources: &'a [Value], path: &str, code: &str) -> &'a Value {
    resources.iter().find(|it| it.pointer(path) == Some(&json!(code))).expect("there is such a resource")
}

fn remove(value: &mut Value, name: &str) {
    assert!(value.as_object_mut().expect("an object").remove(name).is_some(), "{name} is there");
}

/// Alterations of a resource that is right, each with a part of what the validator says of it.
fn altered(resources: &[Value]) -> Vec<(Value, &'static str)> {
    let read = with_code(resources, "/meta/profile/0", profiles::READ);
    let query = with_code(resources, "/meta/profile/0", profiles::QUERY);
    let provenance = with_code(resources, "/resourceType", "Provenance");
    let alter = |resource: &Value, change: fn(&mut Value)| {
        let mut altered = resource.clone();
        change(&mut altered);
        altered
    };
    vec![
        (alter(read, |it| it["recorded"] = "yesterday".into()), "recorded"),
        (alter(read, |it| remove(it, "source")), "AuditEvent.source"),
        (alter(read, |it| it["outcome"] = "1".into()), "outcome"),
        // Rules of IHE BALP.
        (alter(read, |it| remove(&mut it["agent"][1], "network")), "network"),
        (alter(read, |it| it["agent"] = json!([it["agent"][0], it["agent"][1]])), "server"),
        (alter(read, |it| it["subtype"][0]["code"] = "create".into()), "anyRead"),
        (alter(read, |it| it["entity"][0]["type"]["code"] = "4".into()), "data"),
        (alter(query, |it| remove(&mut it["entity"][0], "query")), "query"),
        (alter(provenance, |it| it["meta"]["security"][0]["code"] = "AIASTX".into()), "AIASTX"),
        (alter(provenance, |it| it["agent"][0]["who"]["reference"] = "#nobody".into()), "nobody"),
        (alter(provenance, |it| it["signature"][0]["data"] = "YQ".into()), "data"),
        (alter(provenance, |it| it["entity"][0]["role"] = "maker".into()), "maker"),
    ]
}

#[test]
fn a_validator_of_others_finds_no_error_in_any_resource_and_finds_the_wrong_ones() {
    let resources = resources();
    let altered = altered(&resources);
    let (wrong, says): (Vec<_>, Vec<_>) = altered.into_iter().unzip();
    let (_folder, files) = written(&[("right.ndjson", &resources), ("wrong.ndjson", &wrong)]);
    let judged = judged("scripts/fhir/fhir.sh", &["validate"], &files);
    let right = errors(&judged, "right.ndjson");
    assert_eq!(right.len(), resources.len());
    for (resource, errors) in resources.iter().zip(right) {
        assert!(errors.is_empty(), "{errors:#?}\n{resource:#}");
    }
    let refused = errors(&judged, "wrong.ndjson");
    assert_eq!(refused.len(), says.len());
    for ((errors, says), wrong) in refused.iter().zip(says).zip(&wrong) {
        assert!(errors.iter().any(|error| error.contains(says)), "{says}: {errors:#?}\n{wrong:#}");
    }
}

#[test]
fn no_personal_text_and_no_address_gets_out() {
    for resource in resources() {
        let text = resource.to_string();
        assert!(!text.contains(PERSONAL) && !text.contains("192.0.2.7") && !text.contains("Firefox"), "{resource:#}");
    }
}

#[test]
fn an_answer_names_model_prompt_passages_sources_and_its_proof() {
    let resources = resources();
    let provenance = with_code(&resources, "/resourceType", "Provenance");
    assert_eq!(provenance["meta"]["security"][0]["code"], "AIAST");
    assert_eq!(provenance["target"][0]["identifier"]["value"], format!("urn:uuid:{}", id(201)));
    let contained = provenance["contained"].as_array().expect("a list");
    let kinds: Vec<_> = contained.iter().map(|it| it["id"].as_str().expect("an id")).collect();
    assert_eq!(kinds, ["model", "prompt", "passage-1", "passage-2", "passage-3"]);
    assert_eq!(contained[0]["deviceName"][0]["name"], "gpt-4o-mini");
    assert_eq!(contained[0]["version"][0]["value"], "gpt-4o-mini-2024-07-18");
    let version = &contained[2]["context"]["related"][0]["identifier"];
    assert_eq!(version, &json!({ "system": format!("urn:uuid:{}", id(300)), "value": "2" }));
    assert_eq!(
        contained[2]["identifier"][0]["value"], "ni:///sha-256;AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAASw",
        "300 in 32 bytes"
    );
    let roles: Vec<_> = provenance["entity"].as_array().expect("a list").iter().map(|it| &it["role"]).collect();
    assert_eq!(
        roles,
        ["source", "source", "source", "source", "quotation", "quotation", "derivation", "source"],
        "question, passages, cited documents, prompt, event of the log"
    );
    let event = &provenance["entity"][7]["what"]["identifier"];
    assert_eq!(event["system"], format!("urn:uuid:{}", log().id));
    assert!(
        provenance["signature"][0]["data"].as_str().is_some_and(|data| data.starts_with("YzJzcC5vcmcvdGxvZy1wcm9v"))
    );
}

#[test]
fn a_refusal_is_a_failure_and_claims_no_profile_of_what_succeeds() {
    let resources = resources();
    let refused = with_code(&resources, "/outcome", "4");
    assert_eq!(refused["meta"], Value::Null);
    assert_eq!(refused["agent"][0]["who"]["identifier"]["value"], format!("urn:uuid:{}", id(1)));
    assert_eq!(refused["agent"][0]["role"][0]["text"], "superuser");
    let read = with_code(&resources, "/meta/profile/0", profiles::READ);
    assert_eq!(read["entity"][0]["what"]["identifier"]["value"], format!("urn:uuid:{}", id(10)));
    assert_eq!(read["entity"][1]["what"]["identifier"]["value"], format!("urn:uuid:{}", id(3)), "whose it is");
}
