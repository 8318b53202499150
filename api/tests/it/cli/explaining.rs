//! `ayushma audit explain`: what it prints, and which rights it takes.

use sqlx::{Executor as _, PgPool};

use super::{
    databases::{name_and_url, use_database},
    process::DataFolder,
};

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_auditor_who_may_make_temporary_tables_sees_the_steps_of_a_row_and_another_one_why_not(db: PgPool) {
    let (name, url) = name_and_url(&db).await;
    let folder = DataFolder::new();
    use_database(&folder, &url);
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    // The views are what the events say as soon as the server has projected them.
    folder.run(&["rebuild", "users"], "").await.succeeded();
    let user: String =
        sqlx::query_scalar("SELECT id::text FROM views.users").fetch_one(&db).await.expect("there is one");
    let role = format!("auditor_{}", &name[name.len() - 32..]);
    for statement in [
        format!("CREATE ROLE \"{role}\" LOGIN PASSWORD 'lantern'"),
        format!("ALTER ROLE \"{role}\" SET default_transaction_read_only = on"),
        format!("REVOKE TEMPORARY ON DATABASE \"{name}\" FROM PUBLIC"),
        format!("GRANT SELECT ON events, log_head, subject_keys TO \"{role}\""),
    ] {
        db.execute(statement.as_str()).await.expect("a superuser may");
    }
    let (_, server) = url.split_once('@').expect("it names a user");
    use_database(&folder, &format!("postgres://{role}:lantern@{server}"));

    let explain = ["audit", "explain", "users", user.as_str()];
    let refused = folder.run(&explain, "").await.failed();
    assert!(refused.contains("TEMPORARY on the database") && refused.contains("permission denied"), "{refused}");
    for statement in [
        format!("GRANT TEMPORARY ON DATABASE \"{name}\" TO \"{role}\""),
        format!("GRANT USAGE ON SCHEMA views TO \"{role}\""),
        format!("GRANT SELECT ON ALL TABLES IN SCHEMA views TO \"{role}\""),
    ] {
        db.execute(statement.as_str()).await.expect("a superuser may");
    }
    let said = folder.run(&explain, "").await.succeeded();
    assert!(said.contains("Registered of user") && said.contains("    username: \"asha\""), "{said}");
    assert!(said.contains("users has this row"), "{said}");
    let listed = folder.run(&["audit", "views"], "").await.succeeded();
    assert!(listed.contains("document_versions  document_id:version"), "{listed}");
    let malformed = folder.run(&["audit", "explain", "document_versions", &user], "").await.failed();
    assert!(malformed.contains("a row of document_versions is named by document_id:version"), "{malformed}");
    let role = format!("DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\"");
    db.execute(role.as_str()).await.expect("nobody needs it");
}
