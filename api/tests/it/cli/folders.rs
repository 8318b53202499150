//! What is kept outside of the database: folders that are made, and who may look into them.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::Path,
};

use reqwest::multipart::{Form, Part};
use serde_json::json;
use sqlx::PgPool;

use super::process::{DataFolder, PASSWORD};
use crate::installation::until;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// All files and folders in a folder that others have any right to.
fn open_to_others(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("we are its owner or root").flatten() {
        let (path, kind) = (entry.path(), entry.file_type().expect("it is there"));
        if mode(&path) & 0o077 != 0 && !kind.is_symlink() && !kind.is_socket() {
            found.push(format!("{} {:o}", path.display(), mode(&path)));
        }
        if kind.is_dir() {
            open_to_others(&path, found);
        }
    }
}

#[tokio::test]
async fn no_other_user_of_the_machine_can_read_uploads_mails_keys_or_heads() {
    let folder = DataFolder::new();
    // As an older version has left them.
    for inside in ["media", "mail"] {
        fs::create_dir(folder.path().join(inside)).expect("it is ours");
        fs::set_permissions(folder.path().join(inside), Permissions::from_mode(0o755)).expect("it is ours");
    }
    fs::write(folder.path().join("erasures.log"), "").expect("it is ours");
    fs::set_permissions(folder.path().join("erasures.log"), Permissions::from_mode(0o644)).expect("it is ours");

    let server = folder.serve(&["--signed-heads-seconds", "1"]).await;
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let token = server.log_in("asha@example.com", PASSWORD).await.expect("the account is there");
    let project = server.make("/api/projects", &token, json!({ "title": "Ward", "prompt": "From {reference}" })).await;
    let file = Part::text("# Zinc\n\nFor fourteen days.\n").file_name("zinc.md");
    let form = Form::new().text("title", "Zinc").text("document_type", "1").part("file", file);
    server.post(&format!("/api/projects/{project}/documents"), &token, form).await;
    server.post("/api/auth/forgot", &token, Form::new().text("email", "asha@example.com")).await;
    let has_file = |inside: &str| {
        let mut files = fs::read_dir(folder.path().join(inside)).into_iter().flatten().flatten();
        files.any(|file| file.path().extension().is_none_or(|extension| extension != "part"))
    };
    until("all of them are there", async || {
        ["media", "mail", "heads"].iter().all(|inside| has_file(inside)).then_some(())
    })
    .await;

    let mut found = Vec::new();
    open_to_others(folder.path(), &mut found);
    assert!(found.is_empty(), "{found:#?}");
    // Root's has the database in it, whose user may go through, and do nothing else.
    assert!(matches!(mode(folder.path()), 0o700 | 0o710), "{:o}", mode(folder.path()));
    server.terminate().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn folders_that_do_not_exist_are_made_also_with_a_database_of_ones_own(db: PgPool) {
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&db).await.expect("it answers");
    #[expect(clippy::disallowed_methods, reason = "tests are told by `make test` where the servers are")]
    let given = std::env::var("DATABASE_URL").expect("DATABASE_URL is set for tests");
    let (server_url, _) = given.rsplit_once('/').expect("it names a database");
    let url = format!("{server_url}/{name}");
    let folder = DataFolder::new();
    let at = |path: &str| folder.path().join(path).to_str().expect("it is text").to_owned();
    let (data, key, erasures, heads) = (at("not/there"), at("a/b/key"), at("c/d/erasures.log"), at("e/f/heads"));
    let mut settings = vec!["--database-url", &url, "--data-dir", &data, "--master-key-file", &key];
    settings.extend(["--erasures-file", &erasures, "--signed-heads-dir", &heads]);
    // The last superuser cannot be erased.
    for name in ["asha", "bela"] {
        let email = format!("{name}@example.com");
        let superuser = ["createsuperuser", "--email", &email, "--username", name, "--password-stdin"];
        folder.run(&[&superuser[..], &settings].concat(), &format!("{PASSWORD}\n")).await.succeeded();
    }
    let erase = ["user", "erase", "--email", "asha@example.com", "--yes"];
    folder.run(&[&erase[..], &settings].concat(), "").await.succeeded();

    assert!(Path::new(&data).join("media").is_dir());
    for made in [&key, &erasures] {
        assert_eq!(mode(Path::new(made)), 0o600, "{made}");
    }
    assert!(Path::new(&heads).is_dir());
}

#[tokio::test]
async fn a_data_folder_that_is_a_file_is_said_to_be_no_folder() {
    let folder = DataFolder::new();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("it is ours");
    let file = file.to_str().expect("it is text");
    for path in ["/dev/null", file] {
        let refused = folder.run(&["migrate", "--data-dir", path], "").await.failed();
        assert!(refused.contains(path) && refused.contains("it is not a folder"), "{refused}");
    }
}
