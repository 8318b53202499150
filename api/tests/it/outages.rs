//! What users see while PostgreSQL is away or a process dies, with the real binary behind a proxy that fails on demand.

#![expect(clippy::disallowed_methods, reason = "a test waits for its own tasks")]

use serde_json::json;
use sqlx::PgPool;
use tokio::net::TcpListener;

use crate::{
    installation::{Client, Installation, install_tls, until},
    proxy::Proxy,
};

/// An installation that reaches its database through a proxy only, and has no Kafka.
async fn behind_a_proxy(pool: &PgPool) -> (Installation, Proxy) {
    install_tls();
    let proxy = Proxy::start(&pool.connect_options()).await;
    let mut here = Installation::new(pool).await;
    here.go_through(proxy.options.get_port());
    here.brokers = String::new();
    (here, proxy)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn while_postgresql_is_away_requests_get_a_503_and_nothing_acknowledged_is_lost(pool: PgPool) {
    let (here, proxy) = behind_a_proxy(&pool).await;
    let (_server, url) = here.serve("api,projectors,workers").await;
    here.make_admin().await;
    let client = Client::log_in(&url).await;
    let before = client.make_project("Before").await;

    proxy.go_down();
    for (method, path) in [(reqwest::Method::POST, "projects"), (reqwest::Method::GET, "users/me")] {
        let request = client.request(method, path).json(&json!({ "title": "During", "prompt": "From {reference}" }));
        let answer = request.send().await.expect("the API answers");
        assert_eq!(answer.status(), 503, "{path}");
        assert!(answer.headers().contains_key("retry-after"), "{path}");
    }

    proxy.come_back();
    let after = until("writes are accepted again", async || {
        let request = client.request(reqwest::Method::POST, "projects");
        let answer = request.json(&json!({ "title": "After", "prompt": "From {reference}" })).send().await.ok()?;
        let body: serde_json::Value = answer.json().await.ok()?;
        body["external_id"].as_str().map(str::to_owned)
    })
    .await;
    let list = until("the views are there again", async || {
        let list = client.get("projects?ordering=created_at").await;
        (list["count"].as_i64() >= Some(2)).then_some(list)
    })
    .await;
    let ids: Vec<&str> =
        list["results"].as_array().expect("a list").iter().filter_map(|p| p["external_id"].as_str()).collect();
    assert!(ids.contains(&before.as_str()) && ids.contains(&after.as_str()));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_server_that_starts_before_its_database_waits_for_it(pool: PgPool) {
    let (here, proxy) = behind_a_proxy(&pool).await;
    proxy.go_down();
    let (mut server, url) = here.spawn("api,projectors");
    until("it has tried again", async || (proxy.refused() >= 2).then_some(())).await;
    assert!(server.0.try_wait().expect("the process can be asked").is_none(), "the server waits");
    proxy.come_back();
    until("the API answers", async || reqwest::get(format!("{url}/api/users/me")).await.is_ok().then_some(())).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_whose_process_is_killed_ends_in_a_notice_and_not_in_silence(pool: PgPool) {
    install_tls();
    let mut here = Installation::new(&pool).await;
    here.brokers = String::new();
    let (_others, _) = here.serve("projectors,workers").await;
    here.make_admin().await;
    // A provider that takes the request and never answers.
    let provider = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    here.provider = Some(format!("http://{}/v1", provider.local_addr().expect("it is bound")));
    let (api, url) = here.serve("api").await;
    let client = Client::log_in(&url).await;
    let project = client.make_project("Slow").await;
    let chat = client.start_chat(&project).await;
    let asking = tokio::spawn({
        let form = reqwest::multipart::Form::new().text("text", "Zinc?");
        let path = format!("projects/{project}/chats/{chat}/converse");
        client.request(reqwest::Method::POST, &path).multipart(form).send()
    });
    drop(provider.accept().await.expect("the provider is asked"));
    drop(api);
    drop(asking.await);

    // Instead of waiting for the end of the dead process's lease.
    sqlx::query("UPDATE jobs SET lease_until = now() WHERE kind = 'answer'")
        .execute(&pool)
        .await
        .expect("the lease ends");
    let (_api, url) = here.serve("api").await;
    let client = Client { url, ..client };
    let messages = until("the conversation says so", async || {
        let chat = client.get(&format!("projects/{project}/chats/{chat}")).await;
        let messages = chat["chats"].as_array().expect("messages").clone();
        (messages.len() == 2).then_some(messages)
    })
    .await;
    assert_eq!((&messages[0]["messageType"], &messages[1]["messageType"]), (&json!(1), &json!(2)));
}
