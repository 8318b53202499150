//! Test runs with their progress and results.

mod projector;
mod results;
mod runs;

pub(crate) use projector::TestRunsProjector;
pub use results::{ResultView, run_of_result};
pub use runs::{RunView, find, of_ids, ordering_column, page, weight};
