//! The write side: all that may change the world.

pub mod ports;
