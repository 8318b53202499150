//! Filling in a form out of a conversation, for hospitals' clients: one JSON object, without documents or a chat.

use serde_json::Value;

use super::{Answering, KeyChoice, NoKey, message_of};
use ports::JsonRequest;

/// As many as the original asked for.
const MAX_TOKENS: u32 = 4_096;
const SYSTEM: &str = "\
You fill in forms for nurses and doctors. The conversation holds the fields of a form with their descriptions, and what \
was said or written about a patient. Answer with one JSON object: its keys are the ids of those fields, and its values \
are what the text says of them, in the type and with the options that the description of the field allows. Leave out \
every field of which the text says nothing. Never guess, and never give advice.";

/// Why a form was not filled in. The texts are fit for clients.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    #[error("No language model is configured that could fill in a form.")]
    NoModel,
    #[error(transparent)]
    NoKey(#[from] NoKey),
    /// A provider failed; what it said is in the log.
    #[error("{0}")]
    Provider(&'static str),
}

impl Answering {
    /// Lets the model fill in a form. `messages` are objects with `role` and `content`.
    ///
    /// # Errors
    /// [`FormError`].
    pub async fn fill_form(
        &self,
        messages: Vec<Value>,
        sent_key: Option<String>,
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
