//! The commands, one a file. To add one: write its file, add its line to the table. The server's are for Unix.

#[cfg(unix)]
mod admin;
mod completions;
#[cfg(unix)]
mod demo;
mod discover;
mod doctor;
mod env;
mod exchange;
mod exec;
mod explain;
#[cfg(unix)]
mod guard;
mod header;
mod helper;
mod import;
mod init;
mod introspect;
mod jwt;
mod login;
mod logout;
mod man;
mod profile;
mod provider;
#[cfg(unix)]
mod proxy;
mod refresh;
mod report;
mod request;
mod scope;
#[cfg(unix)]
mod serve;
mod status;
mod token;
mod unknown;
mod userinfo;
mod verbs;

pub(crate) use helper::words;

use crate::context::Context;
use crate::exit::{Exit, Failure};

/// A command that has been read from the command line and can be run.
pub(crate) trait Run {
    /// Whether it deals with Ctrl-C itself; the others end at once, with 130.
    const MINDS_SIGNALS: bool = false;
    /// Whether it serves many at once, on every core. The others are over sooner than threads are started.
    const SERVES: bool = false;

    /// How much is logged unless the person says.
    fn log_level(&self) -> &'static str {
        "warn"
    }

    /// Does it.
    async fn run(self, context: &Context) -> Result<Exit, Failure>;
}

/// Writes the table's uses: the words, what is special about each, the dispatch.
macro_rules! commands {
    ($($(#[$only:meta])* $name:ident($room:ident::$args:ident),)*) => {
        /// Every command.
        #[derive(clap::Subcommand)]
        pub(crate) enum Command {
            $($(#[$only])* $name($room::$args),)*
        }

        impl Command {
            /// See [`Run::MINDS_SIGNALS`].
            pub(crate) fn minds_signals(&self) -> bool {
                match self { $($(#[$only])* Self::$name(_) => <$room::$args as Run>::MINDS_SIGNALS,)* }
            }

            /// See [`Run::SERVES`].
            pub(crate) fn serves(&self) -> bool {
                match self { $($(#[$only])* Self::$name(_) => <$room::$args as Run>::SERVES,)* }
            }

            /// See [`Run::log_level`].
            pub(crate) fn log_level(&self) -> &'static str {
                match self { $($(#[$only])* Self::$name(args) => args.log_level(),)* }
            }

            /// See [`Run::run`].
            pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
                match self { $($(#[$only])* Self::$name(args) => Box::pin(args.run(context)).await,)* }
            }
        }
    };
}

commands! {
    Init(init::Init),
    Profile(profile::Profile),
    Provider(provider::Provider),
    Login(login::Login),
    Token(token::Token),
    Header(header::Header),
    Env(env::Env),
    Exec(exec::Exec),
    Request(request::Request),
    Get(verbs::Get),
    Head(verbs::Head),
    Post(verbs::Post),
    Put(verbs::Put),
    Patch(verbs::Patch),
    Delete(verbs::Delete),
    Status(status::Status),
    Refresh(refresh::Refresh),
    Logout(logout::Logout),
    Introspect(introspect::Introspect),
    Userinfo(userinfo::Userinfo),
    Exchange(exchange::Exchange),
    Explain(explain::Explain),
    Import(import::Import),
    Discover(discover::Discover),
    Doctor(doctor::Doctor),
    Helper(helper::Helper),
    Jwt(jwt::Jwt),
    #[cfg(unix)]
    Serve(serve::Serve),
    #[cfg(unix)]
    Guard(guard::Guard),
    #[cfg(unix)]
    Proxy(proxy::Proxy),
    #[cfg(unix)]
    Demo(demo::Demo),
    #[cfg(unix)]
    Admin(admin::Admin),
    Completions(completions::Completions),
    Man(man::Man),
}
