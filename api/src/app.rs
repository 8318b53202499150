//! The composition root: builds the parts of a process, whichever roles it plays.

use std::{ops::Deref, sync::Arc, time::Duration};

use adapters::web_pages::GuardedWebPages;
use anyhow::Context as _;
use chrono::TimeDelta;
use commands::{
    Resources,
    accesses::Accesses,
    accounts::{Accounts, AddressChanges, FrontEnd, PasswordResets, PlaceExpiry, ResetCodeExpiry},
    answering::{Answering, InterruptedAnswers, Lengths},
    auditing::{Auditing, KeptSources},
    chats::Chats,
    clock::{SharedClock, SystemClock},
    clock_jumps::ClockJumps,
    documents::{Documents, Ingestion, PageRefresh, ProjectCleanup, Removal},
    erasure::{Erasure, ErasureCompletion, Ledger},
    evaluation::{Evaluation, RunQuestions},
    event_log::{
        EventConsumer, EventLog, HeadSigner, IdempotencyExpiry, KafkaSettings, KeyError, MasterKey, Progress, has_keys,
        run_relay,
    },
    jobs::{JobHandler, Worker, give_back},
    passage_store::{IndexBuilder, PassageStore},
    projects::Projects,
    proofs::Proofs,
    scheduler::{Expiry, Scheduler},
    services::Services,
    uploads::{MediaRemoval, Uploads},
};
use http_api::{app_state::AppState, silence::DatabaseSilence};
use ports::{SharedDocumentReader, SharedMailer, SharedWebPages};
use projections::Views;
use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Settings,
    data_folder,
    erasures::{ErasedViews, LogKey},
    languages::languages,
    outside::{captcha, language_model, mailer, media, provider},
    parts::{consumers, expected_parts, handlers, projections},
    passage_store::passage_store,
    rebuild::AbandonedRebuilds,
};

/// The number of documents that a process embeds in parallel.
const EMBEDDING_WORKERS: usize = 2;
/// How long the client waits for the last frame of an answer while the log cannot be written: longer than a restart of
/// PostgreSQL takes, shorter than proxies wait for the next frame.
const SAVE_PATIENCE: Duration = Duration::from_secs(30);

/// Everything that the tasks of a process share: the state of the routes, and what the background work needs besides.
#[derive(Clone)]
pub struct App {
    pub state: AppState,
    mailer: SharedMailer,
    front_end: FrontEnd,
    pages: SharedWebPages,
    revisits_pages: bool,
    reader: SharedDocumentReader,
    heads: HeadSigner,
    heads_period: Duration,
    kafka: Option<KafkaSettings>,
}

impl Deref for App {
    type Target = AppState;

    fn deref(&self) -> &AppState {
        &self.state
    }
}

impl App {
    /// Builds the parts of a process over a database whose schema is up to date, and spawns its background work into
    /// `tasks`. Each task runs for ever, so the caller has to treat one that ends as a bug.
    ///
    /// # Errors
    /// If the settings are contradictory, the master key does not fit, the log is not the one whose heads were signed, or a
    /// folder cannot be made.
    pub async fn open(settings: &Settings, pool: PgPool, tasks: &mut JoinSet<()>) -> anyhow::Result<Self> {
        // Boxed, because otherwise the future of every command would contain all of this one.
        Box::pin(Self::build(settings, pool, tasks)).await
    }

