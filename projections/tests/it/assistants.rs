//! Assistants, as the projects that use them define them.

use domain::project::{Assistant, ProjectEvent};
use projections::{
    Views,
    assistants::{AssistantView, find, list},
};
use sqlx::PgPool;

use crate::history::{CLINIC, History, WARD, created};

fn defined(id: &str, instructions: &str) -> ProjectEvent {
    ProjectEvent::AssistantDefined(Assistant {
        id: id.to_owned(),
        name: "Ward".to_owned(),
        instructions: instructions.to_owned(),
        model: "gpt-4".to_owned(),
    })
}

fn view(id: &str, instructions: &str) -> AssistantView {
    AssistantView {
        id: id.to_owned(),
        name: "Ward".to_owned(),
        instructions: instructions.to_owned(),
        model: "gpt-4".to_owned(),
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_assistant_of_two_projects_is_listed_once_as_it_was_defined_last(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history
        .project(WARD, created("Ward"))
        .project(CLINIC, created("Clinic"))
        .project(WARD, defined("asst_1", "Be kind"))
        .project(CLINIC, defined("asst_2", "Be exact"))
        .project(CLINIC, defined("asst_1", "Be brief"))
        .project(WARD, ProjectEvent::AssistantChanged { assistant_id: None });
    let all = history.shows(&pool, async || list(&views).await.expect("read")).await;
    assert_eq!(all, [view("asst_2", "Be exact"), view("asst_1", "Be brief")]);
    assert_eq!(find(&views, "asst_1").await.expect("read"), Some(view("asst_1", "Be brief")));
    assert_eq!(find(&views, "asst_9").await.expect("read"), None);
}
