//! What the repository promises about itself: who imports whom, how long things are, and that
//! documents, generated files, inputs and catalogues say what the binaries do.

mod action;
mod catalogue;
mod documents;
mod generated;
mod imports;
mod repository;
mod schema;
mod sizes;
mod source;
mod words;
