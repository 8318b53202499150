//! The mark that keeps a request counted as in work.

use std::{any::Any, sync::Arc};

/// A mark that a request is in work until the last clone is dropped. Every task that does work for a request holds a
/// clone, so that a request still counts after its client has disconnected or reset the stream.
#[derive(Clone)]
pub(crate) struct InWork {
    _request: Arc<dyn Any + Send + Sync>,
}

impl InWork {
    /// Creates a mark that drops `request` with its last clone; the drop counts the request as ended.
    pub(super) fn until_dropped(request: impl Any + Send + Sync) -> Self {
        Self { _request: Arc::new(request) }
    }
}
