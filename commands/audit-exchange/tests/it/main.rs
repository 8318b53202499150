//! Events in the formats of others, as programs of others judge them.

mod fhir;
mod ocsf;
mod support;
