//! Metadata of protected resources, and which URLs they are for.

use gatepass_proto::message::protected_resource::{ProtectedResource, covers, locations};
use url::Url;

pub(crate) fn run(data: &[u8]) {
    let Ok(own) = ProtectedResource::parse(data) else {
        return of_urls(data);
    };
    let written = serde_json::to_vec(&own).expect("serialises");
    assert_eq!(
        ProtectedResource::parse(&written).as_ref(),
        Ok(&own),
        "reads back"
    );
    assert!(own.authorization_servers.len() <= 64 && own.scopes_supported.len() <= 64);
    let resource = own.identifier().expect("it was read");
    assert!(resource.fragment().is_none() && resource.password().is_none());
    for place in locations(&resource) {
        assert_eq!(place.origin(), resource.origin());
        assert_eq!((place.query(), place.fragment()), (None, None));
    }
}

/// A resource and a URL, a line each.
fn of_urls(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some((resource, url)) = text.split_once('\n') else {
        return;
    };
    let (Ok(resource), Ok(url)) = (Url::parse(resource), Url::parse(url)) else {
        return;
    };
    if !covers(&resource, &url) {
        return;
    }
    assert_eq!(resource.origin(), url.origin());
    let rest = url.path().strip_prefix(resource.path()).expect("below it");
    let whole = rest.is_empty() || rest.starts_with('/') || resource.path().ends_with('/');
    assert!(whole, "{resource} {url}");
    let climbs = rest.split('/').any(|segment| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == ".."
    });
    assert!(!climbs || resource.path() == "/", "{resource} {url}");
}
