//! Device authorization (RFC 8628): the device's request, and the page where a person confirms it.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::base::opaque;
use crate::client_auth::{self, Presented, Trial};
use crate::decide::item::{Item, Kept};
use crate::decide::record::Client;
use crate::decide::{Done, Facts, Halt, Judged, Rules, policy};
use crate::grant::device_code::{DeviceLogin, GRANT_TYPE};
use crate::grant::elsewhere::{self, INTERVAL, Login};
use crate::message::device::{DeviceAuthorizationRequest, DeviceAuthorizationResponse};
use crate::{Cx, Digest, ErrorCode, OAuthError, Scope, Timestamp};

/// RFC 8628 §6.1: no vowels, so that no words come about, and nothing that looks like something else.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// How many letters a code has: 34 bits, behind a throttle and for ten minutes.
const LETTERS: usize = 8;
/// The longest text that is looked at as a code, in bytes.
const MAX_TYPED: usize = 64;

/// The code that a person carries from the device to the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCode(String);

/// Names a device's login by the digest of its user code.
#[derive(Debug, Serialize, Deserialize)]
struct Named {
    device: Digest,
}

impl Kept for Named {
    const SPACE: &'static str = "user_code";
}

impl UserCode {
    fn generate(cx: &mut Cx<'_>) -> Self {
        let mut letters = String::with_capacity(LETTERS);
        while letters.len() < LETTERS {
            let [byte] = cx.bytes::<1>();
            // 240 is the largest multiple of 20 in a byte; what is above would make some letters likelier.
            let letter = (byte < 240).then(|| ALPHABET.get(usize::from(byte % 20)));
            letters.extend(letter.flatten().map(|letter| char::from(*letter)));
        }
        Self(letters)
    }

    /// Reads what a person typed: in either case, with spaces and hyphens anywhere. `None` for what cannot be a code.
    pub fn read(typed: &str) -> Option<Self> {
        if typed.len() > MAX_TYPED {
            return None;
        }
        let joins = |c: char| c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}');
        let letters: String = typed
            .chars()
            .filter(|c| !joins(*c))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let known = |byte| ALPHABET.contains(&byte);
        (letters.len() == LETTERS && letters.bytes().all(known)).then_some(Self(letters))
    }

    fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl std::fmt::Display for UserCode {
    /// As it is shown: two groups of four.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (first, second) = self.0.split_at_checked(LETTERS / 2).unwrap_or_default();
        write!(f, "{first}-{second}")
    }
}

/// Judges a device authorization request (RFC 8628 §3.1). `page` is where a person types the code.
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking; [`Halt::Refuse`] with the standard's code.
pub fn authorize(
    presented: &Presented<'_>,
    page: &Url,
    facts: &Facts,
    rules: &Rules,
    cx: &mut Cx<'_>,
) -> Judged<DeviceAuthorizationResponse> {
    let trial = Trial {
        facts,
        rules,
        now: cx.now,
    };
    client_auth::proven(presented, trial, |client| {
        begin(client, presented, page, rules, cx)
    })
}

fn begin(
    client: &Client,
    presented: &Presented<'_>,
    page: &Url,
    rules: &Rules,
    cx: &mut Cx<'_>,
) -> Judged<DeviceAuthorizationResponse> {
    if !client.may_use(GRANT_TYPE) {
        let text = "this client may not use the device grant";
        return Err(OAuthError::new(ErrorCode::UnauthorizedClient, text).into());
    }
    let request = DeviceAuthorizationRequest::parse(presented.params)?;
    let scope = policy::scope(client, request.scope.as_ref())?;
    let resources = request.resource.iter().map(String::as_str);
    let audience = policy::audience(client, rules, resources)?;
    let device_code = opaque::mint(opaque::DEVICE_CODE, cx);
    let user_code = UserCode::generate(cx);
    let lifetime = elsewhere::lifetime(rules, None);
    let login = Login::new(&client.client_id, scope, audience, cx.now + lifetime);
    let (until, forgotten) = (login.expires_at, login.forgotten_at());
    let device = device_code.digest();
    let mut complete = page.clone();
    complete
        .query_pairs_mut()
        .append_pair("user_code", &user_code.to_string());
    Ok(Done {
        changes: vec![
            Item::new(device, &DeviceLogin { login }, forgotten).insert(),
            Item::new(user_code.digest(), &Named { device }, until).insert(),
        ],
        value: DeviceAuthorizationResponse {
            device_code,
            user_code: user_code.to_string(),
            verification_uri: page.clone(),
            verification_uri_complete: Some(complete),
            expires_in: lifetime.as_secs(),
            interval: INTERVAL,
        },
    })
}

