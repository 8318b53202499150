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
use futures::{StreamExt, future::ready, stream};
use ports::{
    AnswerChunk, AnswerRequest, AnswerStream, Finish, JsonRequest, LanguageModel, ProviderError, SharedLanguageModel,
    SpeechToTextEngines, TextToSpeechEngines,
};
use sqlx::PgPool;
use tempfile::TempDir;
use tokio::{
    sync::{Notify, mpsc::UnboundedReceiver},
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    proxy::{Fault, Proxy},
    support::{Node, new_id, number, passage_store, system, until},
};

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
        save_patience: Duration::from_secs(30),
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

fn question() -> Ask {
    Ask {
        project: None,
        chat: ChatId::new(new_id()),
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
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_panic_while_an_answer_is_made_is_told_and_recorded_at_once(pool: PgPool) {
    let node = Node::start(&pool.connect_options()).await;
    let folder = TempDir::new().expect("temporary folders can be made");
    let answering = answering_by(Arc::new(Panicking), &node.pool, node.log(), folder.path());
    let chat = new_id();
    node.start_chat(chat).await.expect("a chat can be started");
    let ask = Ask { chat: ChatId::new(chat), ..question() };
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

/// A model that answers "20 mg." as soon as it is let.
struct Waiting(Arc<Notify>);

#[async_trait]
impl LanguageModel for Waiting {
    async fn answer(&self, _: AnswerRequest) -> Result<AnswerStream, ProviderError> {
        let go_on = self.0.clone();
        let end = async move {
            go_on.notified().await;
            Ok(AnswerChunk::Finished(Finish::default()))
        };
        Ok(stream::once(ready(Ok(AnswerChunk::Delta("20 mg.".to_owned())))).chain(stream::once(end)).boxed())
    }

    async fn complete_json(&self, _: JsonRequest) -> Result<String, ProviderError> {
        panic!("nobody asks for a form")
    }

    fn is_built_in(&self) -> bool {
        false
    }
}

/// A question whose answer's text has come over a proxy, but not its end.
struct Answered {
    go_on: Arc<Notify>,
    events: UnboundedReceiver<TurnEvent>,
    _folder: TempDir,
}

impl Answered {
    async fn half(node: &Node, save_patience: Duration) -> Self {
        let go_on = Arc::<Notify>::default();
        let folder = TempDir::new().expect("temporary folders can be made");
        let model = Arc::new(Waiting(go_on.clone()));
        let answering = Answering { save_patience, ..answering_by(model, &node.pool, node.log(), folder.path()) };
        let chat = new_id();
        node.start_chat(chat).await.expect("a chat can be started");
        let ask = Ask { chat: ChatId::new(chat), ..question() };
        let turn = answering.ask(ask, &system()).await.expect("the question is taken");
        let mut events = turn.events.expect("the question is new");
        assert!(matches!(events.recv().await, Some(TurnEvent::Delta(_))));
        Self { go_on, events, _folder: folder }
    }
}

const ANSWERS: &str = "SELECT count(*) FROM events WHERE event_type = 'AnswerCompleted'";

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_that_was_recorded_while_the_database_froze_is_no_failure(pool: PgPool) {
    let proxy = Proxy::start(&pool.connect_options()).await;
    let node = Node::start(&proxy.options).await;
    let mut answered = Answered::half(&node, Duration::from_mins(1)).await;
    proxy.arm("model_requested", Fault::FreezeAfter);
    answered.go_on.notify_one();
    until("the answer is recorded", async || number(&pool, ANSWERS).await == 1).await;
    assert!(proxy.is_sprung());
    // The append is given up, and its outcome is unknown, after ten seconds.
    sleep(Duration::from_secs(12)).await;
    proxy.come_back();
    let last = answered.events.recv().await;
    assert!(matches!(&last, Some(TurnEvent::Completed { text, .. }) if text == "20 mg."), "{last:?}");
    assert_eq!(number(&pool, ANSWERS).await, 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn who_waits_for_an_answer_that_cannot_be_saved_is_told_and_finds_it_later(pool: PgPool) {
    let proxy = Proxy::start(&pool.connect_options()).await;
    let node = Node::start(&proxy.options).await;
    let mut answered = Answered::half(&node, Duration::from_millis(200)).await;
    proxy.go_down();
    answered.go_on.notify_one();
    let last = answered.events.recv().await;
    let Some(TurnEvent::Failed { message, committed: None }) = last else { panic!("{last:?}") };
    assert!(message.contains("could not be saved"), "{message}");
    assert_eq!(number(&pool, ANSWERS).await, 0);
    proxy.come_back();
    until("the answer is recorded", async || number(&pool, ANSWERS).await == 1).await;
}
