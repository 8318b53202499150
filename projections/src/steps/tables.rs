//! The tables of all views as auditors name them: how a row is found, and whose events it follows from.

use std::str::FromStr;

use domain::AggregateType;
use uuid::Uuid;

/// A table of a view.
#[derive(Debug, PartialEq, Eq)]
pub struct ViewTable {
    pub name: &'static str,
    /// The columns of its primary key.
    pub key: &'static [KeyColumn],
    /// The type of the aggregates whose events make its rows.
    pub made_by: AggregateType,
    /// Where the id of that aggregate is.
    pub(super) origin: Origin,
}

/// A column of a primary key.
#[derive(Debug, PartialEq, Eq)]
pub struct KeyColumn {
    pub name: &'static str,
    pub(super) kind: KeyKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Uuid,
    Number,
    /// Anything, also colons.
    Text,
}

/// Where the id of the aggregate is that has made a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// In the first column of the key.
    Key,
    /// In this column of the row.
    Column(&'static str),
    /// At the position of the log that the first column of the key names.
    Event,
}

/// The key of a row: the values of its columns with colons between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowKey(pub(super) Vec<String>);

/// The text is no key of the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a row of {table} is named by {}", .columns.join(":"))]
pub struct MalformedKey {
    table: &'static str,
    columns: Vec<&'static str>,
}

const fn column(name: &'static str, kind: KeyKind) -> KeyColumn {
    KeyColumn { name, kind }
}

const ID: &[KeyColumn] = &[column("id", KeyKind::Uuid)];

/// A table whose key is the id of the aggregate.
const fn whole(name: &'static str, made_by: AggregateType) -> ViewTable {
    ViewTable { name, key: ID, made_by, origin: Origin::Key }
}

/// A table of parts of aggregates, with the id of the aggregate in a column.
const fn part(name: &'static str, made_by: AggregateType, of: &'static str) -> ViewTable {
    ViewTable { name, key: ID, made_by, origin: Origin::Column(of) }
}

/// All tables, in the order in which they are shown.
pub const TABLES: &[ViewTable] = &[
    whole("users", AggregateType::User),
    whole("projects", AggregateType::Project),
    ViewTable {
        name: "assistants",
        key: &[column("project_id", KeyKind::Uuid), column("id", KeyKind::Text)],
        made_by: AggregateType::Project,
        origin: Origin::Key,
    },
    whole("documents", AggregateType::Document),
    ViewTable {
        name: "document_versions",
        key: &[column("document_id", KeyKind::Uuid), column("version", KeyKind::Number)],
        made_by: AggregateType::Document,
        origin: Origin::Key,
    },
    whole("chats", AggregateType::Chat),
    part("messages", AggregateType::Chat, "chat_id"),
    part("chat_feedback", AggregateType::Chat, "chat_id"),
    whole("services", AggregateType::Service),
    part("service_keys", AggregateType::Service, "service_id"),
    whole("test_suites", AggregateType::TestSuite),
    part("test_questions", AggregateType::TestSuite, "suite_id"),
    part("test_attachments", AggregateType::TestSuite, "suite_id"),
    whole("test_runs", AggregateType::TestRun),
    part("test_results", AggregateType::TestRun, "run_id"),
    whole("run_feedback", AggregateType::Feedback),
    ViewTable {
        name: "accesses",
        key: &[column("position", KeyKind::Number), column("place", KeyKind::Number)],
        made_by: AggregateType::Access,
        origin: Origin::Event,
    },
];

impl ViewTable {
    /// The table with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }

    /// The key in this text.
    ///
    /// # Errors
    /// [`MalformedKey`] if the text has fewer columns, or one that is none of its type.
    pub fn key_of(&self, text: &str) -> Result<RowKey, MalformedKey> {
        let values: Vec<String> = text.splitn(self.key.len(), ':').map(str::to_owned).collect();
        let fits = |(column, value): (&KeyColumn, &String)| column.kind.has(value);
        if values.len() == self.key.len() && self.key.iter().zip(&values).all(fits) {
            return Ok(RowKey(values));
        }
        Err(MalformedKey { table: self.name, columns: self.key.iter().map(|column| column.name).collect() })
    }

    /// The condition that a row has the key whose values are the parameters.
    pub(super) fn condition(&self) -> String {
        let equal = |(place, column): (usize, &KeyColumn)| {
            format!("{} = ${}::text::{}", column.name, place + 1, column.kind.sql_type())
        };
        self.key.iter().enumerate().map(equal).collect::<Vec<_>>().join(" AND ")
    }
}

impl KeyKind {
    fn has(self, value: &str) -> bool {
        match self {
            Self::Uuid => Uuid::try_parse(value).is_ok(),
            Self::Number => i64::from_str(value).is_ok(),
            Self::Text => !value.is_empty() && !value.contains('\0'),
        }
    }

    const fn sql_type(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Number => "bigint",
            Self::Text => "text",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_a_value_of_each_column_and_the_last_one_may_have_colons() {
        let table = |name: &str| ViewTable::named(name).expect("it is one");
        let id = Uuid::from_u128(7).to_string();
        assert_eq!(table("users").key_of(&id), Ok(RowKey(vec![id.clone()])));
        assert_eq!(table("document_versions").key_of(&format!("{id}:2")), Ok(RowKey(vec![id.clone(), "2".into()])));
        assert_eq!(table("assistants").key_of(&format!("{id}:a:b")), Ok(RowKey(vec![id.clone(), "a:b".into()])));
        for (name, text) in [
            ("users", "asha"),
            ("users", ""),
            ("document_versions", id.as_str()),
            ("accesses", "1"),
            ("accesses", "1:99999999999999999999"),
            ("assistants", &format!("{id}:")),
        ] {
            let refused = table(name).key_of(text).expect_err(text).to_string();
            assert!(refused.contains(name), "{refused}");
        }
    }
}
