//! The check that a visitor is a person.

use std::{error::Error, sync::Arc};

use async_trait::async_trait;

/// The service that checks captchas cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("the captcha cannot be checked at the moment")]
pub struct CaptchaError(#[source] pub Box<dyn Error + Send + Sync>);

/// Checks the response that a captcha on a page has given its visitor.
#[async_trait]
pub trait Captcha: Send + Sync {
    /// Whether the response is valid: solved for this site and recently. `address` is the visitor's IP address.
    async fn is_solved(&self, response: &str, address: Option<&str>) -> Result<bool, CaptchaError>;
}

pub type SharedCaptcha = Arc<dyn Captcha>;
