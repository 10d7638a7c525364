//! Where the master key is, as `gatepass serve` takes it.

use std::path::PathBuf;

use clap::Args;
use gatepass_server::{Config, KeySource};

#[derive(Args)]
pub(super) struct MasterKeyArgs {
    /// The key that seals the server's own keys, the same for all that share a database: its file, which is made if it is
    /// not there [default: beside the database's]
    #[arg(long, value_name = "FILE", group = "master_key")]
    master_key_file: Option<PathBuf>,
    /// The environment variable that holds it, 32 bytes in base64
    #[arg(long, value_name = "NAME", group = "master_key")]
    master_key_env: Option<String>,
    /// The command that prints it; the words are split at spaces, no shell is involved
    #[arg(long, value_name = "COMMAND", group = "master_key")]
    master_key_command: Option<String>,
}

impl MasterKeyArgs {
    pub(super) fn apply(self, config: &mut Config) {
        let words = |line: String| line.split_whitespace().map(str::to_owned).collect();
        let file = self.master_key_file.map(KeySource::File);
        let env = || self.master_key_env.map(KeySource::Env);
        let command = || self.master_key_command.map(words).map(KeySource::Command);
        let given = file.or_else(env).or_else(command);
        config.master_key = given.or(config.master_key.take());
    }
}
