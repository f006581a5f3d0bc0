//! What is fuzzed: plain functions from bytes to nothing, which panic where something does not hold. The fuzzer calls them
//! (`fuzz_targets`), and so does a test, with everything in `corpus`.

pub mod connection;
pub mod context;
pub mod dockerfile;
pub mod json;
pub mod path;
pub mod query;

mod recorder;
mod round;
