//! The real binary in several processes over one database, and a client of its API.

#![expect(
    clippy::disallowed_methods,
    reason = "tests are told by `make test` where the servers are, and make names and clients of their own"
)]

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_mins(1);

/// Processes of one installation: a database, a data folder and a topic prefix of their own.
pub(crate) struct Installation {
    pub(crate) database_url: String,
    pub(crate) data_dir: tempfile::TempDir,
    pub(crate) prefix: String,
    pub(crate) brokers: String,
    /// An OpenAI-compatible server that answers in place of the built-in answerer.
    pub(crate) provider: Option<String>,
}

/// A process that is killed when the test ends, however it ends.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Installation {
    pub(crate) async fn new(pool: &PgPool) -> Self {
        let name: String =
            sqlx::query_scalar("SELECT current_database()").fetch_one(pool).await.expect("the database answers");
        let server = std::env::var("DATABASE_URL").expect("DATABASE_URL is set for tests");
        let (server, _) = server.rsplit_once('/').expect("DATABASE_URL names a database");
        Self {
            database_url: format!("{server}/{name}"),
            data_dir: tempfile::tempdir().expect("a temporary folder can be made"),
            prefix: format!("test-{}", Uuid::now_v7().simple()),
            brokers: std::env::var("TEST_KAFKA_BROKERS").expect("TEST_KAFKA_BROKERS is set by `make test`"),
            provider: None,
        }
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ayushma"));
        command
            .env_clear()
            .env("PATH", env!("PATH"))
            .current_dir(self.data_dir.path())
            .env("DATABASE_URL", &self.database_url)
            .env("DATA_DIR", self.data_dir.path())
            .env("KAFKA_BROKERS", &self.brokers)
            .env("KAFKA_TOPIC_PREFIX", &self.prefix)
            .env("DATABASE_CONNECTIONS", "12")
            .env("LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// Reaches the database through another port.
    pub(crate) fn go_through(&mut self, port: u16) {
        let (server, database) = self.database_url.rsplit_once('/').expect("a URL names a database");
        let (user, _) = server.rsplit_once('@').expect("the URL of the tests names a user");
        self.database_url = format!("{user}@127.0.0.1:{port}/{database}");
    }

    /// Starts a process with these roles. Returns the API's address, if it has one.
    pub(crate) fn spawn(&self, roles: &str) -> (Process, String) {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let listen = format!("127.0.0.1:{port}");
        let mut command = self.command();
        if let Some(provider) = &self.provider {
            command.env("OPENAI_BASE_URL", provider).env("OPENAI_API_KEY", "sk-test");
        }
        let child = command.args(["serve", "--roles", roles, "--listen", &listen]).spawn();
        (Process(child.expect("the binary can be started")), format!("http://{listen}"))
    }

    /// Starts a process and waits until its API answers, if it has one.
    pub(crate) async fn serve(&self, roles: &str) -> (Process, String) {
        let (process, url) = self.spawn(roles);
        if roles.contains("api") {
            until("the API answers", async || {
                reqwest::Client::new().get(format!("{url}/api/users/me")).send().await.is_ok().then_some(())
            })
            .await;
        }
        (process, url)
    }

    /// Asynchronously, because a test's proxy runs in the same thread.
    pub(crate) async fn make_admin(&self) {
        self.make_admin_by(self.command()).await;
    }

    /// By a command with settings of its own.
    pub(crate) async fn make_admin_by(&self, command: Command) {
        let mut child = tokio::process::Command::from(command)
            .args(["createsuperuser", "--email", "admin@example.com", "--username", "admin", "--password-stdin"])
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary can be started");
        let mut input = child.stdin.take().expect("stdin is piped");
        tokio::io::AsyncWriteExt::write_all(&mut input, b"Passw0rd!xyz\n").await.expect("the command reads its input");
        drop(input);
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await.expect("createsuperuser ends in time");
        assert!(ended.expect("the command ends").success(), "createsuperuser succeeds");
    }
}

/// Asks again and again until there is an answer; fails the test when patience is over.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "timed out: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Client {
    pub(crate) async fn log_in(url: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
        let body = json!({ "email": "admin@example.com", "password": "Passw0rd!xyz" });
        let answer = http.post(format!("{url}/api/auth/login")).json(&body).send().await.expect("login answers");
        assert_eq!(answer.status(), 200);
        let token = answer.json::<Value>().await.expect("JSON")["token"].as_str().expect("a token").to_owned();
        Self { http, url: url.to_owned(), token }
    }

    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}/api/{path}", self.url));
        request.header("Authorization", format!("Token {}", self.token))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.request(reqwest::Method::GET, path).send().await.expect("the API answers");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    }

    pub(crate) async fn make(&self, path: &str, body: Value) -> Value {
        let answer = self.request(reqwest::Method::POST, path).json(&body).send().await.expect("the API answers");
        assert_eq!(answer.status(), 201, "{path}");
        answer.json().await.expect("JSON")
    }

    pub(crate) async fn make_project(&self, title: &str) -> String {
        let project = self.make("projects", json!({ "title": title, "prompt": "From {reference}" })).await;
        project["external_id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn start_chat(&self, project: &str) -> String {
        let chat = self.make(&format!("projects/{project}/chats"), json!({ "title": "Questions" })).await;
        chat["external_id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn add_text(&self, project: &str, title: &str, text: &str) -> String {
        let form = reqwest::multipart::Form::new()
            .text("title", title.to_owned())
            .text("document_type", "3")
            .text("text_content", text.to_owned());
        let path = format!("projects/{project}/documents");
        let answer = self.request(reqwest::Method::POST, &path).multipart(form).send().await.expect("the API answers");
        assert_eq!(answer.status(), 201);
        answer.json::<Value>().await.expect("JSON")["external_id"].as_str().expect("an id").to_owned()
    }
}

pub(crate) fn install_tls() {
    // A second installation in the same process is refused, and not needed.
    drop(rustls::crypto::ring::default_provider().install_default());
}
