//! Holes that others have had, one test each, named by the hole. Each goes through the HTTP surface of a real server, and
//! fails if the hole is there; what else the standards demand is in `../wire`.

#[path = "../wire/browser.rs"]
mod browser;
#[path = "../wire/clients.rs"]
#[expect(dead_code, reason = "shared with the wire suite, which uses all of it")]
mod clients;
#[path = "../wire/forge.rs"]
mod forge;
#[path = "../wire/pairs.rs"]
mod pairs;
#[path = "../wire/prover.rs"]
#[expect(dead_code, reason = "shared with the wire suite, which uses all of it")]
mod prover;
#[path = "../wire/registered.rs"]
mod registered;
#[path = "../wire/wire.rs"]
mod wire;
#[path = "../wire/world.rs"]
#[expect(dead_code, reason = "shared with the wire suite, which uses all of it")]
mod world;

mod bombs;
mod codes;
mod forwarded;
mod locked;
mod logins;
mod neighbour;
mod redirects;
mod signatures;
mod ssrf;
mod tokens;
