//! The known end of the log, as a whole and by aggregate type. A change of it wakes the readers of the log.

use std::collections::BTreeMap;

/// The PostgreSQL notification channel that wakes other processes after an append.
pub(crate) const NOTIFY_CHANNEL: &str = "ayushma_log";

/// The newest position that this process knows of, and the newest of each aggregate type.
///
/// Positions are committed in order, so everything up to the position can be read. If a notification was lost, a type
/// may have newer events than is known here; therefore readers also poll.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    pub position: i64,
    types: BTreeMap<String, i64>,
}

impl Head {
    /// Returns the head after a batch that ends at this position and has events of these types.
    pub(crate) fn of_batch<'a>(position: i64, types: impl IntoIterator<Item = &'a str>) -> Self {
        Self { position, types: types.into_iter().map(|name| (name.to_owned(), position)).collect() }
    }

    /// Returns the newest position at which there may be an event of one of these types; 0 if none is known.
    pub(crate) fn newest_of(&self, types: &[String]) -> i64 {
        types.iter().filter_map(|name| self.types.get(name)).copied().max().unwrap_or(0)
    }

    /// Merges another head into this one. Returns whether it contained anything new.
    pub(crate) fn merge(&mut self, other: &Self) -> bool {
        let mut is_new = other.position > self.position;
        self.position = self.position.max(other.position);
        for (name, position) in &other.types {
            if self.types.get(name).is_none_or(|known| known < position) {
                self.types.insert(name.clone(), *position);
                is_new = true;
            }
        }
        is_new
    }

    /// Returns the text of the notification to other processes: the position and the types.
    pub(crate) fn to_notice(&self) -> String {
        let types: Vec<&str> = self.types.keys().map(String::as_str).collect();
        format!("{} {}", self.position, types.join(" "))
    }

    /// Parses the text of a notification; `None` if it is malformed.
    pub(crate) fn from_notice(text: &str) -> Option<Self> {
        let mut parts = text.split_ascii_whitespace();
        let position = parts.next()?.parse().ok()?;
        Some(Self::of_batch(position, parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_notice_is_read_as_it_was_written() {
        let head = Head::of_batch(17, ["chat", "user"]);
        assert_eq!(Head::from_notice(&head.to_notice()), Some(head));
        assert_eq!(Head::from_notice(""), None);
        assert_eq!(Head::from_notice("seventeen chat"), None);
    }

    #[test]
    fn only_what_is_newer_counts_and_each_type_has_its_own_newest() {
        let mut head = Head::default();
        assert!(head.merge(&Head::of_batch(5, ["chat"])));
        assert!(head.merge(&Head::of_batch(9, ["user"])));
        assert!(!head.merge(&Head::of_batch(5, ["chat"])));
        assert_eq!(head.position, 9);
        assert_eq!(head.newest_of(&names(&["chat"])), 5);
        assert_eq!(head.newest_of(&names(&["chat", "user"])), 9);
        assert_eq!(head.newest_of(&names(&["project"])), 0);
    }

    #[test]
    fn a_late_notice_still_tells_of_its_types() {
        let mut head = Head::of_batch(9, ["user"]);
        assert!(head.merge(&Head::of_batch(5, ["chat"])));
        assert_eq!((head.position, head.newest_of(&names(&["chat"]))), (9, 5));
    }
}
