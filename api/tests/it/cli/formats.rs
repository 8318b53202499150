//! Bundles in the audit formats of others, out of a real log, as validators of others judge them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use super::{bundles::Ward, process::PASSWORD};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace")
}

fn run(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// What a validator says: of each line of each file, its errors.
fn errors(said: &str) -> Vec<Value> {
    said.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["errors"].clone()).collect()
}

fn of_kind<'a>(lines: &'a [Value], name: &str, value: &Value) -> Vec<&'a Value> {
    lines.iter().filter(|line| line[name] == *value).collect()
}

/// Another superuser reads the chat, and the list of chats.
async fn open_as_another(ward: &Ward) {
    let server = ward.folder.serve(&[]).await;
    let token = server.log_in("binu@example.com", PASSWORD).await.expect("the account is there");
    let chats = format!("/api/projects/{}/chats", ward.project);
    server.get(&format!("{chats}/{}?fetch=all", ward.chat), &token).await;
    server.get(&format!("{chats}?fetch=all"), &token).await;
    server.terminate().await;
}

#[tokio::test]
async fn a_span_is_exported_as_fhir_and_ocsf_that_validators_of_others_accept() {
    let mut ward = Ward::new().await;
    // The second export has the first one in it, and whoever opens another's chat.
    let chat = ward.chat.clone();
    open_as_another(&ward).await;
    ward.publish().await;
    let said = ward.export("first", &["--chat", &chat, "--format", "fhir"]).await.succeeded();
    assert!(said.contains("1 FHIR resource in fhir.ndjson") && !said.contains("OCSF"), "{said}");
    ward.publish().await;
    let all = ["--from", "2001-01-01T00:00:00Z", "--until", "2101-01-01T00:00:00Z"];
    let formats = ["--text", "--format", "ocsf", "--format", "fhir"];
    let said = ward.export("bundle", &[&all[..], &formats].concat()).await.succeeded();
    ward.verify("bundle").await.succeeded();
    let bundle = ward.path("bundle");
    run(&root().join("scripts/proof/verify_bundle.py"), &[bundle.to_str().expect("a path"), &ward.key]);

    let resources = ward.lines("bundle", "fhir.ndjson");
    let events = ward.lines("bundle", "ocsf.ndjson");
    assert_eq!(resources.len(), events.len(), "the same events have a form in both");
    for line in [format!("{} FHIR resources in fhir.ndjson", resources.len()), format!("{} OCSF events", events.len())]
    {
        assert!(said.contains(&line), "{line}: {said}");
    }
    let kinds = |code: &str| resources.iter().filter(|it| it["type"]["code"] == code).count();
    // A log-in of each; the chat and the list; the export before.
    assert_eq!((kinds("110114"), kinds("rest"), kinds("110106")), (2, 2, 1), "{resources:#?}");
    for resource in resources.iter().chain(&events) {
        let text = resource.to_string();
        assert!(!text.contains("zinc given") && !text.contains("asha") && !text.contains("127.0.0.1"), "{text}");
    }

    let file = |name: &str| bundle.join(name).to_str().expect("a path").to_owned();
    let judged = errors(&run(&root().join("scripts/fhir/fhir.sh"), &["validate", &file("fhir.ndjson")]));
    assert_eq!(judged, vec![json!([]); resources.len()]);
    let python = run(
        &root().join("scripts/python/python.sh"),
        &["path", root().join("scripts/ocsf/requirements.txt").to_str().expect("a path")],
    );
    let script = root().join("scripts/ocsf/check.py");
    let judged = run(Path::new(python.trim()), &[script.to_str().expect("a path"), &file("ocsf.ndjson")]);
    assert_eq!(errors(&judged), vec![json!([]); events.len()]);

    // The answer names its passage in the version that it is of, and its receipt is that of the event.
    let [answer] = of_kind(&resources, "resourceType", &json!("Provenance"))[..] else { panic!("{resources:#?}") };
    let passage = &answer["contained"][2];
    assert_eq!(passage["context"]["related"][0]["identifier"]["value"], "1", "{answer:#}");
    let receipt: PathBuf = ward.path("answer.tlog-proof");
    fs::write(&receipt, decoded(&answer["signature"][0]["data"])).expect("writable");
    let command = ["audit", "verify-receipt", receipt.to_str().expect("a path"), "--key", &ward.key];
    let proved = ward.folder.run(&command, "").await.succeeded();
    assert!(proved.contains("AnswerCompleted"), "{proved}");

    // The export is on record with its formats.
    let json = ward.folder.run(&["audit", "accesses", "--object", &chat, "--json"], "").await.succeeded();
    let page: Value = serde_json::from_str(&json).expect("JSON");
    let requests: Vec<_> = page["accesses"].as_array().expect("a list").iter().map(|it| &it["request"]).collect();
    assert!(requests.contains(&&json!("ayushma audit export --chat {id} --format fhir")), "{requests:?}");

    let altered = fs::read_to_string(bundle.join("fhir.ndjson")).expect("readable").replacen("AIAST", "PROAST", 1);
    fs::write(bundle.join("fhir.ndjson"), altered).expect("writable");
    let refused = ward.verify("bundle").await.failed();
    assert!(refused.contains("fhir.ndjson"), "{refused}");
    let wrong = ward.export("none", &["--chat", &chat, "--format", "hl7"]).await;
    assert_eq!(wrong.code(), Some(2), "{}", wrong.stderr());
}

fn decoded(base64: &Value) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.decode(base64.as_str().expect("base64")).expect("base64")
}
