//! The methods as commands of their own: `gatepass get URL` is `gatepass request GET URL`.

use clap::Args;

use super::Run;
use super::request::{Sending, Words};
use crate::context::Context;
use crate::exit::{Exit, Failure};

macro_rules! verbs {
    ($($name:ident, $word:literal, $method:literal, $example:literal;)*) => {$(
        #[derive(Args)]
        #[command(
            hide = true,
            about = concat!("Send a ", $method, " request: short for `gatepass request ", $method, "`, whose help tells of the items"),
            override_usage = concat!("gatepass ", $word, " [OPTIONS] URL [ITEM]..."),
            after_help = concat!("Example:\n  gatepass ", $word, " https://api.example.com/items", $example),
        )]
        pub(crate) struct $name {
            /// The URL and the items
            #[arg(required = true, value_name = "URL", hide = true)]
            words: Vec<String>,
            #[command(flatten)]
            sending: Sending,
        }

        impl Run for $name {
            async fn run(self, context: &Context) -> Result<Exit, Failure> {
                let words = Words::with_method($method, &self.words)?;
                self.sending.send(words, context).await
            }
        }
    )*};
}

verbs! {
    Get, "get", "GET", " page==2";
    Head, "head", "HEAD", "";
    Post, "post", "POST", " name=lamp price:=12.5";
    Put, "put", "PUT", "/7 name=lamp";
    Patch, "patch", "PATCH", "/7 price:=11";
    Delete, "delete", "DELETE", "/7";
}
