//! The guard against a small real issuer: discovery, keys, introspection, floods and outages, over sockets.

mod bound;
mod discovery;
mod grpc;
mod introspection;
mod outage;
mod revocation;
mod service;
mod support;
mod untyped;
