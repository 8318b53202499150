//! What the commands of erasure say of a case.

use std::time::Duration;

use anyhow::Context as _;
use commands::{
    clock::{Clock as _, SystemClock},
    erasure::{KnownCase, cases},
    retention::{RetentionRules, kept_until},
};
use domain::{
    erasure::{ErasureCase, ErasureRequest, FileNumber, Stage, Store, StoreFault, StoreState},
    ids::{ErasureId, SubjectId},
};
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use crate::{app::App, terminal::say};

/// How long a command waits for the receipts of all stores; after that the workers go on.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(100);

/// The case of a request.
pub(super) async fn of_request(pool: &PgPool, request: ErasureId) -> anyhow::Result<(SubjectId, ErasureRequest)> {
    let known = cases(pool, None).await?.into_iter();
    let mut found = known.filter_map(|known| Some((known.subject, known.case.request?)));
    found.find(|(_, known)| known.id == request).context("there is no such request, or a newer one replaced it")
}

/// Waits for the receipts of all stores, and says what has become of the erasure.
pub(in crate::cli) async fn say_outcome(app: &App, subject: SubjectId) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let case = app.commands.log().load::<ErasureCase>(subject.value()).await?.aggregate;
        let Some(request) = case.request else { return Ok(()) };
        let has_failed = unreached(&request).any(|(_, fault)| fault != StoreFault::Behind);
        if request.stage == Stage::Completed {
            say(&format!("erased; `ayushma erasure certificate {}` prints the certificate", request.id));
            return Ok(());
        }
        if has_failed || Instant::now() > deadline {
            say("erased, but not from every store yet, which is tried again (`ayushma erasure list`):");
            unreached(&request).for_each(|(store, fault)| say(&format!("  {store}: {}", in_words(fault))));
            return Ok(());
        }
        sleep(PAUSE).await;
    }
}

fn unreached(request: &ErasureRequest) -> impl Iterator<Item = (Store, StoreFault)> {
    request.stores.iter().filter_map(|(store, state)| match state {
        StoreState::Failed(fault) => Some((*store, *fault)),
        StoreState::Erased { .. } => None,
    })
}

const fn in_words(fault: StoreFault) -> &'static str {
    match fault {
        StoreFault::Unavailable => "it does not answer, or refuses (the log of the program says why)",
        StoreFault::StillThere => "something is still there",
        StoreFault::Behind => "it has not got so far in the log",
    }
}

/// Says what is known of a case, and until when a rule of retention forbids the approval that it waits for.
pub(super) async fn say_all(pool: &PgPool, rules: &RetentionRules, known: &KnownCase) -> anyhow::Result<()> {
    for line in lines_of(known) {
        say(&line);
    }
    let is_waiting = known.case.request.as_ref().is_some_and(|request| request.stage == Stage::Requested);
    if is_waiting && let Some(kept) = kept_until(pool, rules, known.subject, SystemClock.now()).await? {
        say(&format!("  waits: it has to be kept: {kept}"));
    }
    Ok(())
}

fn lines_of(known: &KnownCase) -> Vec<String> {
    let KnownCase { subject, case, changed_at } = known;
    let mut lines = Vec::new();
    let file = |number: &Option<FileNumber>| {
        number.as_ref().map(|number| format!(", file {}", number.as_str())).unwrap_or_default()
    };
    if let Some(request) = &case.request {
        lines.push(format!(
            "{}  {}  {} {subject} ({}{}), last change {changed_at}",
            request.id,
            request.stage,
            request.kind,
            request.reason,
            file(&request.file_number)
        ));
        for (store, state) in &request.stores {
            lines.push(match state {
                StoreState::Erased { count } => format!("  {store}: erased ({count})"),
                StoreState::Failed(fault) => format!("  {store}: FAILED, {}", in_words(*fault)),
            });
        }
    }
    for hold in &case.holds {
        let state = if hold.is_lifted { "lifted" } else { "held" };
        lines.push(format!("{}  {state}  {subject} ({}{})", hold.id, hold.reason, file(&hold.file_number)));
    }
    lines
}
