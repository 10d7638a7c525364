//! What a thief of the database file has: no secret of any kind.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::world::{Tokens, World, authorize, database};

#[tokio::test]
async fn no_secret_is_in_the_database() {
    let world = World::dev().await;
    let set = world.set();
    let mut browser = world.logged_in().await;
    let answer = browser.decide(&authorize(&world.request()), "allow").await;
    let spent = answer.location().get("code").expect("a code").to_owned();
    let unspent = world.code(&world.request()).await;
    let first = Tokens::of(&world.redeem(&spent).await);
    let second = Tokens::of(&world.refresh(&first.refresh).await);
    let revoked = world.tokens().await;
    world.about("/oauth/revoke", &revoked.access).await.good();
    let session = browser.cookies.values().next().expect("a cookie").clone();
    let mut secrets = vec![
        set.password.clone(),
        set.client_secret.clone(),
        set.api_key.clone(),
        spent,
        unspent,
        session,
        first.access,
        first.refresh,
        second.access,
        second.refresh,
        revoked.access,
        revoked.refresh,
    ];
    let password = ["password", "in", "the", "wrong", "field"].join(" ");
    let pairs = [
        ("grant_type", "password"),
        ("username", &*password),
        ("password", "x"),
    ];
    world.token(&pairs).await.refused(400, "invalid_grant");
    secrets.push(password);
    let wal = database(world.folder()).with_extension("db-wal");
    let mut found = contents(&world, &secrets);
    assert!(wal.exists(), "the newest changes were looked at too");
    let (folder, config) = world.stop().await;
    let world = World::start(folder, config).await.expect("starts again");
    found += contents(&world, &secrets);
    assert!(found > 0, "there is something in the database");
}

/// Looks through the database and its companions; says how many bytes there were.
fn contents(world: &World, secrets: &[String]) -> usize {
    let mut total = 0;
    for entry in std::fs::read_dir(world.folder()).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        if name.ends_with(".key") || name.ends_with(".json") {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        total += bytes.len();
        for secret in secrets {
            for form in forms(secret) {
                let held = bytes.windows(form.len()).any(|window| window == form);
                assert!(!held, "{name} holds a secret");
            }
        }
    }
    total
}

/// The text, and the unguessable bytes inside it.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.as_bytes().to_vec()];
    let prefixed = secret
        .split('_')
        .nth(2)
        .filter(|_| secret.starts_with("gp_"));
    if prefixed.is_some() {
        let payload = secret.get(6..).unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
        // The last 32 bytes before the checksum: all of a random secret, the MAC of a refresh token.
        let end = bytes.len() - 4;
        forms.push(bytes.get(end - 32..end).expect("32 bytes").to_vec());
        forms.push(payload.as_bytes().to_vec());
    } else if let Some((_, signature)) = secret.rsplit_once('.') {
        forms.push(signature.as_bytes().to_vec());
    }
    forms
}
