//! `gatepass admin`, another process on the same database.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::node::gatepass;

/// Everybody's.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// Where the shop has its codes sent.
pub(crate) const REDIRECT_URI: &str = "https://shop.example/cb";

/// What it asks for.
pub(crate) const SCOPE: &str = "openid offline_access";
/// Has the server sign by another key.
pub(crate) const ROTATE: &str = "server-key rotate";

/// The operator.
pub(crate) struct Admin {
    folder: PathBuf,
    database: String,
}

/// A client and its secret.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Admin {
    pub(crate) fn new(folder: &Path, database: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            database: database.to_owned(),
        }
    }

    /// Adds a user with [`PASSWORD`].
    pub(crate) async fn user(&self, name: &str) {
        let words = format!("user add {name} --password-env PASSWORD");
        self.run(&words).await;
    }

    /// Adds a client that sends people here to log in.
    pub(crate) async fn shop(&self) -> Client {
        let scope = ["--scope", SCOPE];
        let words = format!("client add Shop --redirect-uri {REDIRECT_URI}");
        self.client(&words, &scope).await
    }

    /// Adds a client of these grants.
    pub(crate) async fn robot(&self, grants: &[&str]) -> Client {
        let grants: String = grants
            .iter()
            .map(|grant| format!(" --grant {grant}"))
            .collect();
        let words = format!("client add Robot --scope read{grants}");
        self.client(&words, &[]).await
    }

    async fn client(&self, words: &str, more: &[&str]) -> Client {
        let words = format!("{words} --output json");
        let told = self.run_with(&words, more).await;
        let added: Value = serde_json::from_str(&told).expect("JSON");
        let text = |member: &str| {
            let text = added.get(member).and_then(Value::as_str);
            text.expect("it is told").to_owned()
        };
        Client {
            id: text("client_id"),
            secret: text("client_secret"),
        }
    }

    /// What it prints with these words, split at spaces.
    pub(crate) async fn run(&self, words: &str) -> String {
        self.run_with(words, &[]).await
    }

    /// The same with words that have spaces.
    async fn run_with(&self, words: &str, more: &[&str]) -> String {
        let output = gatepass("admin", &self.folder)
            .args(words.split_whitespace())
            .args(more)
            .args(["--database", &self.database])
            .env("PASSWORD", PASSWORD)
            .output()
            .await;
        let output = output.expect("it runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "admin {words}: {complaint}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}