    async fn build(settings: &Settings, pool: PgPool, tasks: &mut JoinSet<()>) -> anyhow::Result<Self> {
        data_folder::prepare(settings)?;
        let clock: SharedClock = Arc::new(SystemClock);
        let master_key = master_key(settings, &pool).await?;
        let (log, background) = EventLog::open(pool.clone(), master_key, clock.clone()).await?;
        let heads = HeadSigner::open(log.keys(), &settings.heads_dir())?;
        heads.check(&pool).await?;
        tasks.spawn(background);
        let resources = Resources::new(log, pool.clone(), clock.clone());
        let commands = resources.commands.clone();
        let erasure = Erasure::new(&resources, Ledger::new(settings.erasures_file()))
            .requiring(settings.erasure_approval)
            .keeping(settings.retention.rules());
        // Before anything is served or projected: a restored backup may have brought erased text back.
        erasure.reapply().await?;
        let projects = Projects::new(&resources);
        let media = media(settings)?;
        let uploads = Uploads::new(pool.clone(), media.clone());
        let server = provider(settings)?;
        let model = language_model(server.as_ref());
        let passage_store = passage_store(settings, &pool, &clock, server.as_ref())?;
        let languages = languages(settings, server.as_ref(), &model).await?;
        let names = settings.clone();
        let email_change = TimeDelta::hours(settings.outside.email_change_hours.into());
        let answering = Answering {
            commands: commands.clone(),
            pool: pool.clone(),
            keys: resources.keys.clone(),
            clock: clock.clone(),
            projects: projects.clone(),
            model,
            passage_store,
            uploads: uploads.clone(),
            languages,
            names: Arc::new(move |model| names.model_name(model)),
            form_model: settings.openai_form_model.clone(),
            server_key: settings.openai_api_key.clone(),
            tracker: TaskTracker::new(),
            interruption: CancellationToken::new(),
            process: clock.new_id(),
            lengths: Lengths {
                question_chars: settings.texts.max_question_chars,
                answer_chars: settings.texts.max_answer_chars,
            },
            save_patience: SAVE_PATIENCE,
        };
        let reader: SharedDocumentReader = Arc::new(settings.reader()?);
        let sources = KeptSources { media: media.clone(), reader: reader.clone() };
        let state = AppState {
            auditing: Auditing::new(pool.clone(), resources.keys.clone(), Some(sources)),
            accounts: Accounts::new(&resources).trusting_former_addresses_for(email_change).hashing(settings.hashing()),
            documents: Documents::new(commands.clone(), uploads.clone()),
            evaluation: Evaluation::new(&resources, uploads.clone()),
            chats: Chats::new(&resources, answering.clone()),
            accesses: Accesses::new(&resources),
            proofs: Proofs::new(pool.clone(), resources.keys.clone(), settings.proof_place())
                .witnessed_by(settings.witnesses()?),
            projects,
            services: Services::new(&resources),
            answering,
            media,
            uploads,
            erasure,
            texts: settings.texts,
            captcha: captcha(settings)?,
            progress: Progress::default(),
            data_dir: settings.data_dir.clone(),
            clock,
            ending: CancellationToken::new(),
            silence: DatabaseSilence::never(),
            commands,
            views: Views::beside(&pool),
            pool,
            expected: expected_parts(settings),
        };
        Ok(Self {
            mailer: mailer(settings, &state.clock)?,
            front_end: FrontEnd::parse(&settings.outside.frontend_url).context("FRONTEND_URL")?,
            pages: Arc::new(GuardedWebPages::new(settings.fetch_allow.clone())),
            revisits_pages: settings.revisit_pages,
            reader,
            heads,
            heads_period: settings.heads_period(),
            kafka: settings.kafka(),
            state,
        })
    }

    /// Spawns the consumers that keep the views up to date, for ever.
    pub fn spawn_projectors(&self, tasks: &mut JoinSet<()>) {
        for consumer in projections() {
            self.spawn_consumer(consumer, tasks);
        }
    }

    /// Spawns what does the work that follows from events, for ever: the consumers that enqueue jobs, the workers, the
    /// signing and publishing of the log, and the scheduler.
    ///
    /// # Errors
    /// An error of the database, when the passage store is prepared.
    pub async fn spawn_workers(&self, tasks: &mut JoinSet<()>) -> Result<(), sqlx::Error> {
        self.passage_store().prepare().await?;
        for handler in handlers() {
            self.spawn_consumer(handler, tasks);
        }
        let heart = self.commands.log().heart();
        for worker in self.workers() {
            tasks.spawn(worker.run(heart.clone(), self.ending.clone()));
        }
        tasks.spawn(self.heads.clone().run(self.pool.clone(), self.clock.clone(), self.heads_period));
        tasks.spawn(self.proofs.clone().run(self.heads_period));
        tasks.spawn(Scheduler::new(self.pool.clone(), self.clock.clone(), self.expiries()).run(heart.clone()));
        Ok(())
    }

    const fn passage_store(&self) -> &PassageStore {
        &self.state.answering.passage_store
    }

    /// The steps of the scheduler, such as the expiry of codes for a new password.
    fn expiries(&self) -> Vec<Arc<dyn Expiry>> {
        vec![
            Arc::new(ResetCodeExpiry(self.pool.clone())),
            Arc::new(PlaceExpiry(self.pool.clone())),
            Arc::new(IdempotencyExpiry(self.pool.clone())),
            Arc::new(self.uploads.clone()),
            Arc::new(self.evaluation.clone()),
            Arc::new(self.services.clone()),
            Arc::new(AbandonedRebuilds(self.pool.clone())),
            Arc::new(ClockJumps::new(self.pool.clone())),
        ]
    }

    /// Spawns the relay, which publishes the log to Kafka for ever; does nothing without Kafka.
    pub fn spawn_relay(&self, tasks: &mut JoinSet<()>) {
        if let Some(kafka) = &self.kafka {
            tasks.spawn(run_relay(self.pool.clone(), kafka.clone(), self.commands.log().head()));
        }
    }

    fn spawn_consumer(&self, consumer: Arc<dyn EventConsumer>, tasks: &mut JoinSet<()>) {
        let log = self.commands.log().clone();
        tasks.spawn(log.follow(consumer, self.kafka.clone(), self.progress.clone()));
    }

