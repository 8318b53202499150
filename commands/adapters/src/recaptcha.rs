//! Google's reCAPTCHA and services with the same protocol (hCaptcha, Turnstile).

use std::time::Duration;

use async_trait::async_trait;
use reqwest::redirect;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use ports::{Captcha, CaptchaError};

const TIMEOUT: Duration = Duration::from_secs(5);

/// A registered site.
pub struct Recaptcha {
    http: reqwest::Client,
    url: String,
    secret: SecretString,
}

#[derive(Deserialize)]
struct Verdict {
    success: bool,
}

fn failed(error: reqwest::Error) -> CaptchaError {
    CaptchaError(Box::new(error.without_url()))
}

impl Recaptcha {
    /// Uses the service at `url`, the address of `siteverify`. The process's TLS provider has to be installed before.
    ///
    /// # Errors
    /// [`CaptchaError`] if no HTTP client can be built.
    pub fn new(url: &str, secret: SecretString) -> Result<Self, CaptchaError> {
        let http =
            reqwest::Client::builder().timeout(TIMEOUT).redirect(redirect::Policy::none()).build().map_err(failed)?;
        Ok(Self { http, url: url.to_owned(), secret })
    }
}

#[async_trait]
impl Captcha for Recaptcha {
    async fn is_solved(&self, response: &str, address: Option<&str>) -> Result<bool, CaptchaError> {
        let mut form = reqwest::multipart::Form::new()
            .text("secret", self.secret.expose_secret().to_owned())
            .text("response", response.to_owned());
        if let Some(address) = address {
            form = form.text("remoteip", address.to_owned());
        }
        let answer = self
            .http
            .post(&self.url)
            .multipart(form)
            .send()
            .await
            .map_err(failed)?
            .error_for_status()
            .map_err(failed)?;
        Ok(answer.json::<Verdict>().await.map_err(failed)?.success)
    }
}
