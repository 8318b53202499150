//! Files that have the events of a bundle in the audit formats of others, too.

use crate::paths;

/// An audit format of others. What a line says is the caller's business: a bundle holds lines, and signs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// FHIR R4 resources.
    Fhir,
    /// OCSF events.
    Ocsf,
}

impl Format {
    pub const ALL: [Self; 2] = [Self::Fhir, Self::Ocsf];

    /// Returns the path of the file in a bundle.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Fhir => paths::FHIR,
            Self::Ocsf => paths::OCSF,
        }
    }
}
