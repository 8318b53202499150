//! Specification of the project's rules, as given / when / then.

use cqrs_es::test::TestFramework;

use super::{
    Assistant, Project, ProjectChanges, ProjectCommand, ProjectError, ProjectEvent, RetrievalSettings, Settings,
};
use crate::values::{Model, SttEngine, Title, TtsEngine};

type ProjectSpec = TestFramework<Project>;

fn title(text: &str) -> Title {
    Title::parse(text).expect("well-formed")
}

fn settings() -> Settings {
    Settings {
        title: title("Emergency care"),
        description: None,
        prompt: "Answer from {reference}".to_owned(),
        model: Model::Gpt35,
        stt_engine: SttEngine::Whisper,
        tts_engine: TtsEngine::Google,
        preset_questions: None,
        assistant_id: None,
    }
}

fn create() -> ProjectCommand {
    ProjectCommand::Create { creator: None, settings: settings() }
}

fn created() -> ProjectEvent {
    ProjectEvent::Created { creator: None, settings: settings() }
}

fn change(changes: ProjectChanges) -> ProjectCommand {
    ProjectCommand::Change(Box::new(changes))
}

#[test]
fn a_project_is_created_once() {
    ProjectSpec::with(()).given_no_previous_events().when(create()).then_expect_events(vec![created()]);
    ProjectSpec::with(()).given(vec![created()]).when(create()).then_expect_error(ProjectError::AlreadyCreated);
}

#[test]
fn only_what_differs_becomes_an_event() {
    ProjectSpec::with(())
        .given(vec![created()])
        .when(change(ProjectChanges {
            title: Some(title("Emergency care")),
            model: Some(Model::Gpt4Omni),
            tts_engine: Some(TtsEngine::OpenAi),
            description: Some(Some("For the ward".to_owned())),
            ..ProjectChanges::default()
        }))
        .then_expect_events(vec![
            ProjectEvent::DescriptionChanged { description: Some("For the ward".to_owned()) },
            ProjectEvent::ModelChanged { model: Model::Gpt4Omni },
            ProjectEvent::SpeechEnginesChanged { stt_engine: SttEngine::Whisper, tts_engine: TtsEngine::OpenAi },
        ]);
}

#[test]
fn a_change_to_what_already_is_changes_nothing() {
    ProjectSpec::with(())
        .given(vec![created()])
        .when(change(ProjectChanges { description: Some(None), ..ProjectChanges::default() }))
        .then_expect_events(vec![]);
}

#[test]
fn a_nullable_setting_can_be_removed() {
    ProjectSpec::with(())
        .given(vec![created(), ProjectEvent::AssistantChanged { assistant_id: Some("asst_1".to_owned()) }])
        .when(change(ProjectChanges { assistant_id: Some(None), ..ProjectChanges::default() }))
        .then_expect_events(vec![ProjectEvent::AssistantChanged { assistant_id: None }]);
}

#[test]
fn a_project_becomes_the_default_and_loses_it_again() {
    ProjectSpec::with(())
        .given(vec![created()])
        .when(ProjectCommand::SetDefault(true))
        .then_expect_events(vec![ProjectEvent::MadeDefault {}]);
    ProjectSpec::with(())
        .given(vec![created(), ProjectEvent::MadeDefault {}])
        .when(ProjectCommand::SetDefault(false))
        .then_expect_events(vec![ProjectEvent::NoLongerDefault {}]);
    ProjectSpec::with(())
        .given(vec![created(), ProjectEvent::MadeDefault {}])
        .when(ProjectCommand::SetDefault(true))
        .then_expect_events(vec![]);
}

#[test]
fn archiving_twice_changes_nothing() {
    ProjectSpec::with(())
        .given(vec![created(), ProjectEvent::Archived {}])
        .when(ProjectCommand::SetArchived(true))
        .then_expect_events(vec![]);
}

#[test]
fn an_archived_project_can_be_taken_back() {
    ProjectSpec::with(())
        .given(vec![created(), ProjectEvent::Archived {}])
        .when(ProjectCommand::SetArchived(false))
        .then_expect_events(vec![ProjectEvent::Unarchived {}]);
}

