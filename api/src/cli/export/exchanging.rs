//! The events of a selection in the audit formats of others.

use anyhow::Context as _;
use audit_bundle::{BundleWriter, Columns, Format};
use audit_exchange::{Entry, Log, Turns, fhir, is_exchanged, ocsf};
use commands::{counted, event_log::StoredEvent};
use domain::envelope::RecordedEvent;
use transparency_log::{merkle::Hash, note::Note, receipt::Receipt};
use uuid::Uuid;

/// Where the events come from, and the place of the export in it.
pub(super) struct Place {
    pub(super) log_id: Uuid,
    /// The position of the event that records the export.
    pub(super) recorded_at: u64,
    pub(super) checkpoint: Note,
}

/// Writes lines of the formats that are wanted.
pub(super) struct Exchanging {
    /// The formats with the number of their lines.
    formats: Vec<(Format, i64)>,
    log: Log,
    turns: Turns,
    chain: ocsf::Chain,
    checkpoint: Note,
}

impl Exchanging {
    pub(super) fn begin(formats: Vec<Format>, place: Place, writer: &mut BundleWriter) -> anyhow::Result<Self> {
        let Place { log_id, recorded_at, checkpoint } = place;
        for format in &formats {
            writer.add_format(*format)?;
        }
        let origin = writer.checkpoint().origin.to_string();
        Ok(Self {
            formats: formats.into_iter().map(|format| (format, 0)).collect(),
            chain: ocsf::Chain::new(format!("{origin}/export/{recorded_at}")),
            log: Log { id: log_id, origin },
            turns: Turns::default(),
            checkpoint,
        })
    }

    /// Returns the event, with its text sealed, if a format that is wanted may have it.
    pub(super) fn read(&self, event: &StoredEvent) -> anyhow::Result<Option<RecordedEvent>> {
        if self.formats.is_empty() || !is_exchanged(&event.event_type) {
            return Ok(None);
        }
        let position = event.position;
        event.read_sealed().map(Some).with_context(|| format!("the event at position {position} cannot be read"))
    }

    /// Writes the lines of an event. Its proof is verified when the writer takes the event itself.
    pub(super) fn take(
        &mut self,
        recorded: &RecordedEvent,
        columns: &Columns,
        proof: &[Hash],
        writer: &mut BundleWriter,
    ) -> anyhow::Result<()> {
        let leaf = columns.leaf()?;
        let extra = Some(leaf.to_string().into_bytes());
        let checkpoint = self.checkpoint.clone();
        let receipt = Receipt { extra, index: leaf.index(), proof: proof.to_vec(), checkpoint }.to_string();
        let entry = Entry { recorded, digest: columns.digest(), receipt: &receipt };
        let turn = self.turns.take(recorded.position, &recorded.event);
        for (format, count) in &mut self.formats {
            let line = match format {
                Format::Fhir => fhir::resource(&self.log, &entry, turn.as_ref()),
                Format::Ocsf => self.chain.event(&self.log, &entry, turn.as_ref()),
            };
            if let Some(line) = line {
                writer.line(*format, &line)?;
                *count += 1;
            }
        }
        Ok(())
    }

    /// Says how many lines each file has.
    pub(super) fn report(&self) -> Vec<String> {
        let said = |(format, count): &(Format, i64)| match format {
            Format::Fhir => format!("{} in {}", counted(*count, "FHIR resource"), format.path()),
            Format::Ocsf => format!("{} in {}", counted(*count, "OCSF event"), format.path()),
        };
        self.formats.iter().map(said).collect()
    }
}
