//! Whether the system can serve, as those see it who watch it: over HTTP and on the command line, with the real binary.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    installation::{Client, Installation, install_tls, until},
    proxy::Proxy,
    support::{Person, TestApp},
};

const BOUND: Duration = Duration::from_secs(10);

impl Installation {
    async fn without_kafka(pool: &PgPool) -> Self {
        install_tls();
        let mut here = Self::new(pool).await;
        here.brokers = String::new();
        here
    }

    /// Whether it ended well, and what it printed.
    async fn run(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = tokio::process::Command::from(self.command());
        let output = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).output().await;
        let output = output.expect("the binary can be started");
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        (output.status.success(), said.concat())
    }
}

/// Without credentials.
async fn health(url: &str, path: &str) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
    let answer = http.get(format!("{url}/health/{path}")).send().await.expect("the API answers");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

async fn until_ready(url: &str, status: u16, says: &str) -> Value {
    until(says, async || {
        let (found, body) = health(url, "ready").await;
        (found == status && body["status"] == says).then_some(body)
    })
    .await
}

async fn sql(pool: &PgPool, statement: &'static str) {
    sqlx::raw_sql(statement).execute(pool).await.expect("the statement is valid");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_event_that_cannot_be_applied_degrades_the_health_until_it_is_mended(pool: PgPool) {
    let here = Installation::without_kafka(&pool).await;
    let (_server, url) = here.serve("api,projectors,workers").await;
    here.make_admin().await;
    let client = Client::log_in(&url).await;
    let project = client.make_project("Ward").await;
    assert_eq!(health(&url, "live").await, (200, json!({ "status": "ok" })));
    let ready = until_ready(&url, 200, "ok").await;
    assert_eq!(ready["problems"], json!([]));
    assert_eq!(here.run(&["parked", "list"]).await, (true, "nothing is parked, and nothing was dropped\n".to_owned()));

    sql(&pool, "ALTER TABLE views.chats ADD CONSTRAINT wholesome CHECK (title <> 'Poison')").await;
    let chats = format!("projects/{project}/chats");
    let titles = ["Before", "Poison", "After"];
    let made = futures::future::join_all(titles.map(|title| {
        let request = client.request(Method::POST, &chats).json(&json!({ "title": title }));
        async { request.send().await.expect("the API answers").status().as_u16() }
    }))
    .await;
    assert_eq!((made[0], made[2]), (201, 201), "the others go on");
    let ready = until_ready(&url, 200, "degraded").await;
    assert_eq!(ready["problems"], json!(["chats: 1 event parked: see `ayushma parked list`"]));
    let (ended_well, status) = here.run(&["status"]).await;
    assert!(!ended_well && status.contains("1 event parked"), "{status}");
    let (_, listed) = here.run(&["parked", "list", "--consumer", "chats"]).await;
    assert!(listed.contains("Started") && listed.contains("constraint wholesome"), "{listed}");
    assert!(!listed.contains("Poison"), "{listed}");
    let (ended_well, retried) = here.run(&["parked", "retry"]).await;
    assert!(!ended_well && retried.contains("still waiting: 1 aggregate;"), "{retried}");

    sql(&pool, "ALTER TABLE views.chats DROP CONSTRAINT wholesome").await;
    let (ended_well, retried) = here.run(&["parked", "retry", "--consumer", "chats"]).await;
    assert!(ended_well && retried.contains("applied 1 event\n"), "{retried}");
    until_ready(&url, 200, "ok").await;
    assert_eq!(client.get(&chats).await["count"], 3);
    let (ended_well, status) = here.run(&["status", "--json"]).await;
    assert!(ended_well, "{status}");
    let status: Value = serde_json::from_str(&status).expect("JSON");
    let chats = status["parts"].as_array().expect("a list").iter().find(|part| part["name"] == "chats");
    let chats = chats.expect("it is a part");
    assert!(chats["applied"].as_i64() >= Some(3), "{chats}");
    assert_eq!(chats["applied"], chats["expected"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn strangers_learn_whether_it_is_well_and_not_what_is_wrong(db: PgPool) {
    let app = TestApp::start_with(&db, &["--trusted-proxies", "127.0.0.1"]).await;
    let (staff, nurse) = (app.staff().await, app.nurse().await);
    // As a proxy on the same machine passes a request on.
    let asked = async |person: &Person, header: &str, from: &str| {
        let request = person.request_outside_api(Method::GET, "/health/ready").header(header, from);
        let answer = person.send(request).await;
        assert!(matches!(answer.status, 200 | 503), "{}", answer.body);
        serde_json::from_str::<Value>(&answer.body).expect("JSON")
    };
    for header in ["x-forwarded-for", "x-real-ip", "forwarded", "via"] {
        for stranger in [&app.nobody, &nurse] {
            let body = asked(stranger, header, "127.0.0.1").await;
            let keys: Vec<&String> = body.as_object().expect("an object").keys().collect();
            assert_eq!(keys, ["status"], "{header}: {body}");
        }
    }
    let local = asked(&app.nobody, "accept", "application/json").await;
    for body in [asked(&staff, "x-forwarded-for", "198.51.100.7").await, local] {
        assert!(body["parts"].as_array().is_some_and(|parts| !parts.is_empty()), "{body}");
        assert!(body["problems"].is_array() && body["limits"]["long_text"].is_u64(), "{body}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_dropped_event_leaves_the_projection_incomplete(pool: PgPool) {
    let here = Installation::without_kafka(&pool).await;
    let (_server, url) = here.serve("api,projectors,workers").await;
    here.make_admin().await;
    sql(&pool, "ALTER TABLE views.projects ADD CONSTRAINT wholesome CHECK (title <> 'Poison')").await;
    let client = Client::log_in(&url).await;
    let body = json!({ "title": "Poison", "prompt": "From {reference}" });
    client.request(Method::POST, "projects").json(&body).send().await.expect("the API answers");
    until_ready(&url, 200, "degraded").await;
    let position: i64 =
        sqlx::query_scalar("SELECT position FROM parked_events").fetch_one(&pool).await.expect("one is parked");
    let position = position.to_string();
    let (ended_well, said) = here.run(&["parked", "drop", "--consumer", "projects", "--position", "1"]).await;
    assert!(!ended_well && said.contains("nothing parked at position 1"), "{said}");
    assert!(here.run(&["parked", "drop", "--consumer", "projects", "--position", &position]).await.0);
    let (ended_well, status) = here.run(&["status"]).await;
    assert!(!ended_well && status.contains("incomplete: 1 event dropped"), "{status}");
    assert!(here.run(&["parked", "list"]).await.1.contains("dropped at"));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn killed_projectors_are_reported_by_the_others_although_nothing_moves(pool: PgPool) {
    let here = Installation::without_kafka(&pool).await;
    let (projectors, _) = here.serve("projectors").await;
    let (_server, url) = here.serve("api,workers").await;
    until_ready(&url, 200, "ok").await;
    // Killed, not asked to end.
    drop(projectors);
    let since = Instant::now();
    let ready = until_ready(&url, 503, "failing").await;
    assert!(since.elapsed() <= BOUND, "reported after {:?}", since.elapsed());
    assert!(ready["problems"][0].as_str().is_some_and(|it| it.contains("no sign of life")), "{ready}");
    assert_eq!(health(&url, "live").await.0, 200);
    let (ended_well, status) = here.run(&["status"]).await;
    assert!(!ended_well && status.starts_with("failing"), "{status}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn without_its_database_a_process_lives_but_is_not_ready(pool: PgPool) {
    let mut here = Installation::without_kafka(&pool).await;
    let proxy = Proxy::start(&pool.connect_options()).await;
    here.go_through(proxy.options.get_port());
    let (_server, url) = here.serve("api,projectors,workers").await;
    until_ready(&url, 200, "ok").await;
    proxy.go_down();
    let ready = until_ready(&url, 503, "failing").await;
    assert!(ready["problems"].to_string().contains("the event log cannot be written"), "{ready}");
    assert_eq!(health(&url, "live").await.0, 200);
    proxy.come_back();
    until_ready(&url, 200, "ok").await;
}