#[test]
fn a_deleted_project_cannot_be_found() {
    ProjectSpec::with(())
        .given(vec![created(), ProjectEvent::Deleted {}])
        .when(ProjectCommand::Delete)
        .then_expect_error(ProjectError::NotFound);
}

#[test]
fn every_new_provider_key_is_recorded_even_if_there_was_one() {
    ProjectSpec::with(())
        .given(vec![created(), ProjectEvent::ProviderKeyChanged { is_set: true }])
        .when(ProjectCommand::RecordProviderKey { is_set: true })
        .then_expect_events(vec![ProjectEvent::ProviderKeyChanged { is_set: true }]);
}

#[test]
fn removing_a_provider_key_that_is_not_there_changes_nothing() {
    ProjectSpec::with(())
        .given(vec![created()])
        .when(ProjectCommand::RecordProviderKey { is_set: false })
        .then_expect_events(vec![]);
}

fn assistant(instructions: &str, model: &str) -> Assistant {
    Assistant {
        id: "asst_1".to_owned(),
        name: "Ward".to_owned(),
        instructions: instructions.to_owned(),
        model: model.to_owned(),
    }
}

fn defined() -> ProjectEvent {
    ProjectEvent::AssistantDefined(assistant("Be kind", "gpt-4"))
}

#[test]
fn a_project_has_one_assistant() {
    ProjectSpec::with(())
        .given(vec![created()])
        .when(ProjectCommand::CreateAssistant(assistant("Be kind", "gpt-4")))
        .then_expect_events(vec![defined()]);
    ProjectSpec::with(())
        .given(vec![created(), defined()])
        .when(ProjectCommand::CreateAssistant(assistant("Be brief", "gpt-4")))
        .then_expect_error(ProjectError::HasAssistant);
}

#[test]
fn prompt_and_model_of_a_project_with_an_assistant_are_the_assistants() {
    ProjectSpec::with(())
        .given(vec![created(), defined()])
        .when(change(ProjectChanges {
            prompt: Some("Be brief".to_owned()),
            model: Some(Model::Gpt4Omni),
            assistant_model: Some("gpt-4o".to_owned()),
            ..ProjectChanges::default()
        }))
        .then_expect_events(vec![ProjectEvent::AssistantDefined(assistant("Be brief", "gpt-4o"))]);
}

#[test]
fn all_settings_sent_back_with_a_blank_prompt_leave_the_assistant_as_it_is() {
    ProjectSpec::with(())
        .given(vec![created(), defined()])
        .when(change(ProjectChanges {
            assistant_id: Some(Some("asst_1".to_owned())),
            prompt: Some(String::new()),
            model: Some(Model::Gpt35),
            ..ProjectChanges::default()
        }))
        .then_expect_events(vec![]);
}

#[test]
fn a_known_assistant_can_be_taken_over_from_another_project() {
    ProjectSpec::with(())
        .given(vec![created()])
        .when(change(ProjectChanges {
            assistant_id: Some(Some("asst_1".to_owned())),
            assistant: Some(assistant("Be kind", "gpt-4")),
            ..ProjectChanges::default()
        }))
        .then_expect_events(vec![defined()]);
}

#[test]
fn a_project_without_its_assistant_has_its_own_prompt_again() {
    ProjectSpec::with(())
        .given(vec![created(), defined(), ProjectEvent::AssistantChanged { assistant_id: None }])
        .when(change(ProjectChanges { prompt: Some("New {reference}".to_owned()), ..ProjectChanges::default() }))
        .then_expect_events(vec![ProjectEvent::PromptChanged { prompt: "New {reference}".to_owned() }]);
}

#[test]
fn how_passages_are_chosen_is_changed_only_if_it_differs() {
    let settings = RetrievalSettings { neighbours: 1, ..RetrievalSettings::default() };
    let created = ProjectEvent::Created { creator: None, settings: super::spec::settings() };
    let changed = ProjectEvent::RetrievalChanged(settings);
    let change = || ProjectCommand::ChangeRetrieval(settings);
    ProjectSpec::with(()).given(vec![created.clone()]).when(change()).then_expect_events(vec![changed.clone()]);
    ProjectSpec::with(()).given(vec![created, changed]).when(change()).then_expect_events(vec![]);
}
