//! The attestation of OCSF 1.9's profile `record_integrity`: a fingerprint of the event in canonical form (JCS, RFC 8785) and
//! that of the event before, so that no event of a file can be altered, taken out or put in without the ones behind it.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::Log;

/// The event before.
#[derive(Debug)]
pub(super) struct Previous {
    uid: Value,
    type_uid: Value,
    fingerprint: Value,
}

/// Adds the attestation to an event. Its fingerprint is over the event with all of the attestation but the fingerprint.
pub(super) fn attest(event: &mut Value, log: &Log, chain: &str, previous: Option<Previous>) -> Previous {
    let mut attestation = json!({ "authority_uid": log.origin, "chain_uid": chain });
    if let Some(Previous { uid, type_uid, fingerprint }) = previous {
        attestation["prev_event"] = json!({ "uid": uid, "type_uid": type_uid, "fingerprint": fingerprint });
    }
    event["unmapped"]["attestation_list"] = json!([attestation]);
    let fingerprint = json!({
        "algorithm_id": 3,
        "encoding_id": 1,
        "serialization_id": 2,
        "value": hex::encode(Sha256::digest(canonical(event))),
    });
    event["unmapped"]["attestation_list"][0]["fingerprint"] = fingerprint.clone();
    Previous { uid: event["metadata"]["uid"].clone(), type_uid: event["type_uid"].clone(), fingerprint }
}

/// The canonical form. The names are ASCII and the numbers are integers below 2^53, of which a map that is sorted by its
/// names and `serde_json` make what RFC 8785 asks for.
fn canonical(value: &Value) -> String {
    let text = |text: &str| Value::from(text).to_string();
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            let fields: Vec<_> =
                fields.into_iter().map(|(name, value)| format!("{}:{}", text(name), canonical(value))).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canonical_form_is_sorted_and_has_no_blanks() {
        let value = json!({ "b": [1, true, null], "a": { "z": "\u{e9}\"\n\u{1f}", "y": -5 } });
        assert_eq!(canonical(&value), "{\"a\":{\"y\":-5,\"z\":\"\u{e9}\\\"\\n\\u001f\"},\"b\":[1,true,null]}");
    }
}
