//! Bad input never panics, never changes anything, and is told in one line that says where it is.

mod case;
mod contents;
mod flags;
mod keys;
mod mutation;
mod ran;
mod references;
mod refusal;
mod sandbox;
mod secrets;
mod sections;
mod streams;
mod surroundings;
mod traps;
mod values;
mod variables;
