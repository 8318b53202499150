//! Marked secrets and marked personal texts are planted through every endpoint that takes them. Then everything that is
//! kept or said is searched: secrets are nowhere; personal text is in the views only, and after erasure nowhere.

mod people;
mod search;

use std::{fs::File, net::TcpListener};

use reqwest::{Client as HttpClient, Method, header};
use serde_json::json;
use sqlx::PgPool;

use self::{
    people::{Planted, plant},
    search::{Mark, files, found_in, records, rows},
};
use crate::{
    installation::{Client, Installation, Process, install_tls, until},
    support::{Google, Person, Provider, deltas},
};

/// In every secret that is chosen here.
const SECRET: &str = "narwhalvault";
/// In every personal text.
const PERSONAL: &str = "quokkaplume";
/// Whence people come.
const ADDRESS: &str = "203.0.113.77";
const MASTER_KEY: &str = "5a17c0ffee5a17c0ffee5a17c0ffee5a17c0ffee5a17c0ffee5a17c0ffee5a17";

struct World {
    db: PgPool,
    here: Installation,
    _server: Process,
    admin: Person,
    nobody: Person,
    _provider: Provider,
    _google: Google,
}

impl World {
    async fn start(db: &PgPool) -> Self {
        install_tls();
        let here = Installation::new(db).await;
        let answer = deltas(&[&format!("The {PERSONAL} eats seeds."), "\n\nReferences: []"]);
        let provider = Provider::answering(answer).await.filling_in(r#"{"temperature":39}"#).await;
        // The question of the test suite. What tests say is nobody's.
        let tested = deltas(&["Zinc for fourteen days.", "\n\nReferences: []"]);
        let provider = provider.answering_to("Zinc?", tested).await;
        let provider = provider.hearing(&format!("The {PERSONAL} whispers")).await;
        let google = Google::hearing(&format!("What does the {PERSONAL} say?")).await;
        let socket = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
        let mut command = here.command();
        let log = File::create(here.data_dir.path().join("server.log")).expect("it can be made");
        command.args(["serve", "--listen", &socket.to_string()]).args(google.arguments());
        command.env("MASTER_KEY", MASTER_KEY).env("TRUSTED_PROXIES", "127.0.0.0/8").env("LOG", "debug");
        command.env("OPENAI_BASE_URL", provider.url()).env("OPENAI_API_KEY", format!("sk-{SECRET}-server"));
        command.stdout(log.try_clone().expect("it can be shared")).stderr(log);
        let server = Process(command.spawn().expect("the binary can be started"));
        let url = format!("http://{socket}");
        let probe = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
        until("the API answers", async || probe.get(format!("{url}/api/users/me")).send().await.is_ok().then_some(()))
            .await;
        let mut headers = header::HeaderMap::new();
        headers.insert("x-forwarded-for", header::HeaderValue::from_static(ADDRESS));
        headers.insert(header::USER_AGENT, format!("{PERSONAL}/1.0").parse().expect("a header"));
        let http = HttpClient::builder().no_proxy().default_headers(headers).build().expect("a client can be built");
        let nobody = Person::nobody(http, url.clone());
        let mut command = here.command();
        command.env("MASTER_KEY", MASTER_KEY);
        here.make_admin_by(command).await;
        let admin = nobody.with_token(&Client::log_in(&url).await.token);
        Self { db: db.clone(), here, _server: server, admin, nobody, _provider: provider, _google: google }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.here.data_dir.path().join("server.log")).expect("a log")
    }

    /// Waits until all events are records.
    async fn published(&self) {
        until("all is published", async || {
            let statement = "SELECT relay_mark.position = log_head.position FROM relay_mark, log_head";
            let is_published: bool = sqlx::query_scalar(statement).fetch_one(&self.db).await.expect("readable");
            is_published.then_some(())
        })
        .await;
    }

    /// By which a feedback on a result is addressed.
    async fn feedback_number(&self, feedback: &str) -> i64 {
        let number = sqlx::query_scalar("SELECT position FROM events WHERE aggregate_id = $1 AND event_type = 'Given'");
        number.bind(feedback).fetch_one(&self.db).await.expect("the feedback was given once")
    }

