//! Why an upstream has not answered.

use std::error::Error as _;
use std::io;

use hyper_util::client::legacy;

use super::Fault;
use super::pulse::Pulse;

/// Whether the upstream has closed the connection before it answered: what one does that has had enough of a
/// connection, at the moment that a request is sent on it.
pub(super) fn was_closed(error: &legacy::Error) -> bool {
    if error.is_connect() {
        return false;
    }
    let closed = |kind| {
        matches!(
            kind,
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
        )
    };
    causes(error).any(|cause| {
        let own = cause.downcast_ref::<hyper::Error>();
        own.is_some_and(hyper::Error::is_incomplete_message)
            || cause
                .downcast_ref::<io::Error>()
                .is_some_and(|io| closed(io.kind()))
    })
}

/// The answer in place of the upstream's. It tells nothing of where that is.
pub(super) fn fault(error: &legacy::Error, pulse: &Pulse) -> Fault {
    if pulse.is_too_large() {
        return Fault::too_large();
    }
    let io = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>());
    let kind = io.map(io::Error::kind);
    if !error.is_connect() {
        return match was_closed(error) {
            true => Fault::upstream("the upstream closed the connection before it answered"),
            false => Fault::upstream("the upstream's answer is no HTTP that can be passed on"),
        };
    }
    if causes(error).any(|cause| cause.is::<rustls::Error>()) {
        return Fault::upstream(
            "the upstream cannot be reached: its certificate or TLS is not accepted",
        );
    }
    match kind {
        Some(io::ErrorKind::TimedOut) => {
            Fault::upstream_is_silent("the upstream cannot be reached: it took too long to connect")
        }
        Some(io::ErrorKind::ConnectionRefused) => {
            Fault::upstream("the upstream cannot be reached: it refused the connection")
        }
        _ => Fault::upstream("the upstream cannot be reached"),
    }
}

/// What caused an error, the last cause at the end.
fn causes(error: &legacy::Error) -> impl Iterator<Item = &Cause> {
    std::iter::successors(error.source(), |cause| next(*cause))
}

type Cause = dyn std::error::Error + 'static;

fn next(cause: &Cause) -> Option<&Cause> {
    let within = cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match within {
        // What an I/O error has within is its cause, which `source` passes over.
        Some(within) => Some(within),
        None => cause.source(),
    }
}

/// An error with its causes, for the log.
pub(super) fn reasons(error: &legacy::Error) -> String {
    let causes = causes(error).map(|cause| format!(": {cause}"));
    error.to_string() + &causes.collect::<String>()
}
