//! `ayushma erasure`: the steps to an erasure, what is erased, and certificates.

mod certificates;
mod report;

use std::process::ExitCode;

use anyhow::{Context as _, anyhow, ensure};
use clap::{Args, Subcommand};
use commands::{erasure::cases, execute::Context, proofs::Proofs, retention::RetentionRules};
use domain::{
    envelope::Actor,
    erasure::{ErasureReason, FileNumber, HoldReason, MalformedFileNumber, Stage},
    ids::{ErasureId, HoldId, SubjectId, UserId},
    user::User,
    values::Email,
};
use sqlx::PgPool;

use self::{
    certificates::{PrintCertificate, VerifyCertificate},
    report::{of_request, say_all},
};
use super::{
    createsuperuser::email,
    in_process::{BackgroundWork, context, finish_erasure, with_app, with_database},
    log_keys::key_ring,
};
pub(super) use report::say_outcome;

use crate::{app::App, config::Settings, shutdown::Shutdown, terminal::say};

/// Ask for erasures, approve them, hold them, and show what is erased, with the certificate
///
/// With ERASURE_APPROVAL=two one person asks and another one approves, each named by the account (--by). The command line cannot check
/// who sits at it: whoever runs it vouches for the name. `ayushma user erase` and `ayushma chat erase` do both steps at once
/// where that is allowed.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Examples:
  ayushma erasure request --email asha@example.com --reason subject_request --by ravi@example.com
  ayushma erasure approve 0190a1b2-… --by kavya@example.com --yes
  ayushma erasure hold --email asha@example.com --reason litigation --file-number 2026/114
  ayushma erasure list
  ayushma erasure certificate 0190a1b2-… > asha.certificate
  ayushma erasure verify-certificate asha.certificate --key ayushma/log/0190…+1a2b3c4d+AZ…")]
pub(super) enum Erasure {
    /// Ask for the erasure of a person, or of a chat of an API key; prints the id of the request
    Request(Request),
    /// Approve a request: the keys are destroyed at once
    Approve(Approve),
    /// Reject a request
    Reject(Reject),
    /// Place a legal hold: nothing of the person is erased or deleted until it is lifted; prints the id of the hold
    Hold(PlaceHold),
    /// Lift a legal hold
    Lift(Lift),
    /// Show what waits, what is held and what is incomplete, with the store and the reason
    List(List),
    /// Show the case of a person or chat
    Show(Show),
    /// Print the certificate of an erasure
    Certificate(PrintCertificate),
    VerifyCertificate(VerifyCertificate),
    /// Print the key that certificates are verified with
    PublicKey,
}

#[derive(Debug, Args)]
struct Subject {
    /// The account's e-mail address
    #[arg(long, value_parser = email, required_unless_present = "id", conflicts_with = "id")]
    email: Option<Email>,

    /// The id of the person, also if the account was deleted, or of the chat
    #[arg(long)]
    id: Option<SubjectId>,
}

#[derive(Debug, Args)]
struct By {
    /// The e-mail address of the superuser who acts
    #[arg(long, value_parser = email)]
    by: Option<Email>,
}

#[derive(Debug, Args)]
pub(super) struct Request {
    #[command(flatten)]
    subject: Subject,

    /// Why: subject_request, retention_ended or unspecified
    #[arg(long, default_value_t = ErasureReason::Unspecified, value_parser = asked_reason)]
    reason: ErasureReason,

    /// The number of a file elsewhere in which more is said; no name
    #[arg(long, value_parser = file_number)]
    file_number: Option<FileNumber>,

    #[command(flatten)]
    by: By,
}

#[derive(Debug, Args)]
pub(super) struct Approve {
    /// The request's id
    request: ErasureId,

    #[command(flatten)]
    by: By,

    /// It cannot be undone
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct Reject {
    /// The request's id
    request: ErasureId,

    #[command(flatten)]
    by: By,
}

#[derive(Debug, Args)]
pub(super) struct PlaceHold {
    #[command(flatten)]
    subject: Subject,

    /// Why: litigation, investigation or statutory_duty
    #[arg(long, value_parser = hold_reason)]
    reason: HoldReason,

    /// The number of a file elsewhere in which more is said; no name
    #[arg(long, value_parser = file_number)]
    file_number: Option<FileNumber>,

    #[command(flatten)]
    by: By,
}

#[derive(Debug, Args)]
pub(super) struct Lift {
    /// The hold's id, as `list` shows it
    hold: HoldId,

