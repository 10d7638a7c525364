//! Proxies: the guard in front of an API of any language, and a local one that adds a token for programs that cannot.
