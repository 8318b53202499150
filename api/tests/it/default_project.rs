//! At most one project is the default.

use serde_json::json;
use sqlx::PgPool;

use crate::support::{Person, TestApp};

async fn defaults(staff: &Person) -> Vec<String> {
    let page = staff.get("/projects?limit=30&ordering=created_at").await.json(200);
    let all = page["results"].as_array().expect("a page has results").clone();
    let defaults = all.iter().filter(|project| project["is_default"] == true);
    defaults.map(|project| project["title"].as_str().expect("a title").to_owned()).collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn making_one_the_default_clears_the_other_also_at_creation(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    staff.post("/projects", json!({ "title": "A", "is_default": true })).await.id();
    let second = staff.post("/projects", json!({ "title": "B", "is_default": true })).await.id();
    assert_eq!(defaults(&staff).await, ["B"]);
    let third = staff.project("C").await;
    staff.patch(&format!("/projects/{third}"), json!({ "is_default": true })).await.json(200);
    assert_eq!(defaults(&staff).await, ["C"]);
    assert_eq!(staff.get(&format!("/projects/{second}")).await.json(200)["is_default"], false);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_change_that_does_not_name_the_flag_leaves_all_flags_alone(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let main = staff.post("/projects", json!({ "title": "Main", "is_default": true })).await.id();
    let other = staff.project("Other").await;
    for (project, body) in [
        (&other, json!({ "title": "Other 2" })),
        (&other, json!({ "is_default": false })),
        (&main, json!({ "description": "d" })),
        (&main, json!({ "is_default": true })),
    ] {
        staff.patch(&format!("/projects/{project}"), body).await.json(200);
        assert_eq!(defaults(&staff).await, ["Main"]);
    }
    staff.patch(&format!("/projects/{main}"), json!({ "is_default": false })).await.json(200);
    assert!(defaults(&staff).await.is_empty());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn when_the_default_is_deleted_another_can_become_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let first = staff.post("/projects", json!({ "title": "A", "is_default": true })).await.id();
    staff.delete(&format!("/projects/{first}")).await.is(204, "");
    staff.post("/projects", json!({ "title": "B", "is_default": true })).await.id();
    assert_eq!(defaults(&staff).await, ["B"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_many_that_race_to_be_the_default_exactly_one_is(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let mut projects = Vec::new();
    for number in 0..12 {
        projects.push(format!("/projects/{}", staff.project(&format!("P{number}")).await));
    }
    let racers = projects.iter().map(|path| staff.patch(path, json!({ "is_default": true })));
    for answer in futures::future::join_all(racers).await {
        answer.json(200);
    }
    assert_eq!(defaults(&staff).await.len(), 1);
}
