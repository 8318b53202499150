//! Bundles: what is written is accepted, by us and by a program in plain Python; what was altered is refused by both.

mod altered;
mod cover;
mod large;
mod support;
mod written;
