//! `ayushma audit accesses`: who read what of whom.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::{Args, value_parser};
use commands::event_log::KeyRing;
use domain::{envelope::Actor, ids::UserId, values::is_one_line};
use http_api::access_page::access_page;
use projections::accesses::{AccessView, AccessedView, Filter};
use sqlx::PgPool;
use uuid::Uuid;

use crate::terminal::say;

/// Show who opened, or was refused, which chat, rating or history of another person: when, from where, in which role, and why
///
/// Only reads. What people open over HTTP is recorded; what is read with this program is not.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma audit accesses --owner 0e11…                     who saw the data of this person
  ayushma audit accesses --reader user:7f81… --from 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z
  ayushma audit accesses --object 5d2f… --json")]
pub(super) struct Accesses {
    /// Only what this reader opened: user:ID or service:ID
    #[arg(long)]
    reader: Option<Actor>,

    /// Only what was opened of this person
    #[arg(long, value_name = "ID")]
    owner: Option<UserId>,

    /// Only accesses to the thing with this id
    #[arg(long, value_name = "ID")]
    object: Option<Uuid>,

    /// Only accesses of this time or later, such as 2026-12-01T08:30:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<DateTime<Utc>>,

    /// Only accesses before this time
    #[arg(long, value_name = "TIME")]
    until: Option<DateTime<Utc>>,

    /// Only accesses behind this position of the log
    #[arg(long, default_value_t = 0, value_parser = value_parser!(i64).range(0..), value_name = "POSITION")]
    after: i64,

    /// At most so many accesses
    #[arg(long, default_value_t = 100, value_parser = value_parser!(i64).range(1..=10_000))]
    limit: i64,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Accesses {
    pub(super) async fn run(self, keys: KeyRing, pool: &PgPool) -> anyhow::Result<ExitCode> {
        let Self { reader, owner, object, from, until, after, limit, json } = self;
        let filter = Filter { reader, owner, object, from, until };
        let page = access_page((pool, &keys), &filter, after, limit).await?;
        if json {
            say(&serde_json::to_string_pretty(&page)?);
            return Ok(ExitCode::SUCCESS);
        }
        if page.accesses.is_empty() {
            say("no access is on record that is as it was asked for");
        }
        for access in &page.accesses {
            say(&lines_of(access));
        }
        if let Some(position) = page.next_after {
            say(&format!("there are further accesses: --after {position}"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn lines_of(access: &AccessView) -> String {
    let AccessView { position, access_id, recorded_at, reader, roles, what, request, .. } = access;
    let AccessView { is_granted, client_address, reason, .. } = access;
    let roles = if roles.is_empty() { "no role".to_owned() } else { roles.join(", ") };
    let outcome = if *is_granted { "opened" } else { "was refused" };
    let place = client_address.as_ref().map(|address| format!(" from {address}")).unwrap_or_default();
    let reason = reason.as_deref().map_or_else(|| "not given".to_owned(), quoted);
    let head = format!("{position}  {recorded_at}  {reader} ({roles}) {outcome} {what}{place}");
    let objects = access.objects.iter().map(|AccessedView { kind, id, owner }| {
        let owner = owner.map(|owner| format!(" of user:{owner}")).unwrap_or_default();
        format!("    {} {id}{owner}", kind.as_deref().unwrap_or("thing"))
    });
    let why = format!("    {request}, reason: {reason}, access {access_id}");
    std::iter::once(head).chain(objects).chain([why]).collect::<Vec<_>>().join("\n")
}

/// The text as it was written, in any script; only what a terminal would obey is escaped.
fn quoted(reason: &str) -> String {
    let shown = |c: char| {
        let mut sign = [0; 4];
        if is_one_line(c.encode_utf8(&mut sign)) { c.to_string() } else { c.escape_unicode().to_string() }
    };
    format!("\"{}\"", reason.chars().map(shown).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_shown_as_it_was_written_in_any_script() {
        assert_eq!(quoted("പരാതി, ക്ഷയം"), "\"പരാതി, ക്ഷയം\"");
        assert_eq!(quoted("a\u{1b}[31mb\u{202e}c"), "\"a\\u{1b}[31mb\\u{202e}c\"");
    }
}
