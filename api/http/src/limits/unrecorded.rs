//! Refusals that are not put on record, because an account has too many of them in a time: they are counted, and the log is
//! told.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::Action;

/// How many refusals of each account were left out since the last one that was put on record; an account without any is not
/// here.
#[derive(Default)]
pub(super) struct Unrecorded(Mutex<HashMap<(Action, String), u64>>);

impl Unrecorded {
    /// Notes whether a refusal is put on record.
    pub(super) fn note(&self, action: Action, account: &str, is_recorded: bool) {
        match self.count(action, account, is_recorded) {
            0 => {}
            1 if !is_recorded => {
                tracing::warn!(account, kind = ?action, "refusals of this account are not put on record for a time, there are too many");
            }
            left_out if is_recorded => {
                tracing::warn!(account, kind = ?action, left_out, "refusals of this account were not put on record");
            }
            _ => {}
        }
    }

    /// Returns how many were left out until now.
    fn count(&self, action: Action, account: &str, is_recorded: bool) -> u64 {
        let mut left_out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (action, account.to_owned());
        if is_recorded {
            return left_out.remove(&key).unwrap_or(0);
        }
        let count = left_out.entry(key).or_default();
        *count += 1;
        *count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_counted_until_something_is_on_record_again() {
        let unrecorded = Unrecorded::default();
        let note = |action, is_recorded| unrecorded.count(action, "user:1", is_recorded);
        assert_eq!(note(Action::RefusedAccess, true), 0);
        assert_eq!([note(Action::RefusedAccess, false), note(Action::RefusedAccess, false)], [1, 2]);
        assert_eq!(note(Action::MissingRight, true), 0, "each kind is counted for itself");
        assert_eq!([note(Action::RefusedAccess, true), note(Action::RefusedAccess, true)], [2, 0]);
    }
}
