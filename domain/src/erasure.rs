//! Erasure: the case of a subject's erasure, from the request to the certificate, and the legal holds that stop it.

mod aggregate;
mod event;
mod personal;
#[cfg(test)]
mod spec;
mod state;

pub use aggregate::{CaseError, ErasureCommand};
pub use event::{
    ApprovalRule, ErasureEvent, ErasureReason, FileNumber, HoldReason, MalformedFileNumber, Store, StoreFault,
    SubjectKind,
};
pub use state::{ErasureCase, ErasureRequest, Hold, Stage, StoreState};