/// What a person is asked to confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRequest {
    /// Who asks.
    pub client: Client,
    /// For what.
    pub scope: Scope,
}

/// What waits under this code for an answer, if anything does.
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking.
pub fn request(code: &UserCode, facts: &Facts, now: Timestamp) -> Judged<Option<DeviceRequest>> {
    let Some((_, kept)) = open(code, facts, now)? else {
        return Ok(Done::unchanged(None));
    };
    let client = facts.client(&kept.login.client_id)?;
    Ok(Done::unchanged(client.map(|client| DeviceRequest {
        client: client.clone(),
        scope: kept.login.scope.clone(),
    })))
}

/// The person who is logged in by `session` answers. Says whose device it is.
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking; `access_denied` when the login has ended; `invalid_grant` when nothing waits
/// under this code, for it has expired or was answered.
pub fn answer(
    code: &UserCode,
    session: &Digest,
    allow: bool,
    facts: &Facts,
    now: Timestamp,
) -> Judged<Client> {
    let (session, _) = elsewhere::person(session, facts, now)?;
    let nothing = || OAuthError::invalid_grant("the code has expired or was answered already");
    let (item, kept) = open(code, facts, now)?.ok_or_else(nothing)?;
    let client = facts.client(&kept.login.client_id)?.ok_or_else(nothing)?;
    Ok(Done {
        value: client.clone(),
        changes: elsewhere::answered(item, kept, session, allow, now),
    })
}

fn open<'f>(
    code: &UserCode,
    facts: &'f Facts,
    now: Timestamp,
) -> Result<Option<(&'f Item, DeviceLogin)>, Halt> {
    let Some((_, named)) = facts.item::<Named>(code.digest(), now)? else {
        return Ok(None);
    };
    let found = facts.item::<DeviceLogin>(named.device, now)?;
    Ok(found.filter(|(_, kept)| kept.login.is_open(now)))
}

#[cfg(test)]
mod tests {
    use super::{ALPHABET, UserCode};
    use crate::{Cx, Entropy, Timestamp};

    struct Counting(u8);

    impl Entropy for Counting {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                *byte = self.0;
                self.0 = self.0.wrapping_add(1);
            }
        }
    }

    #[test]
    fn codes_have_eight_letters_of_twenty_each_as_likely() {
        let mut entropy = Counting(0);
        let mut cx = Cx::new(Timestamp::default(), &mut entropy);
        let mut seen = [0_u32; 20];
        for _ in 0..30 {
            let code = UserCode::generate(&mut cx).to_string();
            assert_eq!(code.len(), 9);
            assert_eq!(code.as_bytes()[4], b'-');
            for letter in code.bytes().filter(|byte| *byte != b'-') {
                let at = ALPHABET.iter().position(|own| *own == letter);
                seen[at.expect("of the alphabet")] += 1;
            }
        }
        assert_eq!(
            seen, [12; 20],
            "every byte once, and 16 of them are passed over"
        );
    }

    #[test]
    fn what_people_type_is_understood() {
        let code = UserCode::read("WDJB-MJHT");
        assert!(code.is_some());
        for typed in [
            "wdjbmjht",
            " wdjb mjht ",
            "WDJB\u{2013}MJHT",
            "w-d-j-b-m-j-h-t",
            "WDJB\tMJHT",
        ] {
            assert_eq!(UserCode::read(typed), code, "{typed}");
        }
        for typed in [
            "",
            "WDJB-MJH",
            "WDJB-MJHTT",
            "WDJB-MJHA",
            "WDJB-MJH1",
            "WDJB_MJHT",
            "ẂDJB-MJHT",
        ] {
            assert_eq!(UserCode::read(typed), None, "{typed}");
        }
        assert_eq!(
            UserCode::read(&format!("WDJB-MJHT{}", " ".repeat(60))),
            None
        );
        assert_eq!(code.expect("a code").to_string(), "WDJB-MJHT");
    }
}
