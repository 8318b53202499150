//! Users with accounts, their roles and their logins.

mod aggregate;
mod event;
mod held_roles;
mod personal;
#[cfg(test)]
mod spec;

pub use aggregate::{Account, Authority, MAX_SESSIONS, User, UserChanges, UserCommand, UserError};
pub use event::{Roles, UserEvent};
pub use held_roles::{HeldRoles, Role};
