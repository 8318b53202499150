//! Tests of the API as its users see it, in one binary.

mod cli;
mod streams;
