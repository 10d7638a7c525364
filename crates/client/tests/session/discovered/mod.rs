//! From a 401 to the data: resources that say themselves who issues their tokens (RFC 9728).

mod api;
mod clients;
mod closer;
mod finding;
mod hostile;
mod moved;
mod paths;
mod processes;
mod profiles;
mod widening;
