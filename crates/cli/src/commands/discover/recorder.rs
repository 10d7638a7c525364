use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use gatepass_http::{Clock as _, HttpTransport, SystemClock, Transport};
use gatepass_proto::Timestamp;
use gatepass_proto::flow::Unreachable;
use http::header::DATE;

/// The network, with a memory of the last answer: a flow keeps only what it needs of it.
pub(super) struct Recorder<'a> {
    transport: &'a HttpTransport,
    last: Mutex<Option<Recorded>>,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorded {
    /// Whose it is.
    pub(super) url: String,
    /// Its body.
    pub(super) body: Vec<u8>,
    /// What the server's clock showed, and what ours did in the middle of the exchange.
    pub(super) clocks: Option<(Timestamp, Timestamp)>,
}

impl<'a> Recorder<'a> {
    /// This network.
    pub(super) fn of(transport: &'a HttpTransport) -> Self {
        Self {
            transport,
            last: Mutex::new(None),
        }
    }

    /// The last answer.
    pub(super) fn last(&self) -> Option<Recorded> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }
}

#[async_trait]
impl Transport for Recorder<'_> {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Unreachable> {
        let url = request.uri().to_string();
        let asked = SystemClock.now();
        let answer = self.transport.send(request).await?;
        let middle = asked + SystemClock.now().since(asked) / 2;
        let date = answer
            .headers()
            .get(DATE)
            .and_then(|date| date.to_str().ok());
        let recorded = Recorded {
            url,
            body: answer.body().clone(),
            clocks: date.and_then(moment).map(|theirs| (theirs, middle)),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(recorded);
        Ok(answer)
    }
}

/// A date of HTTP in its usual spelling (RFC 9110 §5.6.7), which is also that of mail.
fn moment(date: &str) -> Option<Timestamp> {
    let moment = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    u64::try_from(moment.as_second())
        .ok()
        .map(Timestamp::from_secs)
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn the_date_of_an_answer_is_read() {
        let read = moment("Fri, 02 Jan 2026 03:04:05 GMT").expect("a date");
        assert_eq!(read.as_secs(), 1_767_323_045);
        assert_eq!(moment("yesterday"), None);
    }
}
