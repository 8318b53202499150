//! Single projects, as staff and as others see them.

use domain::{
    project::ProjectEvent,
    values::{Model, SttEngine, TtsEngine},
};
use insta::assert_json_snapshot;
use projections::{
    Views,
    projects::{ProjectRow, find},
};
use sqlx::PgPool;

use crate::history::{CLINIC, History, WARD, apply, at, created, created_with, title};

async fn ward(history: &History, pool: &PgPool) -> ProjectRow {
    let views = Views::beside(pool);
    history.shows(pool, async || find(&views, WARD).await.expect("read")).await.expect("there")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn people_see_a_project_without_its_prompt(pool: PgPool) {
    let mut history = History::default();
    history.project(WARD, created("Ward"));
    assert_json_snapshot!(ward(&history, &pool).await.into_view());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn staff_see_the_prompt_and_the_model_as_a_text(pool: PgPool) {
    let mut history = History::default();
    history.project(WARD, created_with("Ward", Some(&["What is ORS?"])));
    assert_json_snapshot!(ward(&history, &pool).await.into_staff_view());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_change_of_a_project_shows(pool: PgPool) {
    let mut history = History::default();
    history
        .project(WARD, created("Ward"))
        .project(WARD, ProjectEvent::TitleChanged { title: title("Ward 2") })
        .project(WARD, ProjectEvent::DescriptionChanged { description: Some("For nurses".to_owned()) })
        .project(WARD, ProjectEvent::PromptChanged { prompt: "New {reference}".to_owned() })
        .project(WARD, ProjectEvent::ModelChanged { model: Model::Gpt4Omni })
        .project(
            WARD,
            ProjectEvent::SpeechEnginesChanged { stt_engine: SttEngine::SelfHosted, tts_engine: TtsEngine::OpenAi },
        )
        .project(WARD, ProjectEvent::PresetQuestionsChanged { preset_questions: Some(vec![]) })
        .project(WARD, ProjectEvent::AssistantChanged { assistant_id: Some("asst_1".to_owned()) })
        .project(WARD, ProjectEvent::ProviderKeyChanged { is_set: true })
        .project(WARD, ProjectEvent::MadeDefault {})
        .project(WARD, ProjectEvent::Archived {});
    assert_json_snapshot!(ward(&history, &pool).await.into_staff_view());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_was_set_can_be_taken_back(pool: PgPool) {
    let mut history = History::default();
    history.project(WARD, created_with("Ward", Some(&["What is ORS?"]))).project(WARD, ProjectEvent::MadeDefault {});
    history
        .project(WARD, ProjectEvent::Archived {})
        .project(WARD, ProjectEvent::ProviderKeyChanged { is_set: true })
        .project(WARD, ProjectEvent::NoLongerDefault {})
        .project(WARD, ProjectEvent::Unarchived {})
        .project(WARD, ProjectEvent::ProviderKeyChanged { is_set: false })
        .project(WARD, ProjectEvent::PresetQuestionsChanged { preset_questions: None });
    let ward = ward(&history, &pool).await;
    assert_eq!((ward.is_default, ward.is_archived, ward.key_set, ward.preset_questions), (false, false, false, None));
    assert_eq!(ward.modified_at, at(8));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_more_than_four_preset_questions_four_different_ones_are_offered(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    let questions = ["a", "b", "c", "d", "e", "f"];
    history.project(WARD, created_with("Ward", Some(&questions)));
    let offered = history
        .shows(&pool, async || {
            let row = find(&views, WARD).await.expect("read").expect("there");
            assert_eq!(row.preset_questions.as_deref().expect("set"), questions);
            let mut offered = row.into_view().display_preset_questions.expect("some are offered");
            assert!(offered.iter().all(|question| questions.contains(&question.as_str())));
            offered.sort_unstable();
            offered.dedup();
            offered.len()
        })
        .await;
    assert_eq!(offered, 4);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_deleted_project_is_not_found(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history.project(WARD, created("Ward")).project(WARD, ProjectEvent::Deleted {});
    assert_eq!(history.shows(&pool, async || find(&views, WARD).await.expect("read")).await, None);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_creation_that_comes_again_undoes_nothing(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = History::default();
    history
        .project(WARD, created("Ward"))
        .project(CLINIC, created("Clinic"))
        .project(WARD, ProjectEvent::TitleChanged { title: title("Ward 2") });
    apply(&pool, history.events()).await;
    apply(&pool, &history.events()[..1]).await;
    assert_eq!(find(&views, WARD).await.expect("read").expect("there").title, "Ward 2");
}
