//! `ayushma erasure certificate` and `verify-certificate`.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use commands::erasure::{CERTIFICATE_FORMAT, compare_with_log};
use domain::ids::ErasureId;
use sqlx::PgPool;
use transparency_log::note::{Note, VerifierKey};

use super::report::of_request;
use crate::{cli::in_process::with_database, config::Settings, shutdown::Shutdown, terminal::say};

#[derive(Debug, Args)]
pub(in crate::cli) struct PrintCertificate {
    /// The id of the request
    request: ErasureId,
}

/// Verify a certificate: by its signature alone, or also against the log
///
/// Ends with 0 and prints its text if it is right, and with 1 and the reason otherwise.
#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyCertificate {
    /// File of the certificate
    certificate: PathBuf,

    /// The key, as `ayushma erasure public-key` prints it
    #[arg(long)]
    key: VerifierKey,

    /// Also compare every line with the log in the database
    #[arg(long)]
    against_log: bool,
}

impl PrintCertificate {
    pub(super) async fn run(self, pool: &PgPool) -> anyhow::Result<()> {
        let (_, request) = of_request(pool, self.request).await?;
        let Some(certificate) = &request.certificate else {
            bail!("there is no certificate yet: the request is {}", request.stage);
        };
        say(certificate.trim_end_matches('\n'));
        Ok(())
    }
}

impl VerifyCertificate {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<()> {
        let file = self.certificate.display();
        let bytes = fs::read(&self.certificate).with_context(|| format!("{file} cannot be read"))?;
        let note = Note::parse(&bytes).with_context(|| format!("{file} is refused"))?;
        note.verify(&[&self.key]).with_context(|| format!("{file} is refused"))?;
        ensure!(
            note.text().lines().next() == Some(CERTIFICATE_FORMAT),
            "{file} is refused: it is signed, but no certificate of an erasure"
        );
        if self.against_log {
            let text = note.text();
            with_database(settings, shutdown, async |pool| {
                compare_with_log(pool, text).await.with_context(|| format!("{file} is refused"))
            })
            .await?;
        }
        say(note.text().trim_end_matches('\n'));
        say(if self.against_log { "is signed by this key, and the log has it all" } else { "is signed by this key" });
        Ok(())
    }
}
