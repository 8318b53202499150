//! The composition root: what a process is made of, whichever roles it plays.

use std::{ops::Deref, sync::Arc, time::Duration};

use adapters::web_pages::GuardedWebPages;
use anyhow::Context as _;
use chrono::TimeDelta;
use commands::{
    Resources,
    accounts::{Accounts, AddressChanges, FrontEnd, PasswordResets, PlaceExpiry, ResetCodeExpiry},
    answering::{Answering, InterruptedAnswers, Lengths},
    chats::Chats,
    clock::{SharedClock, SystemClock},
    clock_jumps::ClockJumps,
    documents::{Documents, EmbeddingHandler, Ingestion, PageRefresh, ProjectCleanup, Removal},
    erasure::{Erasure, Ledger},
    evaluation::{Evaluation, RunQuestions},
    event_log::{
        Counting, EventConsumer, EventLog, Expected, HeadSigner, IdempotencyExpiry, KafkaSettings, KeyError, MasterKey,
        Progress, Status, has_keys, run_relay,
    },
    jobs::{JobHandler, Worker, give_back},
    passage_store::{IndexBuilder, PassageStore},
    projects::Projects,
    scheduler::{Expiry, Scheduler},
    services::Services,
    uploads::{MediaRemoval, MediaRemovalHandler, Uploads},
};
use http_api::app_state::AppState;
use ports::{SharedDocumentReader, SharedMailer, SharedWebPages};
use projections::{Views, projectors};
use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Settings,
    data_folder,
    languages::languages,
    outside::{captcha, language_model, mailer, media, provider},
    passage_store::passage_store,
    projection::Projection,
    rebuild::AbandonedRebuilds,
};

/// Documents that a process embeds side by side.
const EMBEDDING_WORKERS: usize = 2;

/// Everything that a process shares among its tasks: what requests reach, and what else its parts need.
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

/// The consumers that write views.
pub fn projections() -> Vec<Arc<dyn EventConsumer>> {
    projectors().into_iter().map(|projector| Arc::new(Projection(projector)) as Arc<dyn EventConsumer>).collect()
}

/// The consumers that enqueue the work that follows from events.
pub fn handlers() -> Vec<Arc<dyn EventConsumer>> {
    vec![Arc::new(EmbeddingHandler), Arc::new(MediaRemovalHandler)]
}

/// All who make something of events.
pub fn consumers() -> Vec<Arc<dyn EventConsumer>> {
    projections().into_iter().chain(handlers()).collect()
}

impl App {
    /// Puts a process together over a database whose schema is up to date. Its background work is added to the tasks,
    /// which are endless: one that ends is a bug that whoever holds them must see.
    ///
    /// # Errors
    /// If the settings are contradictory, the master key does not fit, the log is not the one whose heads were signed, or a
    /// folder cannot be made.
    pub async fn open(settings: &Settings, pool: PgPool, tasks: &mut JoinSet<()>) -> anyhow::Result<Self> {
        // In a box: the future of every command would hold all of it.
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
        let erasure = Erasure::new(&resources, Ledger::new(settings.erasures_file()));
        // Before anything is served or projected.
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
        };
        let state = AppState {
            accounts: Accounts::new(&resources).trusting_former_addresses_for(email_change).hashing(settings.hashing()),
            documents: Documents::new(commands.clone(), uploads.clone()),
            evaluation: Evaluation::new(&resources, uploads.clone()),
            chats: Chats::new(&resources, answering.clone()),
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
            commands,
            views: Views::beside(&pool),
            pool,
            expected: Expected::default(),
        };
        let mut app = Self {
            mailer: mailer(settings, &state.clock)?,
            front_end: FrontEnd::parse(&settings.outside.frontend_url).context("FRONTEND_URL")?,
            pages: Arc::new(GuardedWebPages::new(settings.fetch_allow.clone())),
            revisits_pages: settings.revisit_pages,
            reader: Arc::new(settings.reader()?),
            heads,
            heads_period: settings.heads_period(),
            kafka: settings.kafka(),
            state,
        };
        // The workers are made of all the rest.
        app.state.expected = app.parts();
        Ok(app)
    }

    /// Feeds the views and enqueues the work that follows from events, for ever.
    pub fn spawn_projectors(&self, tasks: &mut JoinSet<()>) {
        for consumer in projections() {
            self.spawn_consumer(consumer, tasks);
        }
    }

    /// Does the work that follows from events, for ever.
    ///
    /// # Errors
    /// The database's.
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
        tasks.spawn(Scheduler::new(self.pool.clone(), self.clock.clone(), self.expiries()).run(heart.clone()));
        Ok(())
    }

    const fn passage_store(&self) -> &PassageStore {
        &self.state.answering.passage_store
    }

    /// What has a life.
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

    /// Publishes the log to Kafka, for ever, if there is one.
    pub fn spawn_relay(&self, tasks: &mut JoinSet<()>) {
        if let Some(kafka) = &self.kafka {
            tasks.spawn(run_relay(self.pool.clone(), kafka.clone(), self.commands.log().head()));
        }
    }

    fn spawn_consumer(&self, consumer: Arc<dyn EventConsumer>, tasks: &mut JoinSet<()>) {
        let log = self.commands.log().clone();
        tasks.spawn(log.follow(consumer, self.kafka.clone(), self.progress.clone()));
    }

    /// Several kinds of workers, so that what is quick and urgent never waits behind a long import, a test run or a slow
    /// mail server.
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
        let worker = |handlers| Worker::new(self.pool.clone(), self.clock.new_id(), handlers, self.progress.clone());
        // A test run's question that is cut off at the end of the process has not failed: another worker asks it again.
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
            worker(vec![interrupted, removal, emptying, media]),
            worker(vec![password_resets, address_changes]),
            worker(vec![questions]),
        ]
        .into_iter()
        .chain(revisiting)
        .chain((0..EMBEDDING_WORKERS).map(|_| worker(vec![ingestion.clone(), tending.clone()])))
        .collect()
    }

    /// Applies what is in the log to the views and does the work that is due, until nothing is left.
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

    /// The parts that the whole system has, in whichever process.
    fn parts(&self) -> Expected {
        let names = |consumers: Vec<Arc<dyn EventConsumer>>| consumers.iter().map(|consumer| consumer.name()).collect();
        let mut workers: Vec<String> = self.workers().iter().map(Worker::name).collect();
        workers.dedup();
        Expected {
            projections: names(projections()),
            handlers: names(handlers()),
            relay: self.kafka.is_some(),
            workers,
        }
    }

    /// How all parts of the system are doing, in whichever process. A relay is missed if one is wanted, here or by the caller.
    ///
    /// # Errors
    /// The database's.
    pub async fn status(&self, wants_relay: bool, counting: Counting) -> Result<Status, sqlx::Error> {
        let expected = Expected { relay: wants_relay || self.expected.relay, ..self.expected.clone() };
        self.commands.log().status(&expected, counting).await
    }

    /// The process ends in good order, all of its parts have ended: its jobs are given back, and its signs of life are not
    /// missed.
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

/// The master key. A file is made for it if there is none and nothing was ever encrypted.
pub(crate) async fn master_key(settings: &Settings, pool: &PgPool) -> anyhow::Result<MasterKey> {
    if let Some(key) = settings.master_key()? {
        return Ok(key);
    }
    let path = settings.master_key_file();
    if has_keys(pool).await? {
        // Another process may have made the first key just now; its file was there before the keys.
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
