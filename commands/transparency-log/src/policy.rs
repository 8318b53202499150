//! Policies ([tlog-policy](https://c2sp.org/tlog-policy)): which logs a verifier takes, and how many witnesses must have
//! cosigned a checkpoint.
//!
//! The file is read as UTF-8, which the specification recommends; names are compared byte by byte.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    checkpoint::{Checkpoint, CheckpointError},
    cosignature::CosignerKey,
    note::{Note, NoteError, Verifier as _, VerifierKey},
};

const NONE: &str = "none";

/// The reason why a line of a policy is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    #[error("a control character")]
    ControlCharacter,
    #[error("an unknown line")]
    Unknown,
    #[error("a key that is none of this kind")]
    Key,
    #[error("a key that another line has")]
    DoubledKey,
    #[error("a name that is defined already, or reserved")]
    DoubledName,
    #[error("a name that no line before defines")]
    UnknownName,
    #[error("a member that another group has, or the same one twice")]
    DoubledMember,
    #[error("a threshold that is not between one and the number of members")]
    Threshold,
    #[error("no quorum line, or a second one")]
    Quorum,
}

/// The reason why a policy is refused, or is not met.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("line {line} of the policy has {fault}")]
    Malformed { line: usize, fault: PolicyFault },
    #[error("the policy knows no log {origin}")]
    UnknownLog { origin: String },
    #[error("the checkpoint is refused")]
    Checkpoint(#[from] CheckpointError),
    #[error("too few witnesses have cosigned the checkpoint")]
    TooFewWitnesses,
}

#[derive(Debug, Clone)]
enum Member {
    Witness { key: CosignerKey, url: Option<String> },
    Group { threshold: usize, members: Vec<String> },
}

/// What a verifier asks of a checkpoint.
#[derive(Debug, Clone)]
pub struct Policy {
    logs: Vec<VerifierKey>,
    members: BTreeMap<String, Member>,
    /// The name of a witness or group; `None` if no witness is needed.
    quorum: Option<String>,
}

/// A policy of which some lines were read.
#[derive(Default)]
struct Draft {
    logs: Vec<VerifierKey>,
    members: BTreeMap<String, Member>,
    in_groups: BTreeSet<String>,
    quorum: Option<Option<String>>,
}

impl Draft {
    fn line(&mut self, words: &[&str]) -> Result<(), PolicyFault> {
        match words {
            ["log", key] | ["log", key, _] => {
                let key: VerifierKey = key.parse().map_err(|_| PolicyFault::Key)?;
                if self.logs.iter().any(|log| log.public() == key.public()) {
                    return Err(PolicyFault::DoubledKey);
                }
                self.logs.push(key);
                Ok(())
            }
            ["witness", name, key, url @ ..] if url.len() < 2 => {
                let key: CosignerKey = key.parse().map_err(|_| PolicyFault::Key)?;
                if self.members.values().filter_map(Member::key).any(|other| other.public() == key.public()) {
                    return Err(PolicyFault::DoubledKey);
                }
                self.define(name, Member::Witness { key, url: url.first().map(|url| (*url).to_owned()) })
            }
            ["group", name, threshold, members @ ..] => {
                let threshold = match *threshold {
                    "any" => 1,
                    "all" => members.len(),
                    number => number.parse().map_err(|_| PolicyFault::Threshold)?,
                };
                if threshold < 1 || threshold > members.len() {
                    return Err(PolicyFault::Threshold);
                }
                for member in members {
                    if !self.members.contains_key(*member) {
                        return Err(PolicyFault::UnknownName);
                    }
                    if !self.in_groups.insert((*member).to_owned()) {
                        return Err(PolicyFault::DoubledMember);
                    }
                }
                let members = members.iter().map(|member| (*member).to_owned()).collect();
                self.define(name, Member::Group { threshold, members })
            }
            ["quorum", name] => {
                if *name != NONE && !self.members.contains_key(*name) {
                    return Err(PolicyFault::UnknownName);
                }
                match self.quorum.replace(Some((*name).to_owned()).filter(|name| name != NONE)) {
                    None => Ok(()),
                    Some(_) => Err(PolicyFault::Quorum),
                }
            }
            _ => Err(PolicyFault::Unknown),
        }
    }

