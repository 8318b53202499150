//! The steps to an erasure over HTTP.

use domain::user::Roles;
use reqwest::Method;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Answer, TestApp, eventually};

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

/// The detail of a refusal in the form of problem details.
fn problem(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), "application/problem+json");
    answer.json(409)["detail"].as_str().expect("a text").to_owned()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_rejected_request_erases_nobody_and_can_be_made_again(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (ravi, asha) = (app.person("ravi", SUPERUSER).await, app.person("asha", Roles::default()).await);
    let asked = ravi.post("/erasures", json!({ "subject": asha.id })).await.json(201);
    let step = |name: &str| format!("/erasures/{}/{name}", asked["request"]["id"].as_str().expect("an id"));
    assert_eq!(ravi.post(&step("reject"), json!({})).await.status, 204);
    let shown = ravi.get("/erasures").await.json(200)["results"][0]["request"].clone();
    assert_eq!((&shown["stage"], &shown["decider"]), (&json!("rejected"), &json!(ravi.id)));
    for name in ["reject", "approve"] {
        let again = ravi.post(&step(name), json!({})).await;
        assert!(problem(&again).contains("no such request waits"), "{}", again.body);
    }
    assert_eq!(asha.get("/users/me").await.status, 200);
    ravi.post("/erasures", json!({ "subject": asha.id })).await.json(201);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_a_legal_hold_is_on_is_neither_erased_nor_deleted_before_it_is_lifted(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (ravi, asha) = (app.person("ravi", SUPERUSER).await, app.person("asha", Roles::default()).await);
    let chat = asha.chat(&app.staff().await.project("Ward").await).await;
    for body in [json!({ "subject": asha.id }), json!({ "subject": asha.id, "reason": "revenge" })] {
        ravi.post("/erasures/holds", body).await.json(400);
    }
    let body = json!({ "subject": asha.id, "reason": "investigation", "file_number": "2026/114" });
    let held = ravi.post("/erasures/holds", body).await.json(201);
    let hold = &held["holds"][0];
    assert_eq!((&hold["reason"], &hold["is_lifted"]), (&json!("investigation"), &json!(false)));

    for (person, path) in [(&asha, chat.clone()), (&ravi, format!("{chat}?fetch=all"))] {
        let kept = person.delete(&path).await.json(409);
        let said = kept["detail"].as_str().expect("a text");
        assert!(said.contains("a legal hold is on it") && !said.contains("investigation"), "{kept}");
        assert_eq!(kept["non_field_errors"], json!([said]), "the page shows it");
    }
    assert_eq!(asha.get(&chat).await.status, 200);
    let account = ravi.delete("/users/asha").await;
    assert!(account.json(409)["detail"].as_str().is_some_and(|said| said.contains("a legal hold is on it")));
    let erasing = ravi.post("/users/asha/erase", json!({})).await;
    assert!(problem(&erasing).contains("a legal hold is on it (investigation)"), "{}", erasing.body);

    let lift = format!("/erasures/holds/{}/lift", hold["id"].as_str().expect("an id"));
    assert_eq!(ravi.post(&lift, json!({})).await.status, 204);
    assert!(problem(&ravi.post(&lift, json!({})).await).contains("no such hold"));
    assert_eq!(asha.delete(&chat).await.status, 204);
    let nobody = format!("/erasures/holds/{}/lift", uuid::Uuid::nil());
    assert_eq!(ravi.post(&nobody, json!({})).await.status, 404);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_erasure_that_retention_forbids_yet_waits_and_says_until_when(db: PgPool) {
    let rules = ["--retention-content", "not_before=365d", "--retention-audit-trail", "not_before=30d"];
    let app = TestApp::start_with(&db, &rules).await;
    let (ravi, asha) = (app.person("ravi", SUPERUSER).await, app.person("asha", Roles::default()).await);
    let (silent, kavya) = (app.person("silent", Roles::default()).await, app.person("kavya", SUPERUSER).await);
    let chat = asha.chat(&app.staff().await.project("Ward").await).await;

    let asked = ravi.post("/erasures", json!({ "subject": asha.id })).await.json(201);
    assert!(asked["request"]["kept_until"].as_str().is_some_and(|time| time > "2026"), "{asked}");
    let approve = format!("/erasures/{}/approve", asked["request"]["id"].as_str().expect("an id"));
    for path in [approve.as_str(), "/users/asha/erase"] {
        let early = ravi.post(path, json!({})).await;
        let said = problem(&early);
        assert!(said.contains("content until") && said.contains("RETENTION_CONTENT"), "{said}");
    }
    assert_eq!(ravi.get("/erasures").await.json(200)["results"][0]["request"]["stage"], "requested");
    assert_eq!(asha.get("/users/me").await.status, 200);

    // The reason for which somebody has opened another person's chat is kept as well.
    let opened = kavya.request(Method::GET, &format!("{chat}?fetch=all")).header("x-access-reason", "Complaint 17");
    kavya.send(opened).await.json(200);
    let reader = ravi.post("/users/kavya/erase", json!({})).await;
    assert!(problem(&reader).contains("audit_trail until"), "{}", reader.body);

    let free = ravi.post("/erasures", json!({ "subject": silent.id })).await.json(201);
    assert_eq!(free["request"]["kept_until"], json!(null), "the person has said nothing in any chat");
    assert_eq!(ravi.post("/users/silent/erase", json!({})).await.status, 204);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn whoever_writes_of_an_erased_person_gets_a_conflict_and_nothing_is_stored(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (ravi, asha) = (app.person("ravi", SUPERUSER).await, app.person("asha", Roles::default()).await);
    let chat = asha.chat(&app.staff().await.project("Ward").await).await;
    assert_eq!(ravi.post("/users/asha/erase", json!({})).await.status, 204);

    let events = "SELECT count(*) FROM events WHERE aggregate_type = 'chat'";
    let count = async || sqlx::query_scalar::<_, i64>(events).fetch_one(&db).await.expect("events can be counted");
    let before = count().await;
    let renamed = ravi.patch(&format!("{chat}?fetch=all"), json!({ "title": "What the okapi eats" })).await.json(409);
    let said = renamed["detail"].as_str().expect("a text");
    assert!(said.contains("was erased") && said.contains("not, either"), "{renamed}");
    assert_eq!(renamed["non_field_errors"], json!([said]), "the page shows it");
    assert_eq!(count().await, before, "something was stored");
    assert_eq!(ravi.get(&format!("{chat}?fetch=all")).await.json(200)["title"], "[erased]");
    assert!(!app.whole_database().await.contains("okapi"));
}
