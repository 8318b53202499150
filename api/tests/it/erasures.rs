//! The steps to an erasure over HTTP.

use domain::user::Roles;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{TestApp, eventually};

const SUPERUSER: Roles = Roles { is_staff: true, is_reviewer: false, is_superuser: true, allow_key: false };

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn one_superuser_asks_and_another_one_approves_where_it_takes_two(db: PgPool) {
    let app = TestApp::start_with(&db, &["--erasure-approval", "two"]).await;
    let (ravi, kavya) = (app.person("ravi", SUPERUSER).await, app.person("kavya", SUPERUSER).await);
    let asha = app.person("asha", Roles::default()).await;

    let alone = ravi.post("/users/asha/erase", json!({})).await.json(409);
    assert!(alone["detail"].as_str().is_some_and(|text| text.contains("takes two persons")), "{alone}");
    let body = json!({ "subject": asha.id, "reason": "subject_request", "file_number": "2026/114" });
    let asked = ravi.post("/erasures", body.clone()).await.json(201);
    assert_eq!((&asked["request"]["stage"], &asked["request"]["requester"]), (&json!("requested"), &json!(ravi.id)));
    ravi.post("/erasures", body).await.json(409);
    let approve = format!("/erasures/{}/approve", asked["request"]["id"].as_str().expect("an id"));
    let own = ravi.post(&approve, json!({})).await.json(409);
    assert!(own["detail"].as_str().is_some_and(|text| text.contains("another person")), "{own}");
    assert_eq!(kavya.post(&approve, json!({})).await.status, 204);

    assert_eq!(asha.get("/users/me").await.status, 401);
    let shown = eventually("the certificate is there", async || {
        let shown = kavya.get("/erasures").await.json(200)["results"][0].clone();
        (shown["request"]["stage"] == "completed").then_some(shown)
    })
    .await;
    assert_eq!(shown["subject"], json!(asha.id));
    assert!(shown["request"]["certificate"].as_str().is_some_and(|text| !text.contains("asha")), "{shown}");
    assert_eq!(kavya.post(&approve, json!({})).await.status, 409);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_malformed_or_of_nobody_is_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let ravi = app.person("ravi", SUPERUSER).await;
    for body in [
        json!({}),
        json!({ "subject": "asha" }),
        json!({ "subject": ravi.id, "reason": "restored_backup" }),
        json!({ "subject": ravi.id, "file_number": "Asha Nair" }),
    ] {
        ravi.post("/erasures", body).await.json(400);
    }
    let nobody = uuid::Uuid::nil();
    ravi.post("/erasures", json!({ "subject": nobody })).await.json(404);
    assert_eq!(ravi.post(&format!("/erasures/{nobody}/approve"), json!({})).await.status, 404);
    assert_eq!(ravi.get("/erasures").await.json(200), json!({ "results": [] }));
}
