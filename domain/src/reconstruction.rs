//! What an aggregate was at an earlier moment, in full: the state that its own fold of the events until then leads to, and
//! what these events tell beside it.
//!
//! Only the aggregate's own `apply` decides whether it exists and what it is set to, as it does today; nothing here is a
//! second fold of the same fields.

mod kinds;

use cqrs_es::DomainEvent as _;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::aggregate::StoredAggregate;

/// The fields of an aggregate, by the names that its events give them.
pub type Fields = Map<String, Value>;

/// Whether an aggregate exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Existence {
    /// It has not begun.
    Absent,
    /// It exists.
    Existing,
    /// It was deleted.
    Deleted,
    /// It was erased: no text of it can be read any more.
    Erased,
}

/// An aggregate that can be shown as it was.
pub trait Reconstructable: StoredAggregate {
    /// Whether it exists in this state.
    fn existence(&self) -> Existence;

    /// What it is in this state; none if the state keeps nothing of it.
    ///
    /// # Errors
    /// [`serde_json::Error`] if a part of the state cannot be written as JSON.
    fn fields(&self) -> Result<Fields, serde_json::Error>;

    /// Notes what the event tells that no decision needs, so that the state has it not.
    ///
    /// # Errors
    /// [`serde_json::Error`] if it cannot be written as JSON.
    fn note(_: &Self::Event, _: &mut Fields) -> Result<(), serde_json::Error> {
        Ok(())
    }
}

/// An aggregate that is folded from its events up to a moment.
#[derive(Debug, Clone, Default)]
pub struct Reconstruction<A> {
    aggregate: A,
    /// What it was when it ended, because the state of what ended keeps little.
    at_its_end: Option<Fields>,
    beside: Fields,
}

impl<A: Reconstructable> Reconstruction<A> {
    /// Folds one more event.
    ///
    /// # Errors
    /// [`serde_json::Error`] if a part of it cannot be written as JSON.
    pub fn apply(&mut self, event: A::Event) -> Result<(), serde_json::Error> {
        A::note(&event, &mut self.beside)?;
        let may_end = ["Deleted", "SubjectErased"].contains(&event.event_type().as_str());
        if may_end && self.aggregate.existence() == Existence::Existing {
            self.at_its_end = Some(self.aggregate.fields()?);
        }
        self.aggregate.apply(event);
        Ok(())
    }

    /// Whether it exists.
    pub fn existence(&self) -> Existence {
        self.aggregate.existence()
    }

    /// What it is, or what it was when it ended; none if it has not begun.
    ///
    /// # Errors
    /// [`serde_json::Error`] if a part of the state cannot be written as JSON.
    pub fn fields(&self) -> Result<Fields, serde_json::Error> {
        let mut fields = match (self.existence(), &self.at_its_end) {
            (Existence::Deleted | Existence::Erased, Some(at_its_end)) => at_its_end.clone(),
            _ => self.aggregate.fields()?,
        };
        fields.extend(self.beside.clone());
        Ok(fields)
    }
}