    /// The workers of a process. There are several kinds, so that quick and urgent jobs never wait behind a long
    /// import, a test run or a slow mail server.
    fn workers(&self) -> Vec<Worker> {
        let passage_store = self.passage_store();
        let ingestion: Arc<dyn JobHandler> = Arc::new(Ingestion {
            pool: self.pool.clone(),
            commands: self.commands.clone(),
            documents: self.documents.clone(),
            media: self.media.clone(),
            pages: self.pages.clone(),
            reader: self.reader.clone(),
            passage_store: passage_store.clone(),
        });
        let tending: Arc<dyn JobHandler> = Arc::new(IndexBuilder(passage_store.clone()));
        let interrupted: Arc<dyn JobHandler> = Arc::new(InterruptedAnswers { commands: self.commands.clone() });
        let removal: Arc<dyn JobHandler> = Arc::new(Removal {
            pool: self.pool.clone(),
            commands: self.commands.clone(),
            passage_store: passage_store.clone(),
            uploads: self.uploads.clone(),
        });
        let emptying: Arc<dyn JobHandler> =
            Arc::new(ProjectCleanup { pool: self.pool.clone(), documents: self.documents.clone() });
        let password_resets: Arc<dyn JobHandler> = Arc::new(PasswordResets {
            accounts: self.accounts.clone(),
            mailer: self.mailer.clone(),
            front_end: self.front_end.clone(),
        });
        let address_changes: Arc<dyn JobHandler> = Arc::new(AddressChanges {
            accounts: self.accounts.clone(),
            mailer: self.mailer.clone(),
            front_end: self.front_end.clone(),
        });
        let media: Arc<dyn JobHandler> =
            Arc::new(MediaRemoval { pool: self.pool.clone(), uploads: self.uploads.clone() });
        let erasures: Arc<dyn JobHandler> = Arc::new(ErasureCompletion {
            pool: self.pool.clone(),
            commands: self.commands.clone(),
            clock: self.clock.clone(),
            ledger: self.erasure.ledger().clone(),
            uploads: self.uploads.clone(),
            views: Arc::new(ErasedViews(self.views.clone())),
            projections: projections().iter().map(|it| (it.name(), it.aggregate_types())).collect(),
            progress: self.progress.clone(),
            signer: Arc::new(LogKey(self.proofs.clone())),
        });
        let worker = |handlers| Worker::new(self.pool.clone(), self.clock.new_id(), handlers, self.progress.clone());
        // With a token that is never cancelled: a question of a test run that is cut off at the end of the process has
        // not failed, and another worker asks it again.
        let answering = Answering { interruption: CancellationToken::new(), ..self.answering.clone() };
        let questions: Arc<dyn JobHandler> = Arc::new(RunQuestions { answering });
        let revisiting = Arc::new(PageRefresh {
            pool: self.pool.clone(),
            clock: self.clock.clone(),
            commands: self.commands.clone(),
            documents: self.documents.clone(),
            pages: self.pages.clone(),
            reader: self.reader.clone(),
        });
        let revisiting = self.revisits_pages.then(|| worker(vec![revisiting as Arc<dyn JobHandler>]));
        [
            worker(vec![interrupted, removal, emptying, media, erasures]),
            worker(vec![password_resets, address_changes]),
            worker(vec![questions]),
        ]
        .into_iter()
        .chain(revisiting)
        .chain((0..EMBEDDING_WORKERS).map(|_| worker(vec![ingestion.clone(), tending.clone()])))
        .collect()
    }

    /// Applies the log to all consumers and runs the jobs that are due, until nothing is left to do.
    ///
    /// # Errors
    /// If an event cannot be applied or the database fails.
    pub async fn settle(&self) -> anyhow::Result<()> {
        self.passage_store().prepare().await?;
        let log = self.commands.log();
        let workers = self.workers();
        loop {
            for consumer in consumers() {
                log.catch_up(consumer, &self.progress).await?;
            }
            let mut attempts = 0;
            for worker in &workers {
                attempts += worker.run_due().await?;
            }
            if attempts == 0 {
                return Ok(());
            }
        }
    }

    /// Gives back the jobs of this process and removes its heartbeats, so that its parts are not reported as missing.
    /// To be called when all of them have ended; failures are only logged.
    pub async fn deregister(&self) {
        let holders = [self.commands.log().heart().ids(), vec![self.answering.process]].concat();
        match give_back(&self.pool, &holders).await {
            Ok(0) => {}
            Ok(jobs) => tracing::info!(jobs, "unfinished jobs were given back"),
            Err(error) => tracing::warn!(%error, "unfinished jobs were not given back; their leases will end"),
        }
        if let Err(error) = self.commands.log().heart().stop(&self.pool).await {
            tracing::debug!(%error, "signs of life were not removed");
        }
    }
}

/// Returns the master key. Creates it, and its file, if there is no file and nothing was ever encrypted.
pub(crate) async fn master_key(settings: &Settings, pool: &PgPool) -> anyhow::Result<MasterKey> {
    if let Some(key) = settings.master_key()? {
        return Ok(key);
    }
    let path = settings.master_key_file();
    if has_keys(pool).await? {
        // Another process may have created the first keys just now; it writes the file before them.
        if let Some(key) = settings.master_key()? {
            return Ok(key);
        }
        return Err(KeyError::MissingMasterKey { path: path.display().to_string() }.into());
    }
    let key = MasterKey::new_in_file(&path)?;
    tracing::warn!(
        path = %path.display(),
        "a master key was made: back it up, without it no personal text can ever be read again"
    );
    Ok(key)
}
