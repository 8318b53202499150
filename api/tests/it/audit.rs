//! What superusers read of the log over HTTP.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::TestApp;

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_superuser_reads_who_did_what_to_a_project_and_from_where(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, superuser) = (app.staff().await, app.superuser().await);
    let project = staff.project("Ward").await;
    staff.patch(&format!("/projects/{project}"), json!({ "title": "Ward 2" })).await.json(200);

    let path = format!("/audit/project/{project}/timeline");
    let page = superuser.get(&path).await.json(200);
    let events = page["events"].as_array().expect("a list");
    let types: Vec<&str> = events.iter().filter_map(|event| event["event_type"].as_str()).collect();
    assert_eq!((types.as_slice(), &page["next_after"]), (&["Created", "TitleChanged"][..], &Value::Null));
    let changed = &events[1];
    assert_eq!(changed["changes"], json!([{ "field": "title", "before": "Ward", "after": "Ward 2" }]));
    assert_eq!(changed["actor"]["roles"], json!(["staff"]));
    assert!(changed["actor"]["who"].as_str().is_some_and(|who| who.starts_with("user:")), "{changed}");
    assert_eq!(changed["client_address"], "127.0.0.1");

    let first = superuser.get(&format!("{path}?limit=1")).await.json(200);
    let rest = superuser.get(&format!("{path}?after={}", first["next_after"])).await.json(200);
    assert_eq!((&rest["events"][0], rest["events"].as_array().map(Vec::len)), (changed, Some(1)));
    let titles = superuser.get(&format!("{path}?type=TitleChanged&type=Archived")).await.json(200);
    assert_eq!(titles["events"], json!([changed]));
}

/// Else an auditor would take the whole for what was asked for.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_filter_that_cannot_be_applied_is_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, superuser) = (app.staff().await, app.superuser().await);
    let project = staff.project("Ward").await;
    let path = format!("/audit/project/{project}/timeline");
    for (wrong, named) in [
        ("after=-1", "after"),
        ("after=x", "after"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("type=Retitle", "type"),
        ("actor=asha", "actor"),
        ("from=yesterday", "from"),
        ("until=2026-13-01T00:00:00Z", "until"),
        ("types=Retitled", "unknown"),
    ] {
        let refused = superuser.get(&format!("{path}?{wrong}")).await;
        assert_eq!((refused.status, refused.header("content-type")), (400, "application/problem+json"), "{wrong}");
        assert!(refused.body.contains(named), "{wrong}: {}", refused.body);
    }
    for missing in [
        format!("/audit/chat/{project}/timeline"),
        "/audit/project/x/timeline".to_owned(),
        path.replace("project", "word"),
    ] {
        let refused = superuser.get(&missing).await;
        assert_eq!((refused.status, refused.header("content-type")), (404, "application/problem+json"), "{missing}");
    }
}
