//! The client's conversations with a server, each a state machine that the shell drives.

mod bearer;
mod call;
mod ciba;
mod code;
mod code_setup;
mod device;
mod discover;
#[cfg(test)]
mod echo_tests;
mod elsewhere;
mod error;
mod find_resource;
mod id_check;
mod poll;
mod post;
mod registration;
mod revoke;
mod skew;
mod step;
#[cfg(test)]
mod testing;
mod token;
mod userinfo;

pub use call::Endpoint;
pub use ciba::{CibaFlow, CibaSetup};
pub use code::{CodeFlow, PendingLogin};
pub use code_setup::CodeSetup;
pub use device::{DeviceFlow, DeviceSetup};
pub use discover::DiscoverFlow;
pub use error::FlowError;
pub use find_resource::FindResourceFlow;
pub use id_check::IdTokenSetup;
pub use post::{IntrospectFlow, retry_after};
pub use registration::{DeleteClientFlow, ReadClientFlow, RegisterFlow, UpdateClientFlow};
pub use revoke::RevokeFlow;
pub use skew::Skew;
pub use step::{Flow, Input, Notice, Request, Response, Step, Unreachable};
pub use token::{Granted, TokenFlow, TokenSetup};
pub use userinfo::{SignedUserInfo, UserInfoFlow, UserInfoSetup};
