//! Checks the addresses among the settings for the schemes that each setting accepts, before anything is started.

use anyhow::{Context as _, bail, ensure};
use http_api::config::HttpSettings;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::Settings;

const POSTGRES: &[&str] = &["postgres", "postgresql"];
const POSTGRES_FORM: &str = "postgres://user:password@host:port/database";
const WEB: &[&str] = &["http", "https"];
const WEB_FORM: &str = "https://host:port";
const MAIL: &[&str] = &["smtp", "smtps"];
const MAIL_FORM: &str = "smtp://user:password@host:587?tls=required";

/// Checks the public URL, if there is one.
///
/// # Errors
/// If it is not an http or https URL.
pub(crate) fn check_public_url(http: &HttpSettings) -> anyhow::Result<()> {
    let Some(url) = http.public_url() else { return Ok(()) };
    check(url, WEB, WEB_FORM).context("PUBLIC_URL")
}

impl Settings {
    /// Checks all addresses among the settings. Errors do not quote an address, because it may hold a password.
    ///
    /// # Errors
    /// If `DATABASE_URL` is blank, or an address is malformed or has a scheme that its setting does not accept.
    pub fn check_addresses(&self) -> anyhow::Result<()> {
        // With a blank value, from a script perhaps, the command would write into the built-in database instead.
        ensure!(
            self.database_url.as_ref().is_none_or(|url| !url.expose_secret().trim().is_empty()),
            "DATABASE_URL is given, but blank: give {POSTGRES_FORM}, or leave it out for the built-in PostgreSQL in DATA_DIR"
        );
        let (outside, languages) = (&self.outside, &self.languages);
        for (name, address, schemes, form) in [
            ("DATABASE_URL", exposed(self.database_url.as_ref()), POSTGRES, POSTGRES_FORM),
            ("PGVECTOR_URL", exposed(self.vectors.pgvector_url.as_ref()), POSTGRES, POSTGRES_FORM),
            ("S3_ENDPOINT", self.s3_endpoint.as_deref(), WEB, WEB_FORM),
            ("OPENAI_BASE_URL", self.openai_base_url.as_deref(), WEB, WEB_FORM),
            ("GOOGLE_SPEECH_URL", languages.google_speech_url.as_deref(), WEB, WEB_FORM),
            ("GOOGLE_TRANSLATE_URL", languages.google_translate_url.as_deref(), WEB, WEB_FORM),
            ("GOOGLE_TTS_URL", languages.google_tts_url.as_deref(), WEB, WEB_FORM),
            ("SELF_HOSTED_STT_URL", languages.self_hosted_stt_url.as_deref(), WEB, WEB_FORM),
            ("RECAPTCHA_URL", Some(outside.recaptcha_url.as_str()), WEB, WEB_FORM),
            ("FRONTEND_URL", Some(outside.frontend_url.as_str()), WEB, WEB_FORM),
            ("SMTP_URL", exposed(outside.smtp_url.as_ref()), MAIL, MAIL_FORM),
        ] {
            if let Some(address) = address.map(str::trim).filter(|address| !address.is_empty()) {
                check(address, schemes, form).context(name)?;
            }
        }
        Ok(())
    }
}

fn exposed(address: Option<&SecretString>) -> Option<&str> {
    address.map(ExposeSecret::expose_secret)
}

/// Checks that the address is a URL with one of the schemes; the error shows `form` as an example.
fn check(address: &str, schemes: &[&str], form: &str) -> anyhow::Result<()> {
    let Some((scheme, rest)) = address.split_once("://") else { bail!("it is not of the form {form}") };
    if !schemes.contains(&scheme.to_ascii_lowercase().as_str()) {
        let is_a_word =
            scheme.len() <= 20 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let scheme = if is_a_word { scheme } else { "something else" };
        bail!("it is an address of {scheme}, and must be of the form {form}");
    }
    ensure!(!rest.is_empty() && Url::parse(address).is_ok(), "it is not of the form {form}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_something_else_are_refused_without_being_quoted() {
        for address in [
            "mysql://u:s3cret@h/d",
            "postgress://u:s3cret@h/d",
            "u:s3cret@h/d",
            "postgres:/h",
            "postgres://",
            "postgres://u:s3cret@h:port/d",
            "https://u:s3cret@h/d",
        ] {
            let refused = check(address, POSTGRES, POSTGRES_FORM).expect_err(address).to_string();
            assert!(refused.contains(POSTGRES_FORM) && !refused.contains("s3cret"), "{refused}");
        }
        let refused = check("mysql://x", POSTGRES, POSTGRES_FORM).expect_err("it is another one").to_string();
        assert!(refused.contains("mysql"), "{refused}");
    }

    #[test]
    fn usual_addresses_pass() {
        for address in
            ["postgres://u:p@h:5432/d?sslmode=require", "postgresql:///d?host=/run/postgresql", "POSTGRES://h/d"]
        {
            check(address, POSTGRES, POSTGRES_FORM).expect(address);
        }
        for address in ["http://127.0.0.1:11434/v1", "https://api.openai.com/v1", "http://[::1]:8080"] {
            check(address, WEB, WEB_FORM).expect(address);
        }
        assert!(check("localhost:11434/v1", WEB, WEB_FORM).is_err());
    }
}
