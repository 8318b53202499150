//! `ayushma stream`.

use super::process::DataFolder;

#[expect(clippy::disallowed_methods, reason = "whoever starts the tests says where the broker is")]
fn kafka() -> [String; 4] {
    let brokers = std::env::var("TEST_KAFKA_BROKERS").expect("TEST_KAFKA_BROKERS names a broker");
    let prefix = format!("test-{}", uuid::Uuid::now_v7().simple());
    ["--kafka-brokers".to_owned(), brokers, "--kafka-topic-prefix".to_owned(), prefix]
}

#[tokio::test]
async fn events_are_published_again_beside_a_running_server_and_without_one() {
    let folder = DataFolder::new();
    let kafka = kafka();
    let kafka: Vec<&str> = kafka.iter().map(String::as_str).collect();
    let stream = async |words: &[&str]| folder.run(&[&["stream"][..], words, &kafka[..]].concat(), "").await;
    let server = folder.serve(&kafka).await;
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let said = stream(&["republish", "--all"]).await.succeeded();
    assert!(said.ends_with("done\n") || said.ends_with("done"), "{said}");
    server.terminate().await;

    let said = stream(&["republish", "--type", "user"]).await.succeeded();
    assert!(said.contains("asked for 1 partition\n") && said.contains("done"), "{said}");
    assert!(stream(&["parked"]).await.succeeded().contains("nothing is parked"));
    let refused = folder.run(&["stream", "retry"], "").await.stderr();
    assert!(refused.contains("KAFKA_BROKERS is not set"), "{refused}");
    let refused = stream(&["republish"]).await.stderr();
    assert!(refused.contains("required arguments were not provided"), "{refused}");
}
