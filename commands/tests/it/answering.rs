//! Answers of models that misbehave in ways that no server can.

use std::{path::Path, sync::Arc, time::Duration};

use adapters::media::ObjectMedia;
use async_trait::async_trait;
use commands::{
    Resources,
    answering::{Answering, Ask, Asked, Languages, Lengths, TurnEvent},
    clock::SystemClock,
    event_log::EventLog,
    projects::Projects,
    uploads::Uploads,
};
use domain::ids::ChatId;
use ports::{
    AnswerRequest, AnswerStream, JsonRequest, LanguageModel, ProviderError, SharedLanguageModel, SpeechToTextEngines,
    TextToSpeechEngines,
};
use sqlx::PgPool;
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::support::{Node, new_id, number, passage_store, system};

/// A process that answers by this model, and by nothing else that is outside.
pub(crate) fn answering_by(model: SharedLanguageModel, pool: &PgPool, log: &EventLog, folder: &Path) -> Answering {
    let resources = Resources::new(log.clone(), pool.clone(), Arc::new(SystemClock));
    let media = Arc::new(ObjectMedia::in_folder(folder).expect("the folder is there"));
    Answering {
        commands: resources.commands.clone(),
        pool: pool.clone(),
        keys: resources.keys.clone(),
        clock: resources.clock.clone(),
        projects: Projects::new(&resources),
        model,
        passage_store: passage_store(pool),
        uploads: Uploads::new(pool.clone(), media),
        languages: Languages {
            speech_to_text: SpeechToTextEngines::default(),
            translator: None,
            text_to_speech: TextToSpeechEngines::default(),
            speech_limit: Duration::ZERO,
        },
        names: Arc::new(|model| format!("model-{}", model.number())),
        form_model: "model-of-forms".to_owned(),
        server_key: Some("sk-server".into()),
        tracker: TaskTracker::new(),
        interruption: CancellationToken::new(),
        process: new_id(),
        lengths: Lengths { question_chars: 10_000, answer_chars: 50_000 },
    }
}

/// A model whose adapter has a bug.
struct Panicking;

#[async_trait]
impl LanguageModel for Panicking {
    async fn answer(&self, _: AnswerRequest) -> Result<AnswerStream, ProviderError> {
        panic!("what a patient said")
    }

    async fn complete_json(&self, _: JsonRequest) -> Result<String, ProviderError> {
        panic!("what a patient said")
    }

    fn is_built_in(&self) -> bool {
        false
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_panic_while_an_answer_is_made_is_told_and_recorded_at_once(pool: PgPool) {
    let node = Node::start(&pool.connect_options()).await;
    let folder = TempDir::new().expect("temporary folders can be made");
    let answering = answering_by(Arc::new(Panicking), &node.pool, node.log(), folder.path());
    let chat = new_id();
    node.start_chat(chat).await.expect("a chat can be started");
    let ask = Ask {
        project: None,
        chat: ChatId::new(chat),
        question: Asked::Text("How much zinc?".to_owned()),
        transcription: None,
        language: "en".to_owned(),
        temperature: 0.1,
        top_k: 3,
        nonce: None,
        provider_key: None,
        allow_key: true,
        shows_failure: true,
        speaks: false,
    };
    let turn = answering.ask(ask, &system()).await.expect("the question is taken");
    let mut events = turn.events.expect("the question is new");
    let Some(TurnEvent::Failed { message, committed: Some(_) }) = events.recv().await else {
        panic!("the failure is told, and recorded before")
    };
    assert_eq!(message, "The answer was interrupted.");
    assert!(events.recv().await.is_none(), "it is the last word");
    let failed = "SELECT count(*) FROM events WHERE event_type = 'AnswerFailed'";
    assert_eq!((number(&pool, failed).await, number(&pool, "SELECT count(*) FROM jobs").await), (1, 0));
}
