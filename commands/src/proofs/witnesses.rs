//! Asking witnesses to cosign a checkpoint before it is published ([tlog-witness](https://c2sp.org/tlog-witness)).

use std::time::Duration;

use futures::future::join_all;
use reqwest::{Client, StatusCode, redirect::Policy as Redirects};
use transparency_log::{
    checkpoint::CheckpointError,
    cosignature::CosignerKey,
    merkle::prove_consistency,
    note::{Note, Signature},
    policy::{Policy, PolicyError},
    tiles::{Folder, TileReader},
    witness::AddCheckpoint,
};

/// The time limit for the answer of a witness.
const PATIENCE: Duration = Duration::from_secs(10);
/// The greatest answer that is read, in bytes: a few lines.
const MAX_ANSWER: usize = 16_384;

/// The witnesses of a policy.
#[derive(Debug, Clone)]
pub struct Witnesses {
    policy: Policy,
    client: Client,
}

/// The reason why a witness has not cosigned.
#[derive(Debug, thiserror::Error)]
enum Unsigned {
    #[error("it cannot be asked")]
    Http(#[from] reqwest::Error),
    #[error(
        "it has cosigned {0} entries already, more than there are: the log was put back, or the witness watches another one"
    )]
    Ahead(u64),
    #[error("it refused, with status {0}: {1}")]
    Refused(StatusCode, String),
    #[error("its answer has no cosignature that is right")]
    NotSigned,
    #[error("the proof that the log has only grown cannot be made")]
    Proof,
}

impl Witnesses {
    /// Reads the text of a policy file.
    ///
    /// # Errors
    /// [`PolicyError::Malformed`].
    ///
    /// # Panics
    /// If no HTTP client can be made, because TLS has no root certificates.
    pub fn parse(policy: &str) -> Result<Self, PolicyError> {
        let client = Client::builder().redirect(Redirects::none()).timeout(PATIENCE).build();
        Ok(Self { policy: Policy::parse(policy)?, client: client.expect("the settings of the client are right") })
    }

    /// Returns whether as many witnesses have cosigned a checkpoint as the policy wants.
    pub(super) fn are_enough(&self, note: &Note) -> Result<bool, CheckpointError> {
        self.policy.is_witnessed(note)
    }

    /// Asks all witnesses at once to cosign the checkpoint of `size` entries, and adds what they sign. Those who do not
    /// are logged.
    pub(super) async fn cosign(&self, files: &Folder, note: &mut Note, size: u64) {
        let checkpoint = &*note;
        let asked =
            self.policy.reachable().map(async |(key, url)| (url, self.ask(key, url, files, checkpoint, size).await));
        for (url, answer) in join_all(asked).await {
            match answer {
                Ok(signature) => note.add([signature]),
                Err(error) => {
                    let error = crate::error_chain(&error);
                    tracing::warn!(witness = url, error, "a witness has not cosigned the published log");
                }
            }
        }
    }

    async fn ask(
        &self,
        key: &CosignerKey,
        url: &str,
        files: &Folder,
        checkpoint: &Note,
        size: u64,
    ) -> Result<Signature, Unsigned> {
        let (mut status, mut answer) = self.send(url, files, checkpoint, (0, size)).await?;
        // The witness says what it has cosigned last, from where the proof has to begin.
        if status == StatusCode::CONFLICT
            && let Ok(old) = answer.trim_end().parse()
        {
            if old > size {
                return Err(Unsigned::Ahead(old));
            }
            (status, answer) = self.send(url, files, checkpoint, (old, size)).await?;
        }
        if status != StatusCode::OK {
            return Err(Unsigned::Refused(status, answer.chars().take(200).collect()));
        }
        let is_right = |signature: &Signature| {
            let mut cosigned = checkpoint.clone();
            cosigned.add([signature.clone()]);
            key.time(&cosigned).is_some()
        };
        let signatures = answer.lines().filter_map(|line| Signature::parse(line).ok());
        signatures.into_iter().find(is_right).ok_or(Unsigned::NotSigned)
    }

    async fn send(
        &self,
        url: &str,
        files: &Folder,
        checkpoint: &Note,
        (old_size, size): (u64, u64),
    ) -> Result<(StatusCode, String), Unsigned> {
        let proof = match old_size {
            0 => vec![],
            _ => prove_consistency(&mut TileReader::new(files, size), old_size, size).map_err(|_| Unsigned::Proof)?,
        };
        let request = AddCheckpoint { old_size, proof, checkpoint: checkpoint.clone() };
        let url = format!("{}/add-checkpoint", url.trim_end_matches('/'));
        let mut response = self.client.post(url).body(request.to_string()).send().await?;
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            answer.extend_from_slice(&chunk);
            if answer.len() > MAX_ANSWER {
                return Err(Unsigned::NotSigned);
            }
        }
        Ok((response.status(), String::from_utf8_lossy(&answer).into_owned()))
    }
}
