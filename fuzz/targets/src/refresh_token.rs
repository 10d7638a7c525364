//! Refresh tokens through the whole judgement: only the one that was given away is good, and a forged one changes
//! nothing.

use std::cell::LazyCell;

use crate::world::{Counting, NOW, RULES, granted};
use gatepass_proto::client_auth::Presented;
use gatepass_proto::decide::Halt;
use gatepass_proto::endpoint::token::{TokenRequest, token};
use gatepass_proto::{Cx, Params};

thread_local! {
    static WORLD: LazyCell<(gatepass_proto::decide::Facts, String)> = const {
        LazyCell::new(|| {
            let (facts, _, token) = granted();
            (facts, token)
        })
    };
}

/// `=` stands for the good token with what follows cut off its end, `+` for it with what follows put in its place at
/// the end, so that the fuzzer gets past the checksum.
fn mutated(data: &str, good: &str) -> String {
    match data.split_at_checked(1) {
        Some(("=", rest)) => good
            .get(..good.len().saturating_sub(rest.len()))
            .unwrap_or(good)
            .to_owned(),
        Some(("+", rest)) => {
            let kept = good
                .get(..good.len().saturating_sub(rest.len()))
                .unwrap_or(good);
            format!("{kept}{rest}")
        }
        Some(("#", rest)) => {
            let mut payload = gatepass_proto::base::opaque::decode("gp_rt_", good)
                .expect("good")
                .to_vec();
            for (at, byte) in rest.bytes().enumerate() {
                if let Some(own) = payload.get_mut(at) {
                    *own ^= byte;
                } else {
                    payload.push(byte);
                }
            }
            gatepass_proto::base::opaque::encode("gp_rt_", &payload)
                .expose()
                .to_owned()
        }
        _ => data.to_owned(),
    }
}

pub(crate) fn run(data: &[u8]) {
    let Ok(data) = std::str::from_utf8(data) else {
        return;
    };
    WORLD.with(|world| {
        let (facts, good) = &**world;
        let text = mutated(data, good);
        let mut params = Params::new();
        params.push("grant_type", "refresh_token");
        params.push("client_id", "cl_1");
        params.push("refresh_token", text.as_str());
        let request = TokenRequest {
            presented: Presented::read(None, &params),
            json: false,
            dpop: None,
        };
        let mut entropy = Counting(9);
        match token(&request, facts, &RULES, &mut Cx::new(NOW, &mut entropy)) {
            Ok(done) => {
                assert_eq!(&text, good, "forged");
                assert_eq!(done.changes.len(), 1);
            }
            Err(Halt::Refuse(refusal)) => {
                assert!(refusal.changes.is_empty(), "a forgery changed something")
            }
            Err(Halt::Need(_)) => {}
        }
    });
}
