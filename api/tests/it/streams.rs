//! The whole path over a real Apache Kafka, with the real binary in several processes: write, event, record, view.
//!
//! The records are read by an independent client (Debian's kcat).

use std::{
    collections::BTreeMap,
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);

/// Processes of one installation: a database, a data folder and a topic prefix of their own.
struct Installation {
    database_url: String,
    data_dir: tempfile::TempDir,
    prefix: String,
    brokers: String,
}

/// A process that is killed when the test ends, however it ends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Installation {
    async fn new(pool: &PgPool) -> Self {
        let name: String =
            sqlx::query_scalar("SELECT current_database()").fetch_one(pool).await.expect("the database answers");
        let server = std::env::var("DATABASE_URL").expect("DATABASE_URL is set for tests");
        let (server, _) = server.rsplit_once('/').expect("DATABASE_URL names a database");
        Self {
            database_url: format!("{server}/{name}"),
            data_dir: tempfile::tempdir().expect("a temporary folder can be made"),
            prefix: format!("test-{}", Uuid::now_v7().simple()),
            brokers: std::env::var("TEST_KAFKA_BROKERS").expect("TEST_KAFKA_BROKERS is set by `make test`"),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ayushma"));
        command
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

    /// Starts a process with these roles; with the API it is waited for. Returns the API's address.
    async fn serve(&self, roles: &str) -> (Process, String) {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let listen = format!("127.0.0.1:{port}");
        let child = self
            .command()
            .args(["serve", "--roles", roles, "--listen", &listen])
            .spawn()
            .expect("the binary can be started");
        let process = Process(child);
        let url = format!("http://{listen}");
        if roles.contains("api") {
            until("the API answers", async || {
                reqwest::Client::new().get(format!("{url}/api/users/me")).send().await.is_ok().then_some(())
            })
            .await;
        }
        (process, url)
    }

    fn make_admin(&self) {
        let mut child = self
            .command()
            .args(["createsuperuser", "--email", "admin@example.com", "--username", "admin", "--password-stdin"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        std::io::Write::write_all(&mut child.stdin.take().expect("stdin is piped"), b"Passw0rd!xyz\n")
            .expect("the command reads its input");
        assert!(child.wait().expect("the command ends").success(), "createsuperuser succeeds");
    }

    /// All records of a topic, read by kcat: key, partition, headers, value.
    fn records(&self, aggregate: &str) -> Vec<Record> {
        let output = Command::new("kcat")
            .args(["-b", &self.brokers, "-C", "-e", "-q", "-t", &format!("{}.{aggregate}.v1", self.prefix)])
            .args(["-f", "%k\\x1f%p\\x1f%h\\x1f%s\\x1e"])
            .output()
            .expect("kcat is installed by `make test`");
        let text = String::from_utf8(output.stdout).expect("records are text");
        text.split_terminator('\x1e').map(Record::parse).collect()
    }
}

struct Record {
    key: String,
    partition: i32,
    headers: BTreeMap<String, String>,
    value: Value,
}

impl Record {
    fn parse(text: &str) -> Self {
        let parts: Vec<&str> = text.split('\x1f').collect();
        let [key, partition, headers, value] = parts[..] else { panic!("a record has four parts: {text}") };
        // kcat joins headers with commas; the metadata, which is JSON and holds some, is not looked at here.
        let headers =
            headers.split(',').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned()));
        Self {
            key: key.to_owned(),
            partition: partition.parse().expect("a partition is a number"),
            headers: headers.collect(),
            value: serde_json::from_str(value).expect("a value is JSON"),
        }
    }

    fn position(&self) -> i64 {
        self.headers["ce_position"].parse().expect("a position is a number")
    }
}

/// Asks again and again until there is an answer; fails the test when patience is over.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "timed out: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Client {
    async fn log_in(url: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
        let body = json!({ "email": "admin@example.com", "password": "Passw0rd!xyz" });
        let answer = http.post(format!("{url}/api/auth/login")).json(&body).send().await.expect("login answers");
        assert_eq!(answer.status(), 200);
        let token = answer.json::<Value>().await.expect("JSON")["token"].as_str().expect("a token").to_owned();
        Self { http, url: url.to_owned(), token }
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}/api/{path}", self.url));
        request.header("Authorization", format!("Token {}", self.token))
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.request(reqwest::Method::GET, path).send().await.expect("the API answers");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    }

    async fn make(&self, path: &str, body: Value) -> Value {
        let answer = self.request(reqwest::Method::POST, path).json(&body).send().await.expect("the API answers");
        assert_eq!(answer.status(), 201, "{path}");
        answer.json().await.expect("JSON")
    }

    async fn make_project(&self, title: &str) -> String {
        let project = self.make("projects", json!({ "title": title, "prompt": "From {reference}" })).await;
        project["external_id"].as_str().expect("an id").to_owned()
    }

    async fn add_text(&self, project: &str, title: &str, text: &str) -> String {
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

fn install_tls() {
    // A second installation in the same process is refused, and not needed.
    drop(rustls::crypto::ring::default_provider().install_default());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_write_becomes_an_event_a_record_and_a_row_and_a_document_is_embedded_through_kafka(pool: PgPool) {
    install_tls();
    let here = Installation::new(&pool).await;
    let (_background, _) = here.serve("relay,projectors,workers").await;
    let (_api, url) = here.serve("api").await;
    here.make_admin();
    let client = Client::log_in(&url).await;

    let project = client.make_project("Emergency care").await;
    let document = client.add_text(&project, "Zinc", "Zinc is given for fourteen days after diarrhoea.").await;
    let path = format!("projects/{project}/documents/{document}");
    until("the document is embedded", async || (client.get(&path).await["uploading"] == false).then_some(())).await;

    // The row, read back by another process than the one that wrote it.
    assert_eq!(client.get(&format!("projects/{project}")).await["title"], "Emergency care");
    // The event.
    let (position, partition, log_id): (i64, i32, Uuid) = sqlx::query_as(
        "SELECT events.position, events.partition, log_head.log_id FROM events, log_head
         WHERE aggregate_type = 'project' AND aggregate_id = $1 AND event_type = 'Created'",
    )
    .bind(&project)
    .fetch_one(&pool)
    .await
    .expect("the write is an event");
    // The record.
    let records = here.records("project");
    let record = records.iter().find(|record| record.position() == position).expect("the event is a record");
    assert_eq!((record.key.as_str(), record.partition), (project.as_str(), partition));
    assert_eq!(record.value["title"], "Emergency care");
    for (header, expected) in [
        ("ce_specversion", "1.0"),
        ("ce_type", "ayushma.project.Created"),
        ("ce_subject", project.as_str()),
        ("ce_source", &format!("/ayushma/log/{log_id}")),
        ("ce_logid", &log_id.to_string()),
        ("ce_eventversion", "1"),
        ("ce_sequence", "1"),
        ("ce_previousposition", "0"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(record.headers.get(header).map(String::as_str), Some(expected), "{header}");
    }
    // Personal text leaves nothing in clear.
    let users = here.records("user");
    assert!(!users.is_empty() && users.iter().all(|record| !record.value.to_string().contains("admin@example.com")));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_relay_that_is_killed_and_started_again_loses_nothing(pool: PgPool) {
    install_tls();
    let here = Installation::new(&pool).await;
    let (_rest, url) = here.serve("api,projectors,workers").await;
    here.make_admin();
    let client = Client::log_in(&url).await;
    let (mut relay, _) = here.serve("relay").await;
    for round in 0..4 {
        let writes = (0..25).map(|number| {
            let (client, title) = (&client, format!("Project {round}-{number}"));
            async move { client.make_project(&title).await }
        });
        let all = futures::future::join_all(writes);
        // kill -9 in the middle of the writes, each time at another point.
        let killing = async {
            tokio::time::sleep(Duration::from_millis(60 * (round + 1))).await;
            relay.0.kill().expect("the relay can be killed");
        };
        futures::join!(all, killing);
        relay = here.serve("relay").await.0;
    }
    let logged: Vec<(i64, String, i32)> = sqlx::query_as(
        "SELECT position, aggregate_id, partition FROM events WHERE aggregate_type = 'project' ORDER BY position",
    )
    .fetch_all(&pool)
    .await
    .expect("the log can be read");
    assert_eq!(logged.len(), 100);
    until("every event is a record", async || {
        let mut seen: BTreeMap<i64, (String, i32)> = BTreeMap::new();
        let mut newest: BTreeMap<i32, i64> = BTreeMap::new();
        for record in here.records("project") {
            // Older ones may repeat; what comes for the first time is in order.
            if seen.insert(record.position(), (record.key.clone(), record.partition)).is_none() {
                let last = newest.insert(record.partition, record.position()).unwrap_or(0);
                assert!(last < record.position(), "first occurrences are in order");
            }
        }
        let expected: BTreeMap<i64, (String, i32)> =
            logged.iter().map(|(position, key, partition)| (*position, (key.clone(), *partition))).collect();
        (seen == expected).then_some(())
    })
    .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn with_the_broker_away_writes_are_accepted_and_read_back_from_the_log(pool: PgPool) {
    install_tls();
    let mut here = Installation::new(&pool).await;
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
    let brokers = std::mem::replace(&mut here.brokers, closed.to_string());
    let (background, _) = here.serve("relay,projectors,workers").await;
    let (api, url) = here.serve("api").await;
    here.make_admin();
    let client = Client::log_in(&url).await;
    let project = client.make_project("Without a broker").await;
    until("the write can be read back", async || {
        let answer = client.request(reqwest::Method::GET, &format!("projects/{project}")).send().await.ok()?;
        (answer.status() == 200).then_some(())
    })
    .await;
    // The broker is there again: what was accepted is published.
    drop((background, api));
    here.brokers = brokers;
    let (_relay, _) = here.serve("relay").await;
    until("the write is a record", async || {
        here.records("project").iter().any(|record| record.key == project).then_some(())
    })
    .await;
}
