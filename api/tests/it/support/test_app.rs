//! One process: the real composition root on a runtime of its own, so that nothing of it outlives the test.

use std::time::Duration;

use api::{app::App, config::Settings};
use clap::{Args, Command, FromArgMatches};
use commands::{accounts::Registration, execute::Context};
use domain::{
    ids::UserId,
    user::Roles,
    values::{Email, FullName, Username},
};
use http_api::{config::HttpSettings, http_server, routes};
use reqwest::redirect::Policy;
use serde_json::json;
use sqlx::{PgPool, postgres::PgPoolOptions};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{PASSWORD, Person, eventually};

const CONNECTIONS: u32 = 15;

pub(crate) struct TestApp {
    pub(crate) app: App,
    /// For looking at the tables.
    pub(crate) db: PgPool,
    pub(crate) nobody: Person,
    folder: TempDir,
    runtime: Option<Runtime>,
    end: CancellationToken,
    _tasks: JoinSet<()>,
}

impl TestApp {
    pub(crate) async fn start(db: &PgPool) -> Self {
        Self::start_with(db, &[]).await
    }

    /// With command-line arguments.
    pub(crate) async fn start_with(db: &PgPool, arguments: &[&str]) -> Self {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().expect("temporary folders can be made");
        let (settings, http) = settings(&folder, arguments);
        // The program that runs is the tests'.
        let settings = Settings { document_reader: Some(env!("CARGO_BIN_EXE_ayushma").into()), ..settings };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime can be built");
        let options = (*db.connect_options()).clone();
        let end = CancellationToken::new();
        let ending = end.clone();
        let served = runtime.spawn(async move {
            let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect_with(options);
            let pool = pool.await.expect("the database takes connections");
            let mut tasks = JoinSet::new();
            let app = App::open(&settings, pool, &mut tasks).await.expect("the app can be put together");
            app.spawn_projectors(&mut tasks);
            app.spawn_workers(&mut tasks).await.expect("the database is there");
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
            let address = listener.local_addr().expect("a listener has an address");
            let services = routes::services(app.state.clone(), http.clone());
            tasks.spawn(async move { http_server::serve(listener, services, &http, ending.cancelled_owned()).await });
            (app, address, tasks)
        });
        let (app, address, tasks) = served.await.expect("the server starts");
        // Redirects are answers to look at.
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(Duration::from_mins(1));
        let nobody = Person::nobody(http.build().expect("a client can be built"), format!("http://{address}"));
        Self { app, db: db.clone(), nobody, folder, runtime: Some(runtime), end, _tasks: tasks }
    }

    pub(crate) fn media_folder(&self) -> std::path::PathBuf {
        self.folder.path().join("media")
    }

