//! A change of the master key beside processes that have the old one.

use super::process::{DataFolder, PASSWORD};

#[tokio::test]
async fn the_master_key_is_not_changed_beside_a_server_and_if_it_has_to_be_the_server_ends_with_the_reason() {
    let folder = DataFolder::new();
    let server = folder.serve(&[]).await;
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let rotate = ["keys", "rotate", "--new-master-key-file", "new.key"];
    let refused = folder.run(&rotate, "").await.failed();
    assert!(refused.contains("other processes use this database: stop them"), "{refused}");
    assert!(!folder.path().join("new.key").exists());
    assert!(server.log_in("asha@example.com", PASSWORD).await.is_some());

    folder.run(&[&rotate[..], &["--force"]].concat(), "").await.succeeded();
    let (code, said) = server.ended().await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the master key was changed, and this process has the old one"), "{said}");

    let server = folder.serve(&[]).await;
    assert!(server.log_in("asha@example.com", PASSWORD).await.is_some());
    server.terminate().await;
    folder.run(&rotate, "").await.succeeded();
}