    /// Where the marks are: in the database (but for the tables that begin so), the topics and the log.
    async fn leaks(&self, marks: &[Mark], allowed: &str) -> Vec<String> {
        let rows = rows(&self.db).await;
        let rows = rows.iter().filter(|(table, _)| allowed.is_empty() || !table.starts_with(allowed));
        let records = records(&self.here);
        let log = self.log();
        let lines = log.lines().map(|line| ("log", line));
        let texts = rows.chain(&records).map(|(place, text)| (place.as_str(), text.as_str()));
        found_in(marks, texts.chain(lines))
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn secrets_are_nowhere_and_personal_text_is_in_the_views_until_the_persons_are_erased(db: PgPool) {
    let world = World::start(&db).await;
    let Planted { secrets, usernames, key_chats } = plant(&world).await;
    world.published().await;

    let mut planted: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT aggregate_type || '.' || event_type FROM events")
            .fetch_all(&db)
            .await
            .expect("readable");
    planted.sort();
    for event in [
        "user.Registered",
        "user.FullNameChanged",
        "user.EmailChanged",
        "chat.Started",
        "chat.Retitled",
        "chat.StartedWithKey",
        "chat.PromptChanged",
        "chat.QuestionAsked",
        "chat.AnswerCompleted",
        "chat.AnswerSpoken",
        "chat.FeedbackGiven",
        "feedback.Given",
        "feedback.NotesChanged",
    ] {
        assert!(planted.iter().any(|known| known == event), "{event} was not planted: {planted:?}");
    }
    let published = records(&world.here);
    for kind in [".user.", ".chat.", ".feedback."] {
        assert!(published.iter().any(|(topic, text)| topic.contains(kind) && !text.is_empty()), "{kind} is empty");
    }
    assert!(world.log().contains("DEBUG"), "the log says all it can");

    let secrets: Vec<Mark> =
        [SECRET, MASTER_KEY].into_iter().chain(secrets.iter().map(String::as_str)).map(Mark::new).collect();
    let leaks = world.leaks(&secrets, "").await;
    assert!(leaks.is_empty(), "{} secrets:\n{}", leaks.len(), leaks.join("\n"));
    let personal = [Mark::new(PERSONAL), Mark::new(ADDRESS)];
    let leaks = world.leaks(&personal, "views.").await;
    assert!(leaks.is_empty(), "{} personal texts:\n{}", leaks.len(), leaks.join("\n"));
    let shown = rows(&db).await;
    let shown = found_in(&personal, shown.iter().map(|(table, row)| (table.as_str(), row.as_str())));
    for view in ["views.users", "views.chats", "views.messages", "views.chat_feedback"] {
        assert!(shown.iter().any(|place| place.starts_with(view)), "{view} shows what was planted: {shown:?}");
    }
    let spoken = |world: &World| {
        let names = files(&world.here.data_dir.path().join("media"));
        names.iter().filter(|name| name.rsplit('.').next() == Some("mp3")).count()
    };
    assert!(spoken(&world) > 0, "some answers were spoken");

    for name in usernames {
        world.admin.post(&format!("/users/{name}/erase"), json!({})).await.is(204, "");
        world.admin.get(&format!("/users/{name}")).await.json(404);
    }
    for chat in key_chats {
        let mut erase = world.here.command();
        erase.env("MASTER_KEY", MASTER_KEY).args(["chat", "erase", "--yes", "--id", &chat]);
        assert!(erase.status().expect("the binary can be started").success());
    }
    world.published().await;
    until("the files are removed", async || (spoken(&world) == 0).then_some(())).await;
    // Consumers and jobs are done when nothing is left to be seen.
    until("nothing is left", async || {
        let leaks = world.leaks(&personal, "").await;
        leaks.is_empty().then_some(())
    })
    .await;
    let leaks = world.leaks(&secrets, "").await;
    assert!(leaks.is_empty(), "{} secrets:\n{}", leaks.len(), leaks.join("\n"));
    let found = world.admin.send(world.admin.request(Method::GET, &format!("/users?search={PERSONAL}"))).await;
    assert_eq!(found.json(200)["count"], 0);
}
