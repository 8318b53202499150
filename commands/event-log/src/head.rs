//! How far the log is known to reach, as a whole and by aggregate type: what wakes those who read it.

use std::collections::BTreeMap;

/// The channel on which other processes are woken after an append.
pub(crate) const NOTIFY_CHANNEL: &str = "ayushma_log";

/// The newest position that this process knows of, and the newest of each aggregate type.
///
/// Positions are committed in their order, so everything up to the position can be read. A type may be further than is
/// known here, if its notification was lost: readers look for themselves now and then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    pub position: i64,
    types: BTreeMap<String, i64>,
}

impl Head {
    /// The log reaches to this position, and the batch that ends there has events of these types.
    pub(crate) fn of_batch<'a>(position: i64, types: impl IntoIterator<Item = &'a str>) -> Self {
        Self { position, types: types.into_iter().map(|name| (name.to_owned(), position)).collect() }
    }

    /// The newest position at which there may be an event of one of these types.
    pub(crate) fn newest_of(&self, types: &[String]) -> i64 {
        types.iter().filter_map(|name| self.types.get(name)).copied().max().unwrap_or(0)
    }

    /// Takes in what else is known. Says whether it was new.
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

    /// What other processes are told: the position and the types.
    pub(crate) fn to_notice(&self) -> String {
        let types: Vec<&str> = self.types.keys().map(String::as_str).collect();
        format!("{} {}", self.position, types.join(" "))
    }

    /// Reads a notice; `None` if it is none.
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
