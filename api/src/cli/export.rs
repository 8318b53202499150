//! `ayushma audit export`: a part of the log with its proofs as a folder that anybody can verify.

mod exchanging;
mod filling;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, bail, ensure};
use audit_bundle::{About, BundleWriter, Format, Manifest, Prover, Selection, paths};
use chrono::{DateTime, SecondsFormat, Utc};
use clap::{ArgGroup, Args, ValueEnum};
use commands::{
    counted,
    event_log::{Codec, Committed, Concerned, Histories, HistoryFilter, KeyRing, LogPart, log_id},
    proofs::{ProofPlace, Proofs, PublishedLog},
};
use domain::{
    AggregateType,
    access::{Access, AccessKind, AccessedObject},
    ids::UserId,
};
use transparency_log::tiles::Folder;
use uuid::Uuid;

use super::{
    in_process::{BackgroundWork, context, wait_until_readable, with_app},
    log_keys::key_ring,
};
use crate::{app::App, config::Settings, shutdown::Shutdown, terminal::say};
use exchanging::{Exchanging, Place};
use filling::{Filling, Texts};

/// The longest reason, as over HTTP.
const MAX_REASON_CHARS: usize = 500;

/// Take a part of the log out of it as a folder, with proofs that anybody can verify without our server
///
/// The folder has the events as they are stored, each with its proof against the published checkpoint, the documents that they name,
/// a signed manifest and a page to read. Personal text stays ciphertext unless --text decodes it. The export is put on record before
/// anything is read. Publish the log first: events behind the published checkpoint are left out.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("selection").required(true).args(["chat", "user", "project", "from"])))]
#[command(after_long_help = "\
Examples:
  ayushma audit export ./complaint-17 --chat 7f81988b-3811-448c-b9e3-01709e573ae6 --text --reason 'complaint 17'
  ayushma audit export ./complaint-18 --chat 7f81… --format fhir --format ocsf
  ayushma audit export ./november --from 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z")]
pub(super) struct Export {
    /// Folder of the bundle; nothing may be there yet
    folder: PathBuf,

    #[command(flatten)]
    wanted: Wanted,

    /// Folder of the published log [default: the one of this log in PROOFS_DIR]
    #[arg(long, value_name = "FOLDER")]
    published: Option<PathBuf>,

    /// Decode personal text and add recorded speech; of a person's bundle only what is the person's
    #[arg(long)]
    text: bool,

    /// Add accesses, log-ins and answers in an audit format of others, without any personal text; may be given twice
    #[arg(long = "format", value_name = "FORMAT")]
    formats: Vec<OtherFormat>,

    /// Why; it stands in the manifest and on record
    #[arg(long, value_parser = reason)]
    reason: Option<String>,
}

/// An audit format of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum OtherFormat {
    /// FHIR R4: AuditEvent (IHE BALP) and Provenance, in fhir.ndjson
    Fhir,
    /// OCSF 1.8.0: API Activity and Authentication, in ocsf.ndjson
    Ocsf,
}

impl From<OtherFormat> for Format {
    fn from(format: OtherFormat) -> Self {
        match format {
            OtherFormat::Fhir => Self::Fhir,
            OtherFormat::Ocsf => Self::Ocsf,
        }
    }
}

/// The selection; clap sees to it that there is exactly one.
#[derive(Debug, Args)]
struct Wanted {
    /// A chat
    #[arg(long, value_name = "ID")]
    chat: Option<Uuid>,

    /// A person: the account, the chats, what the person did, and who opened what is the person's
    #[arg(long, value_name = "ID")]
    user: Option<Uuid>,

    /// A project with its documents, chats and test runs
    #[arg(long, value_name = "ID")]
    project: Option<Uuid>,

    /// All events of this time or later, such as 2026-11-01T00:00:00Z
    #[arg(long, value_name = "TIME", requires = "until")]
    from: Option<DateTime<Utc>>,

    /// All events before this time
    #[arg(long, value_name = "TIME", requires = "from")]
    until: Option<DateTime<Utc>>,
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_REASON_CHARS {
        return Err(format!("a reason has 1 to {MAX_REASON_CHARS} characters"));
    }
    Ok(text.to_owned())
}

impl Wanted {
    fn part(&self) -> anyhow::Result<LogPart> {
        let Self { chat, user, project, from, until } = self;
        Ok(match (chat, user, project, from, until) {
            (Some(id), ..) => LogPart::Chat(*id),
            (_, Some(id), ..) => LogPart::Person(*id),
            (_, _, Some(id), ..) => LogPart::Project(*id),
            (.., Some(from), Some(until)) => {
                ensure!(from < until, "--until is not behind --from");
                LogPart::Span { from: *from, until: *until }
            }
            _ => bail!("name a chat, a user, a project or a span of time"),
        })
    }
}

const fn selection(part: LogPart) -> Selection {
    match part {
        LogPart::Chat(id) => Selection::Chat { id },
        LogPart::Person(id) => Selection::User { id },
        LogPart::Project(id) => Selection::Project { id },
        LogPart::Span { from, until } => Selection::Span { from, until },
    }
}

/// The aggregate that is exported; `None` for a span of time.
const fn aggregate(part: LogPart) -> Option<(AggregateType, Uuid)> {
    match part {
        LogPart::Chat(id) => Some((AggregateType::Chat, id)),
        LogPart::Person(id) => Some((AggregateType::User, id)),
        LogPart::Project(id) => Some((AggregateType::Project, id)),
        LogPart::Span { .. } => None,
    }
}

