//! Services: clients of hospitals that ask with API keys, on behalf of the user who owns them.

mod aggregate;
mod event;
mod personal;
#[cfg(test)]
mod spec;

pub use aggregate::{Service, ServiceAuthority, ServiceChanges, ServiceCommand, ServiceError, ServiceRequest};
pub use event::{ServiceEvent, Terms};
