//! Token files, in clear and sealed, and the record of the key that seals them: what is damaged is refused without
//! being shown or changed, and nobody forges what is sealed.

use std::fs;
use std::path::PathBuf;

use gatepass_client::tokens::{
    FileTokens, Keyring, StoreError, StoredToken, TokenKey, TokenStore as _,
};
use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};
use tokio::runtime::{Builder, Runtime};

use crate::world;

/// The record of a key that is used nowhere else.
const DATA_KEY: &[u8] = br#"{"version":1,"key":"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="}"#;
/// A token that is sealed with it; the flag of the seed is left out.
const SEALED: &[u8] = include_bytes!("../../seeds/stored_token/sealed");

thread_local! {
    static FOLDER: Folder = Folder::new();
}

/// The first byte says whether what follows is the file of a token, or the record of the key.
pub(crate) fn run(data: &[u8]) {
    let Some((flag, data)) = data.split_first() else {
        return;
    };
    FOLDER.with(|folder| match flag & 1 {
        0 => folder.token(data),
        _ => folder.record(data),
    });
}

struct Folder {
    top: TempDir,
    runtime: Runtime,
    key: TokenKey,
    /// What is sealed.
    known: StoredToken,
}

impl Folder {
    fn new() -> Self {
        let top = world::folder();
        let mut private = world::private();
        let tokens = private.prefix("tokens").rand_bytes(0);
        let tokens = tokens.tempdir_in(top.path()).expect("a folder").keep();
        for file in [top.path().join("data.key"), tokens.join("work.json")] {
            let empty = NamedTempFile::new_in(top.path()).expect("a file of ours alone");
            empty.persist(file).expect("renamed");
        }
        let mut folder = Self {
            top,
            runtime: Builder::new_current_thread()
                .enable_time()
                .build()
                .expect("a runtime"),
            key: TokenKey::new("work").expect("a key"),
            known: StoredToken::new(String::new().into(), world::NOW, String::new()),
        };
        let (_, sealed) = SEALED.split_first().expect("a seed");
        let opened = folder.load(DATA_KEY, sealed).expect("it opens");
        folder.known = opened.expect("a token");
        folder
    }

    fn file(&self) -> PathBuf {
        self.top.path().join("tokens/work.json")
    }

    /// What a store reads from these two files.
    fn load(&self, record: &[u8], token: &[u8]) -> Result<Option<StoredToken>, StoreError> {
        fs::write(self.top.path().join("data.key"), record).expect("written");
        fs::write(self.file(), token).expect("written");
        let store = FileTokens::new(self.top.path().join("tokens")).key_in(Keyring::absent());
        let found = self.runtime.block_on(store.load(&self.key));
        let place = store.place(&self.key);
        assert!(place.contains("work.json") && !place.contains(char::is_control));
        found
    }

    fn token(&self, data: &[u8]) {
        let in_clear = StoredToken::parse(data);
        if let Ok(token) = &in_clear {
            reads_back(token);
        }
        match self.load(DATA_KEY, data) {
            Ok(Some(token)) => {
                let ours = token == self.known || in_clear.as_ref() == Ok(&token);
                assert!(ours, "forged");
            }
            Ok(None) => panic!("there is a file"),
            Err(error) => {
                let said = error.to_string();
                let reason = in_clear.err().unwrap_or_default();
                for secret in secrets(data) {
                    assert!(
                        !said.contains(&secret) && !reason.contains(&secret),
                        "{said}"
                    );
                }
            }
        }
        assert_eq!(fs::read(self.file()).expect("still there"), data);
    }

    fn record(&self, data: &[u8]) {
        let (_, sealed) = SEALED.split_first().expect("a seed");
        match self.load(data, sealed) {
            Ok(token) => assert_eq!(token.as_ref(), Some(&self.known)),
            Err(error) => {
                let said = error.to_string();
                assert!(
                    secrets(data).iter().all(|secret| !said.contains(secret)),
                    "{said}"
                );
            }
        }
        let record = fs::read(self.top.path().join("data.key"));
        assert_eq!(record.expect("still there"), data);
    }
}

fn reads_back(token: &StoredToken) {
    let shown = format!("{token:?}");
    let secret = token.access_token.expose();
    assert!(secret.len() < 16 || !shown.contains(secret), "{shown}");
    let mut again = StoredToken::parse(&token.to_json()).expect("reads back");
    let mut token = token.clone();
    // The last digit of a float may change on its way through text.
    for token in [&mut token, &mut again] {
        token.extra.clear();
        token.members.clear();
        token.authorization_details = None;
    }
    assert!(token == again);
}

/// What no error may repeat, as far as that can be seen.
fn secrets(data: &[u8]) -> Vec<String> {
    let Ok(Value::Object(object)) = serde_json::from_slice(data) else {
        return Vec::new();
    };
    ["access_token", "refresh_token", "dpop_key", "token", "key"]
        .iter()
        .filter_map(|name| object.get(*name)?.as_str())
        .filter(|secret| secret.len() >= 16)
        .map(str::to_owned)
        .collect()
}