    fn define(&mut self, name: &str, member: Member) -> Result<(), PolicyFault> {
        if name == NONE || self.members.contains_key(name) {
            return Err(PolicyFault::DoubledName);
        }
        self.members.insert(name.to_owned(), member);
        Ok(())
    }
}

impl Policy {
    /// Parses a policy file.
    ///
    /// # Errors
    /// [`PolicyError::Malformed`] with the number of the line, from 1; a missing quorum is the last line's fault.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut draft = Draft::default();
        let mut last = 0;
        for (text, line) in text.split_terminator('\n').zip(1..) {
            let malformed = |fault| PolicyError::Malformed { line, fault };
            last = line;
            if text.chars().any(|c| c.is_ascii_control() && c != '\t') {
                return Err(malformed(PolicyFault::ControlCharacter));
            }
            let words: Vec<&str> = text.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            if words.first().is_some_and(|word| !word.starts_with('#')) {
                draft.line(&words).map_err(malformed)?;
            }
        }
        let quorum = draft.quorum.ok_or(PolicyError::Malformed { line: last, fault: PolicyFault::Quorum })?;
        Ok(Self { logs: draft.logs, members: draft.members, quorum })
    }

    /// Reads the checkpoint of one of the policy's logs, if enough witnesses have cosigned it.
    ///
    /// # Errors
    /// [`PolicyError::UnknownLog`]; [`PolicyError::Checkpoint`] if the log has not signed it, or a signature of a log or
    /// witness of the policy is wrong; [`PolicyError::TooFewWitnesses`].
    pub fn open(&self, note: &Note) -> Result<Checkpoint, PolicyError> {
        let origin = Checkpoint::parse(note.text())?.origin;
        let mut logs = self.logs.iter().filter(|log| *log.name() == origin).peekable();
        if logs.peek().is_none() {
            return Err(PolicyError::UnknownLog { origin: origin.to_string() });
        }
        let opened: Vec<_> = logs.map(|log| Checkpoint::open(note, log)).collect();
        let is_wrong = |it: &Result<_, _>| matches!(it, Err(CheckpointError::Note(NoteError::WrongSignature { .. })));
        let chosen = opened.iter().find(|it| is_wrong(it)).or_else(|| opened.iter().find(|it| it.is_ok()));
        let checkpoint = chosen.or(opened.first()).cloned().unwrap_or(Err(NoteError::NotSigned.into()))?;
        if self.is_witnessed(note)? { Ok(checkpoint) } else { Err(PolicyError::TooFewWitnesses) }
    }

    /// Returns whether as many witnesses as the policy wants have cosigned a note.
    ///
    /// # Errors
    /// [`CheckpointError::Note`] if a signature of a witness of the policy is wrong.
    pub fn is_witnessed(&self, note: &Note) -> Result<bool, CheckpointError> {
        let witnesses: Vec<&CosignerKey> = self.members.values().filter_map(Member::key).collect();
        let signed = match note.verify(&witnesses) {
            Ok(signed) => signed,
            Err(NoteError::NotSigned) => vec![],
            Err(error) => return Err(CheckpointError::Note(error)),
        };
        Ok(self.quorum.as_ref().is_none_or(|name| self.witnesses(name, &signed)))
    }

    /// Returns the witnesses whose URLs the policy says, in the order of their names.
    pub fn reachable(&self) -> impl Iterator<Item = (&CosignerKey, &str)> {
        self.members.values().filter_map(|member| match member {
            Member::Witness { key, url: Some(url) } => Some((key, url.as_str())),
            Member::Witness { url: None, .. } | Member::Group { .. } => None,
        })
    }

    /// Returns whether a witness, or enough members of a group, are among those who have signed. Groups only have members
    /// that were defined before them, so this ends.
    fn witnesses(&self, name: &str, signed: &[&CosignerKey]) -> bool {
        match self.members.get(name) {
            Some(Member::Witness { key, .. }) => signed.contains(&key),
            Some(Member::Group { threshold, members }) => {
                members.iter().filter(|member| self.witnesses(member, signed)).count() >= *threshold
            }
            None => false,
        }
    }
}

impl Member {
    const fn key(&self) -> Option<&CosignerKey> {
        match self {
            Self::Witness { key, .. } => Some(key),
            Self::Group { .. } => None,
        }
    }
}