    #[command(flatten)]
    by: By,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Also what is completed, rejected or lifted
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The id of the person or chat
    subject: SubjectId,
}

fn file_number(text: &str) -> Result<FileNumber, MalformedFileNumber> {
    FileNumber::parse(text)
}

fn asked_reason(text: &str) -> Result<ErasureReason, String> {
    match text.parse() {
        Ok(ErasureReason::RestoredBackup) | Err(_) => {
            Err("expected subject_request, retention_ended or unspecified".to_owned())
        }
        Ok(reason) => Ok(reason),
    }
}

fn hold_reason(text: &str) -> Result<HoldReason, String> {
    text.parse().map_err(|_| "expected litigation, investigation or statutory_duty".to_owned())
}

impl Erasure {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let (quiet, helping) = (BackgroundWork::Nothing, BackgroundWork::ProjectingAndWorking);
        match self {
            Self::Request(request) => with_app(settings, shutdown, quiet, async |app| request.run(app).await).await,
            Self::Approve(approve) => {
                ensure!(approve.yes, "what is erased can never be read again: add --yes if it shall be so");
                with_app(settings, shutdown, helping, async |app| approve.run(app).await).await
            }
            Self::Reject(reject) => with_app(settings, shutdown, quiet, async |app| reject.run(app).await).await,
            Self::Hold(hold) => with_app(settings, shutdown, quiet, async |app| hold.run(app).await).await,
            Self::Lift(lift) => with_app(settings, shutdown, quiet, async |app| lift.run(app).await).await,
            Self::List(list) => {
                let rules = settings.retention.rules();
                with_database(settings, shutdown, async |pool| list.run(pool, &rules).await).await
            }
            Self::Show(show) => {
                let rules = settings.retention.rules();
                with_database(settings, shutdown, async |pool| show.run(pool, &rules).await).await
            }
            Self::Certificate(of) => with_database(settings, shutdown, async |pool| of.run(pool).await).await,
            Self::VerifyCertificate(verify) => verify.run(settings, shutdown).await,
            Self::PublicKey => {
                with_database(settings, shutdown, async |pool| {
                    let keys = key_ring(settings, pool).await?;
                    let key = Proofs::new(pool.clone(), keys, settings.proof_place()).key().await?;
                    say(&key.verifier().to_string());
                    Ok(())
                })
                .await
            }
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Subject {
    async fn find(&self, app: &App) -> anyhow::Result<SubjectId> {
        let found = match (self.id, &self.email) {
            (Some(id), _) => Some(id),
            (None, Some(email)) => app.accounts.owner_of_email(email).await?.map(SubjectId::from),
            (None, None) => None,
        };
        found.ok_or_else(|| anyhow!("there is no account with this e-mail address or id"))
    }
}

impl By {
    /// The superuser who acts, if one is named, and the context of what is written.
    async fn find(&self, app: &App) -> anyhow::Result<(Option<UserId>, Context)> {
        let Some(email) = &self.by else { return Ok((None, context(app))) };
        let found = app.accounts.owner_of_email(email).await?;
        let user = found.with_context(|| format!("there is no account with the e-mail address {email}"))?;
        let state = app.commands.log().load::<User>(user.value()).await?.aggregate;
        let is_superuser = state.account().is_some_and(|account| account.is_active && account.roles.is_superuser);
        ensure!(is_superuser, "{email} is no superuser, who alone may ask for erasures and approve them");
        Ok((Some(user), Context { on_behalf_of: Some(Actor::User(user)), ..context(app) }))
    }
}

impl Request {
    async fn run(self, app: &App) -> anyhow::Result<()> {
        let subject = self.subject.find(app).await?;
        let (by, context) = self.by.find(app).await?;
        let request = app.erasure.request(subject, (self.reason, self.file_number), by, &context).await?;
        say(&request.to_string());
        Ok(())
    }
}

impl Approve {
    async fn run(self, app: &App) -> anyhow::Result<()> {
        let (subject, _) = of_request(&app.pool, self.request).await?;
        let (by, context) = self.by.find(app).await?;
        let committed = app.erasure.approve(subject, self.request, by, &context).await?;
        finish_erasure(app, &committed).await?;
        say_outcome(app, subject).await
    }
}

impl Reject {
    async fn run(self, app: &App) -> anyhow::Result<()> {
        let (subject, _) = of_request(&app.pool, self.request).await?;
        let (by, context) = self.by.find(app).await?;
        app.erasure.reject(subject, self.request, by, &context).await?;
        say("rejected");
        Ok(())
    }
}

impl PlaceHold {
    async fn run(self, app: &App) -> anyhow::Result<()> {
        let subject = self.subject.find(app).await?;
        let (_, context) = self.by.find(app).await?;
        let hold = app.erasure.place_hold(subject, self.reason, self.file_number, &context).await?;
        say(&hold.to_string());
        Ok(())
    }
}

impl Lift {
    async fn run(self, app: &App) -> anyhow::Result<()> {
        let known = cases(&app.pool, None).await?;
        let of_hold = known.iter().find(|known| known.case.holds.iter().any(|hold| hold.id == self.hold));
        let subject = of_hold.context("there is no such hold")?.subject;
        let (_, context) = self.by.find(app).await?;
        app.erasure.lift_hold(subject, self.hold, &context).await?;
        say("lifted");
        Ok(())
    }
}

impl List {
    async fn run(self, pool: &PgPool, rules: &RetentionRules) -> anyhow::Result<()> {
        for known in cases(pool, None).await? {
            let is_over =
                known.case.request.as_ref().is_none_or(|it| matches!(it.stage, Stage::Rejected | Stage::Completed))
                    && known.case.hold().is_none();
            if self.all || !is_over {
                say_all(pool, rules, &known).await?;
            }
        }
        Ok(())
    }
}

impl Show {
    async fn run(self, pool: &PgPool, rules: &RetentionRules) -> anyhow::Result<()> {
        let known = cases(pool, Some(self.subject)).await?.pop();
        say_all(pool, rules, &known.context("nobody has asked for its erasure, and no hold is on it")?).await
    }
}
