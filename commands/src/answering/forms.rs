//! Fills in a form from a conversation, for clients of hospitals: one JSON object, without documents or a chat.

use secrecy::SecretString;
use serde_json::Value;

use super::{Answering, KeyChoice, NoKey, message_of};
use ports::JsonRequest;

/// Tokens of an answer; the original requested as many.
const MAX_TOKENS: u32 = 4_096;
const SYSTEM: &str = "\
You fill in forms for nurses and doctors. The conversation holds the fields of a form with their descriptions, and what \
was said or written about a patient. Answer with one JSON object: its keys are the ids of those fields, and its values \
are what the text says of them, in the type and with the options that the description of the field allows. Leave out \
every field of which the text says nothing. Never guess, and never give advice.";

/// The reason for which a form was not filled in. The texts may be shown to clients.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    #[error("No language model is configured that could fill in a form.")]
    NoModel,
    #[error(transparent)]
    NoKey(#[from] NoKey),
    /// A provider failed; its own text is in the log.
    #[error("{0}")]
    Provider(&'static str),
}

impl Answering {
    /// Lets the model fill in a form. `messages` are objects with `role` and `content`.
    ///
    /// # Errors
    /// - [`FormError::NoModel`]: only the built-in answerer is configured.
    /// - [`FormError::NoKey`]: the provider needs a key and there is none.
    /// - [`FormError::Provider`]: the provider failed, or did not return an object.
    pub async fn fill_form(
        &self,
        messages: Vec<Value>,
        sent_key: Option<SecretString>,
        allow_key: bool,
    ) -> Result<String, FormError> {
        if self.model.is_built_in() {
            return Err(FormError::NoModel);
        }
        let key = KeyChoice::choose(sent_key, None, self.server_key.clone().filter(|_| allow_key))?;
        let request = JsonRequest {
            model: self.form_model.clone(),
            system: SYSTEM.to_owned(),
            messages,
            max_tokens: MAX_TOKENS,
            api_key: key.into_key(),
        };
        self.model.complete_json(request).await.map_err(|error| {
            tracing::warn!(error = %crate::error_chain(&error), "a form was not filled in");
            FormError::Provider(message_of((&error).into()))
        })
    }
}
