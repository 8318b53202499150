//! The mark of a request in work.

use std::{any::Any, sync::Arc};

/// That a request is in work: until the last copy is dropped. Whoever does the work of a request holds one, so that a client that has
/// hung up, or given up a stream, does not get rid of what it has begun.
#[derive(Clone)]
pub(crate) struct InWork {
    _request: Arc<dyn Any + Send + Sync>,
}

impl InWork {
    /// What is dropped with the last copy counts the request as ended.
    pub(super) fn until_dropped(request: impl Any + Send + Sync) -> Self {
        Self { _request: Arc::new(request) }
    }
}
