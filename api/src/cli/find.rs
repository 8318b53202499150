//! `ayushma audit find`: from the name of a person, or from a project, to the ids that all other commands need.

use std::process::ExitCode;

use anyhow::ensure;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, value_parser};
use domain::ids::{ProjectId, UserId};
use projections::{
    Views,
    findings::{self, FoundChat, FoundPerson},
    listing::{Page, search_words},
};
use serde::Serialize;
use sqlx::PgPool;

use crate::terminal::say;

/// Find the ids of people by their names, and of chats by their owner or project
///
/// Only reads. People who were erased or deleted are not found by a name any more; their chats are found by the id.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ayushma audit find meera                                 people, by full name, login name or e-mail address
  ayushma audit find --owner 0e11…                         chats of this person
  ayushma audit find --project 5d2f… --owner 0e11… --json")]
pub(super) struct Find {
    /// Words that the full name, the login name and the e-mail address together contain, all of them
    #[arg(conflicts_with_all = ["owner", "project"], required_unless_present_any = ["owner", "project"])]
    words: Vec<String>,

    /// Chats of this person
    #[arg(long, value_name = "ID")]
    owner: Option<UserId>,

    /// Chats in this project
    #[arg(long, value_name = "ID")]
    project: Option<ProjectId>,

    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = value_parser!(i64).range(1..=10_000))]
    limit: i64,

    /// How many to leave out
    #[arg(long, default_value_t = 0, value_parser = value_parser!(i64).range(0..))]
    offset: i64,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Find {
    pub(super) async fn run(self, pool: &PgPool) -> anyhow::Result<ExitCode> {
        let Self { words, owner, project, limit, offset, json } = self;
        let views = Views::beside(pool);
        if owner.is_some() || project.is_some() {
            tell(&findings::chats(&views, owner, project, limit, offset).await?, json, line_of_chat)
        } else {
            let words = search_words(&words.join(" "));
            ensure!(!words.is_empty(), "there is no word to search for");
            tell(&findings::people(&views, &words, limit, offset).await?, json, line_of_person)
        }
    }
}

fn tell<T: Serialize>(page: &Page<T>, json: bool, line: impl Fn(&T) -> String) -> anyhow::Result<ExitCode> {
    if json {
        say(&serde_json::to_string_pretty(page)?);
        return Ok(ExitCode::SUCCESS);
    }
    if page.results.is_empty() {
        say("nothing was found");
    }
    for found in &page.results {
        say(&line(found));
    }
    if page.has_next {
        let shown = i64::try_from(page.results.len()).unwrap_or(i64::MAX);
        say(&format!("there are further ones, {} in all: --offset {}", page.count, page.offset.saturating_add(shown)));
    }
    Ok(ExitCode::SUCCESS)
}

fn line_of_person(FoundPerson { id, username, full_name, email }: &FoundPerson) -> String {
    format!("{id}  {username}  {full_name}  {email}")
}

fn line_of_chat(FoundChat { id, owner, project, created_at, is_deleted }: &FoundChat) -> String {
    let owner = owner.map_or_else(|| "of an API key".to_owned(), |owner| format!("of user:{owner}"));
    let project = project.map(|project| format!(" in project {project}")).unwrap_or_default();
    let deleted = if *is_deleted { ", deleted" } else { "" };
    format!("chat {id}  {}  {owner}{project}{deleted}", time(created_at))
}

fn time(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
