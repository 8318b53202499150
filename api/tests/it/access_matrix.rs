//! Who gets what at every path and verb, against a table that was written by hand from the contract
//! (`access_matrix/table.txt`), and what those who may read a list find in it.

mod lists;
mod requests;
mod world;

use std::collections::BTreeSet;

use http_api::access_table::TABLE;
use reqwest::Method;
use sqlx::PgPool;

use self::world::World;
use crate::support::Answer;

const EXPECTED: &str = include_str!("access_matrix/table.txt");
const CALLERS: [&str; 14] = [
    "anonymous",
    "owner",
    "other",
    "reviewer",
    "staff",
    "colleague",
    "superuser",
    "root",
    "auditor",
    "key",
    "other-key",
    "temp-token",
    "elsewhere",
    "inactive",
];
/// Those who are logged in.
const PEOPLE: [&str; 8] = ["owner", "other", "reviewer", "staff", "colleague", "superuser", "root", "auditor"];

/// A line of the table.
struct Row {
    method: Method,
    path: &'static str,
    /// In the order of the callers.
    statuses: Vec<u16>,
}

impl Row {
    fn parse(line: &'static str) -> Self {
        let mut words = line.split_whitespace();
        let method = words.next().and_then(|word| word.parse().ok()).expect("a line begins with a method");
        let path = words.next().expect("a path follows");
        let statuses: Vec<u16> = words.map(|word| word.parse().expect("a cell is a status")).collect();
        assert_eq!(statuses.len(), CALLERS.len(), "{line}");
        Self { method, path, statuses }
    }

    /// As the router knows it.
    fn pattern(&self) -> &'static str {
        self.path.split('?').next().unwrap_or(self.path)
    }
}

fn rows() -> Vec<Row> {
    let mut lines = EXPECTED.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let head: Vec<&str> = lines.next().expect("the table has a head").split_whitespace().collect();
    assert_eq!(head, CALLERS);
    lines.map(Row::parse).collect()
}

/// Whoever adds an endpoint decides here who may use it.
#[test]
fn the_matrix_has_every_path_and_verb_that_is_served_and_others_are_not_allowed_to_anybody() {
    let served: BTreeSet<(&str, String)> = TABLE
        .iter()
        .flat_map(|access| access.verbs.iter().map(|(verb, ..)| (access.path, verb.method().to_string())))
        .collect();
    let rows = rows();
    let (not_served, decided): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.statuses.contains(&405));
    let names = |rows: &[&Row]| -> BTreeSet<(&str, String)> {
        rows.iter().map(|row| (row.pattern(), row.method.to_string())).collect()
    };
    assert_eq!(names(&decided), served);
    assert!(names(&not_served).is_disjoint(&served));
    let lines: BTreeSet<(&str, &str)> = rows.iter().map(|row| (row.method.as_str(), row.path)).collect();
    assert_eq!(lines.len(), rows.len(), "no line is there twice");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn everybody_gets_what_the_matrix_says_and_what_is_refused_changes_nothing(db: PgPool) {
    let mut world = Box::pin(World::start(&db)).await;
    let mut deviations = vec![];
    for row in rows() {
        for (caller, expected) in CALLERS.into_iter().zip(&row.statuses) {
            world.prepare(&row.method, row.path).await;
            let deeds = world.deeds().await;
            let answer = world.send(caller, &row.method, row.path).await;
            let mut note = |what: String| {
                deviations.push(format!("{:6} {} as {caller}: {what}", row.method.as_str(), row.path));
            };
            if answer.status != *expected {
                note(format!("expected {expected}, got {} {}", answer.status, answer.body));
            } else if let Some(fault) = fault_of(caller, &answer) {
                note(fault);
            }
            if answer.status >= 400 && world.deeds().await != deeds {
                note(format!("{}, but something was done", answer.status));
            }
            if row.method == Method::GET {
                let head = world.send(caller, &Method::HEAD, row.path).await;
                if head.status != *expected || !head.body.is_empty() {
                    note(format!("expected {expected} of HEAD, got {}", head.status));
                }
            }
            world.renew_what_was_used_up(caller, &row.method, row.path, answer.status).await;
        }
    }
    assert!(deviations.is_empty(), "{} deviations:\n{}", deviations.len(), deviations.join("\n"));
}

/// Every refusal is said in the contract's words.
fn fault_of(caller: &str, answer: &Answer) -> Option<String> {
    let detail = serde_json::from_str::<serde_json::Value>(&answer.body).ok();
    let detail = detail.as_ref().and_then(|body| body["detail"].as_str()).unwrap_or_default();
    let is_right = match answer.status {
        401 => {
            let words = if caller == "inactive" {
                &["User inactive or deleted."][..]
            } else {
                &["Authentication credentials were not provided.", "Invalid token."][..]
            };
            words.contains(&detail) && answer.header("www-authenticate") == "Token"
        }
        403 => detail == "You do not have permission to perform this action.",
        404 => detail == "Not found.",
        405 => detail.ends_with(" not allowed.") && !answer.header("allow").is_empty(),
        _ => true,
    };
    (!is_right).then(|| format!("{} in other words: {} {:?}", answer.status, answer.body, answer.headers))
}
