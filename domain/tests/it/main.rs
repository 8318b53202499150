//! What must hold over all of the domain, and over the workspace around it.
//!
//! The rules of one aggregate are in its `spec`; here are the stored form of events, properties of every aggregate and
//! value, and the architecture.

mod accesses;
mod arbitrary;
mod arbitrary_tests;
mod architecture;
mod circles;
mod clear_form;
mod erasures;
mod metrics;
mod module_map;
mod personal_fields;
mod properties;
mod samples;
mod samples_tests;
mod sources;
mod states;
mod stored_choices;
mod stored_events;
mod upcasting;
