//! The check that a person is at the other end.

use std::{error::Error, sync::Arc};

use async_trait::async_trait;

/// Whoever knows the answer cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("the captcha cannot be checked at the moment")]
pub struct CaptchaError(#[source] pub Box<dyn Error + Send + Sync>);

/// Checks what the captcha on a page has given its visitor.
#[async_trait]
pub trait Captcha: Send + Sync {
    /// Whether it was solved, for this site and not long ago. `address` is the visitor's.
    async fn is_solved(&self, response: &str, address: Option<&str>) -> Result<bool, CaptchaError>;
}

pub type SharedCaptcha = Arc<dyn Captcha>;
