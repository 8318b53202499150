//! The folders and files of a process, and the launcher of the programs that it starts.

use std::{path::PathBuf, time::Duration};

use adapters::{child_reader::ChildReader, launcher::Launcher};
use anyhow::Context as _;
use commands::{
    event_log::{KeyError, MasterKey},
    proofs::{ProofPlace, Witnesses},
};
use secrecy::ExposeSecret as _;

use super::Settings;

impl Settings {
    pub fn mail_dir(&self) -> PathBuf {
        self.data_dir.join("mail")
    }

    pub fn erasures_file(&self) -> PathBuf {
        self.erasures_file.clone().unwrap_or_else(|| self.data_dir.join("erasures.log"))
    }

    pub fn media_dir(&self) -> PathBuf {
        self.data_dir.join("media")
    }

    /// The launcher of the programs that work on untrusted input. It uses the running executable, even if its file has
    /// been replaced since it was started, unless `document_reader` names another one.
    ///
    /// # Errors
    /// If the path of the running executable is unknown.
    pub fn launcher(&self) -> std::io::Result<Launcher> {
        let running = PathBuf::from("/proc/self/exe");
        let launcher = Launcher::new(match &self.document_reader {
            Some(program) => program.clone(),
            None if running.exists() => running,
            None => std::env::current_exe()?,
        });
        Ok(launcher.looking_in(self.program_path.clone()))
    }

    /// The reader of documents, which starts a process with limited memory for each.
    ///
    /// # Errors
    /// As for [`Self::launcher`].
    pub fn reader(&self) -> std::io::Result<ChildReader> {
        Ok(ChildReader::new(self.launcher()?, self.reader_memory_mb * 1_048_576))
    }

    pub fn heads_dir(&self) -> PathBuf {
        self.signed_heads_dir.clone().unwrap_or_else(|| self.data_dir.join("heads"))
    }

    pub const fn heads_period(&self) -> Duration {
        Duration::from_secs(self.signed_heads_seconds)
    }

    /// Where the log is published with signed checkpoints.
    pub fn proof_place(&self) -> ProofPlace {
        let folders = self.proofs_dir.clone().unwrap_or_else(|| self.data_dir.join("proofs"));
        ProofPlace { folder: None, folders, origin: self.proofs_origin.clone() }
    }

    /// Those who cosign the published log; `None` without a policy.
    ///
    /// # Errors
    /// If the file of the policy cannot be read or is malformed.
    pub fn witnesses(&self) -> anyhow::Result<Option<Witnesses>> {
        let Some(file) = &self.witness_policy else { return Ok(None) };
        let read = || Ok::<_, anyhow::Error>(Witnesses::parse(&std::fs::read_to_string(file)?)?);
        read().with_context(|| format!("WITNESS_POLICY {}", file.display())).map(Some)
    }

    pub fn master_key_file(&self) -> PathBuf {
        self.master_key_file.clone().unwrap_or_else(|| self.data_dir.join("master.key"))
    }

    /// The master key, from the setting or from its file; `None` if there is no such file yet.
    ///
    /// # Errors
    /// [`KeyError`] if it is malformed or cannot be read.
    pub fn master_key(&self) -> Result<Option<MasterKey>, KeyError> {
        match &self.master_key {
            Some(key) => MasterKey::from_hex(key.expose_secret()).map(Some),
            None => MasterKey::from_file(&self.master_key_file()),
        }
    }
}