impl Export {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let part = self.wanted.part()?;
        with_app(settings, shutdown, BackgroundWork::Projecting, async |app| {
            let keys = key_ring(settings, &app.pool).await?;
            let place = ProofPlace { folder: self.published.clone(), ..settings.proof_place() };
            let proofs = Proofs::new(app.pool.clone(), keys.clone(), place);
            self.export(app, keys, &proofs, part).await
        })
        .await?;
        Ok(ExitCode::SUCCESS)
    }

    async fn export(&self, app: &App, keys: KeyRing, proofs: &Proofs, part: LogPart) -> anyhow::Result<()> {
        ensure!(self.folder.symlink_metadata().is_err(), "{} is there already", self.folder.display());
        let PublishedLog { folder, key: verifier, events: size, checkpoint: note } = proofs.published().await?;
        let (files, key) = (Folder::new(folder), proofs.key().await?);
        let codec = Codec::new(keys);
        if let Some(of) = aggregate(part) {
            // Says that there is none.
            Histories::new(app.pool.clone(), codec.clone()).page(of, &HistoryFilter::default(), 0, 1).await?;
        }
        let up_to = i64::try_from(size)?;
        let recorded = self.record(app, part, part.concerned(&app.pool, up_to).await?).await?;
        let position = recorded.positions.last().context("a record is an event")?.position;
        let about = About {
            log_id: log_id(&app.pool).await?,
            selection: selection(part),
            exporter: context(app).actor.to_string(),
            exported_at: app.clock.now(),
            reason: self.reason.clone(),
            recorded_at_position: u64::try_from(position)?,
        };
        let place = Place { log_id: about.log_id, recorded_at: about.recorded_at_position, checkpoint: note.clone() };
        let mut writer = BundleWriter::begin(&self.folder, about, &note, key, self.text)?;
        let exchanging = Exchanging::begin(self.formats(), place, &mut writer)?;
        let mut filling = Filling {
            writer,
            prover: Prover::new(&files, size),
            texts: Texts::wanted(self.text, part),
            exchanging,
            codec,
            media: app.media.clone(),
            uploads: app.uploads.clone(),
        };
        let taken = part.events(&app.pool, up_to, async |event| Ok(filling.take(event).await?)).await;
        let beyond = taken.context("the export is on record, but no bundle was made")?;
        let exchanged = filling.exchanging.report();
        let manifest = filling.writer.finish().context("the export is on record, but no bundle was made")?;
        wait_until_readable(app, &recorded).await;
        for line in self.report(&manifest, beyond).into_iter().chain(exchanged) {
            say(&line);
        }
        say(&format!("verifier key: {verifier}"));
        Ok(())
    }

    /// Puts the export on record. Nothing of what it shows was read until then.
    async fn record(&self, app: &App, part: LogPart, concerned: Vec<Concerned>) -> anyhow::Result<Committed> {
        let objects = concerned.into_iter().map(|Concerned { kind, id, owner }| AccessedObject {
            kind: Some(kind),
            id,
            owner: owner.map(UserId::new),
        });
        let mut objects: Vec<_> = objects.collect();
        if let Some((kind, id)) = aggregate(part)
            && !objects.iter().any(|object| object.id == id)
        {
            objects.insert(0, AccessedObject { kind: Some(kind), id, owner: None });
        }
        let access = Access {
            reader: None,
            session_id: None,
            roles: vec![],
            what: AccessKind::Export,
            request: self.request(part),
            objects,
            reason: self.reason.clone().map(Into::into),
        };
        let written = app.accesses.grant(vec![access], &context(app)).await?;
        written.into_iter().next_back().context("a record is written")
    }

    fn formats(&self) -> Vec<Format> {
        let mut formats: Vec<_> = self.formats.iter().copied().map(Format::from).collect();
        formats.sort_unstable();
        formats.dedup();
        formats
    }

    /// The command, with the names of its ids in their place.
    fn request(&self, part: LogPart) -> String {
        let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let what = match part {
            LogPart::Chat(_) => "--chat {id}".to_owned(),
            LogPart::Person(_) => "--user {id}".to_owned(),
            LogPart::Project(_) => "--project {id}".to_owned(),
            LogPart::Span { from, until } => format!("--from {} --until {}", time(from), time(until)),
        };
        let text = if self.text { " --text" } else { "" };
        let mut command = format!("ayushma audit export {what}{text}");
        for format in self.formats() {
            command.push_str(" --format ");
            command.push_str(format.path().trim_end_matches(".ndjson"));
        }
        command
    }

    fn report(&self, manifest: &Manifest, beyond: i64) -> Vec<String> {
        let count = i64::try_from(manifest.events.count).unwrap_or(i64::MAX);
        let missing = manifest.attachments.iter().filter(|file| file.missing.is_some());
        let mut lines = vec![format!("{} in {}", counted(count, "event"), self.folder.display())];
        lines.extend(missing.map(|file| {
            format!(
                "without {} of position {}: {}",
                file.name,
                file.position,
                file.missing.as_deref().unwrap_or_default()
            )
        }));
        if beyond > 0 {
            lines.push(format!(
                "{} of the selection not in it, because the published checkpoint does not have them: publish, and export anew",
                counted(beyond, "event")
            ));
        }
        if manifest.file(paths::TEXT).is_some() {
            lines.push("it has personal text in clear: keep it accordingly".to_owned());
        }
        lines
    }
}
