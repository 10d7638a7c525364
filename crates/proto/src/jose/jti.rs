use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Cx;

/// A fresh `jti` of 128 random bits (RFC 7519 §4.1.7).
pub(crate) fn jti(cx: &mut Cx<'_>) -> String {
    URL_SAFE_NO_PAD.encode(cx.bytes::<16>())
}
