//! Receipts of events over HTTP.

use serde_json::json;
use sqlx::PgPool;
use transparency_log::{leaf::Leaf, note::VerifierKey, receipt::Receipt};

use crate::support::{TestApp, eventually};

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_auditor_gets_the_receipt_of_the_event_that_a_provenance_names(db: PgPool) {
    let app = TestApp::start_with(&db, &["--signed-heads-seconds", "1", "--proofs-origin", "hospital.example"]).await;
    let superuser = app.superuser().await;
    let auditor = app.person("meera", domain::user::Roles::default()).await;
    superuser.post("/audit/auditors", json!({ "username": "meera" })).await.json(201);
    let staff = app.person("asha", domain::user::Roles { is_staff: true, ..domain::user::Roles::default() }).await;
    let project = staff.project("P").await;
    let chat = staff.chat(&project).await;
    staff.ask(&chat, "How much zinc?").await.json(200);
    let id = chat.rsplit('/').next().expect("an id");
    let timeline = auditor.get(&format!("/audit/chat/{id}/timeline")).await.json(200);
    let position = timeline["events"][0]["position"].as_u64().expect("a number");

    let path = format!("/audit/proofs/{position}");
    let answer = eventually("the log is published", async || {
        Some(auditor.get(&path).await).filter(|answer| answer.status == 200)
    })
    .await;
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let published = auditor.get("/audit/proofs").await.json(200);
    assert!(published["events"].as_u64() >= Some(position), "{published}");
    let key: VerifierKey = published["verifier_key"].as_str().expect("a key").parse().expect("a verifier key");
    let receipt = Receipt::parse(answer.body.as_bytes()).expect("a receipt");
    let entry = receipt.extra.clone().expect("the record of the event");
    let checkpoint = receipt.verify(&entry, &key).expect("it proves");
    assert!(checkpoint.origin.as_str().starts_with("hospital.example/log/"), "{}", checkpoint.origin);
    assert!(Leaf::parse(&entry).expect("a record").to_string().contains("\nchat\nStarted\n"));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn there_is_no_receipt_of_what_is_no_position_or_is_not_published(db: PgPool) {
    let app = TestApp::start_with(&db, &["--signed-heads-seconds", "1"]).await;
    let superuser = app.superuser().await;
    for position in ["0", "-1", "01", "+1", "1.0", "one", "99999999999999999999999"] {
        superuser.get(&format!("/audit/proofs/{position}")).await.json(404);
    }
    eventually("the log is published", async || {
        Some(superuser.get("/audit/proofs").await).filter(|answer| answer.status == 200)
    })
    .await;
    let said = superuser.get("/audit/proofs/4000000").await.json(404);
    assert!(said["detail"].as_str().expect("a text").contains("position 4000000 is not published yet"), "{said}");
}