    /// The mails in the folder that stands for a mail server, oldest first.
    pub(crate) fn mails(&self) -> Vec<String> {
        let Ok(files) = std::fs::read_dir(self.folder.path().join("mail")) else { return vec![] };
        let files = files.map(|file| file.expect("a readable folder").path());
        let mut paths: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "eml")).collect();
        paths.sort();
        paths.iter().map(|path| std::fs::read_to_string(path).expect("a mail is text")).collect()
    }

    /// Asks for a new password for the address; the code that is mailed.
    pub(crate) async fn reset_code(&self, email: &str) -> String {
        let before = self.mails().len();
        self.nobody.post("/auth/forgot", json!({ "email": email })).await.is(200, "");
        eventually("the mail comes", async || {
            self.mails().get(before).map(|mail| {
                let lines = mail.lines().filter_map(|line| line.strip_prefix("    "));
                let code =
                    lines.map(str::trim).find(|line| line.len() == 6 && line.bytes().all(|b| b.is_ascii_digit()));
                code.expect("the mail has a code").to_owned()
            })
        })
        .await
    }

    /// Asks the process's HTTP to end.
    pub(crate) fn end(&self) {
        self.end.cancel();
    }

    /// `127.0.0.1:port`
    pub(crate) fn host(&self) -> &str {
        self.nobody.base.trim_start_matches("http://")
    }

    /// Somebody with these roles, logged in.
    pub(crate) async fn person(&self, name: &str, roles: Roles) -> Person {
        let id = self.app.clock.new_id();
        let email = format!("{name}@example.com");
        let registration = Registration {
            username: Username::parse(name).expect("a username"),
            email: Email::parse(&email).expect("an address"),
            full_name: FullName::parse(&format!("{name} of the Test")).expect("a name"),
            password: PASSWORD.to_owned().into(),
            roles,
        };
        let app = self.app.clone();
        let registered = self.runtime().spawn(async move {
            let context = Context::system("test", id);
            let committed = app.accounts.register(UserId::new(id), registration, &context).await;
            app.wait_for_views(&committed.expect("the account can be made"), Duration::from_secs(20)).await
        });
        assert!(registered.await.expect("nothing panics"), "the new account can be read back");
        let token = self.log_in(&email, PASSWORD).await;
        Person { id, email, ..self.nobody.with_token(&token) }
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> String {
        let answer = self.nobody.post("/auth/login", json!({ "email": email, "password": password })).await;
        answer.json(200)["token"].as_str().expect("a login gives a token").to_owned()
    }

    /// Opens or closes an account, as the command line does.
    pub(crate) async fn set_active(&self, email: &str, active: bool) {
        let (app, email) = (self.app.clone(), Email::parse(email).expect("an address"));
        let changed = self.runtime().spawn(async move {
            let context = Context::system("test", app.clock.new_id());
            let committed = app.accounts.set_active(&email, active, &context).await.expect("the account is there");
            app.wait_for_views(&committed, Duration::from_secs(20)).await
        });
        assert!(changed.await.expect("nothing panics"), "the change can be read back");
    }

    /// Asha, without a role.
    pub(crate) async fn nurse(&self) -> Person {
        self.person("asha", Roles::default()).await
    }

    pub(crate) async fn staff(&self) -> Person {
        self.person("meera", Roles { is_staff: true, ..Roles::default() }).await
    }

    pub(crate) async fn superuser(&self) -> Person {
        self.person("root", Roles { is_superuser: true, ..Roles::default() }).await
    }

    /// Staff and a superuser, as `createsuperuser` makes one.
    pub(crate) async fn root(&self) -> Person {
        self.person("root", Roles { is_staff: true, is_superuser: true, ..Roles::default() }).await
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("the runtime lives as long as the app")
    }

    /// Every row of every table, as text.
    pub(crate) async fn whole_database(&self) -> String {
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('public', 'views')",
        )
        .fetch_all(&self.db)
        .await
        .expect("the catalogue can be read");
        let mut all = String::new();
        for table in tables {
            let rows: Vec<String> = sqlx::query_scalar(&format!("SELECT row_to_json(t)::text FROM {table} t"))
                .fetch_all(&self.db)
                .await
                .expect("a table can be read");
            all.extend(rows);
        }
        all
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// By the binary's own parser, but without its environment.
fn settings(folder: &TempDir, arguments: &[&str]) -> (Settings, HttpSettings) {
    let command = HttpSettings::augment_args(Settings::augment_args(Command::new("ayushma")));
    let data_dir = folder.path().to_str().expect("temporary folders have plain names");
    // The same for all processes, so that a second one can open the first one's database.
    let master_key = "5".repeat(64);
    // Speech is the matter of few tests, and takes time.
    let silence: &[&str] = if arguments.contains(&"--text-to-speech") { &[] } else { &["--text-to-speech", "none"] };
    let matches = command.mut_args(|argument| argument.env(clap::builder::Resettable::Reset)).get_matches_from(
        [&["ayushma", "--data-dir", data_dir, "--master-key", &master_key], silence, arguments].concat(),
    );
    let settings = Settings::from_arg_matches(&matches).expect("the settings are complete");
    (settings, HttpSettings::from_arg_matches(&matches).expect("the settings are complete"))
}
