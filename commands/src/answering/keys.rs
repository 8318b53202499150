//! The provider key that an answer is charged to.

use secrecy::{ExposeSecret as _, SecretString};

/// A key is needed and none may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no provider key can be used")]
pub struct NoKey;

/// The provider key that an answer is made with.
#[derive(Debug, Clone)]
pub enum KeyChoice {
    /// The built-in answerer needs no key.
    NotNeeded,
    Key(SecretString),
}

impl KeyChoice {
    /// Chooses the client's key before the project's, and that before the server's (which not all users may use).
    pub(super) fn choose(
        sent: Option<SecretString>,
        projects: Option<SecretString>,
        servers: Option<SecretString>,
    ) -> Result<Self, NoKey> {
        [sent, projects, servers]
            .into_iter()
            .flatten()
            .find(|key| !key.expose_secret().trim().is_empty())
            .map(Self::Key)
            .ok_or(NoKey)
    }

    /// The provider's key, if one is needed.
    pub fn into_key(self) -> Option<SecretString> {
        match self {
            Self::NotNeeded => None,
            Self::Key(key) => Some(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(sent: Option<&str>, projects: Option<&str>, servers: Option<&str>) -> Result<Option<String>, NoKey> {
        let [sent, projects, servers] = [sent, projects, servers].map(|key| key.map(SecretString::from));
        let choice = KeyChoice::choose(sent, projects, servers)?;
        Ok(choice.into_key().map(|key| key.expose_secret().to_owned()))
    }

    #[test]
    fn the_clients_key_comes_first_then_the_projects_then_the_servers() {
        assert_eq!(chosen(Some("c"), Some("p"), Some("s")), Ok(Some("c".to_owned())));
        assert_eq!(chosen(None, Some("p"), Some("s")), Ok(Some("p".to_owned())));
        assert_eq!(chosen(None, None, Some("s")), Ok(Some("s".to_owned())));
    }

    #[test]
    fn a_blank_key_is_none() {
        assert_eq!(chosen(Some(" "), Some(""), None), Err(NoKey));
    }
}
