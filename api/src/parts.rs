//! The parts that the whole system has, in whichever processes they run.

use std::sync::Arc;

use commands::{
    accounts::{AddressChanges, PasswordResets},
    answering::InterruptedAnswers,
    documents::{EmbeddingHandler, Ingestion, PageRefresh, ProjectCleanup, Removal},
    erasure::ErasureCompletion,
    evaluation::RunQuestions,
    event_log::{EventConsumer, Expected},
    jobs::Worker,
    passage_store::IndexBuilder,
    uploads::{MediaRemoval, MediaRemovalHandler},
};
use projections::projectors;

use crate::{config::Settings, projection::Projection};

/// The consumers that write views.
pub fn projections() -> Vec<Arc<dyn EventConsumer>> {
    projectors().into_iter().map(|projector| Arc::new(Projection(projector)) as Arc<dyn EventConsumer>).collect()
}

/// The consumers that turn events into jobs.
pub fn handlers() -> Vec<Arc<dyn EventConsumer>> {
    vec![Arc::new(EmbeddingHandler), Arc::new(MediaRemovalHandler)]
}

/// All consumers of events: those that write views, and those that enqueue jobs.
pub fn consumers() -> Vec<Arc<dyn EventConsumer>> {
    projections().into_iter().chain(handlers()).collect()
}

/// The parts that the status expects to be alive: the consumers, the workers, and with Kafka the relay.
pub fn expected_parts(settings: &Settings) -> Expected {
    let names = |consumers: Vec<Arc<dyn EventConsumer>>| consumers.iter().map(|consumer| consumer.name()).collect();
    let housekeeping = [
        InterruptedAnswers::KINDS,
        Removal::KINDS,
        ProjectCleanup::KINDS,
        MediaRemoval::KINDS,
        ErasureCompletion::KINDS,
    ]
    .concat();
    let mails = [PasswordResets::KINDS, AddressChanges::KINDS].concat();
    let embedding = [Ingestion::KINDS, IndexBuilder::KINDS].concat();
    let revisiting = settings.revisit_pages.then(|| PageRefresh::KINDS.to_vec());
    let workers = [housekeeping, mails, RunQuestions::KINDS.to_vec()].into_iter().chain(revisiting).chain([embedding]);
    Expected {
        projections: names(projections()),
        handlers: names(handlers()),
        relay: settings.kafka().is_some(),
        workers: workers.map(Worker::name_of).collect(),
    }
}
