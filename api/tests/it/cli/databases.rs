//! Databases of the tests' server, as the real binary and PostgreSQL's own programs use them.

use std::{fs, path::Path};

use sqlx::PgPool;
use tokio::process::Command;

use super::process::DataFolder;

/// Has everything from now on use this database.
pub(super) fn use_database(folder: &DataFolder, url: &str) {
    let settings = format!("DATABASE_URL={url}\nSIGNED_HEADS_SECONDS=1\n");
    fs::write(folder.path().join(".env"), settings).expect("it is ours");
}

/// The name of a test's database, and its address.
pub(super) async fn name_and_url(db: &PgPool) -> (String, String) {
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(db).await.expect("it answers");
    #[expect(clippy::disallowed_methods, reason = "tests are told by `make test` where the servers are")]
    let given = std::env::var("DATABASE_URL").expect("DATABASE_URL is set for tests");
    let (server_url, _) = given.rsplit_once('/').expect("it names a database");
    let url = format!("{server_url}/{name}");
    (name, url)
}

/// Runs one of PostgreSQL's own programs, the newest of this machine.
pub(super) async fn postgres(program: &str, arguments: &[&str]) {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let places = versions.map(|version| version.path().join("bin").join(program)).filter(|path| path.exists());
    let path = places.max().unwrap_or_else(|| Path::new(program).to_owned());
    let ended = Command::new(path).args(arguments).output().await.expect("it starts");
    assert!(ended.status.success(), "{program}: {}", String::from_utf8_lossy(&ended.stderr));
}
