use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use super::file::{MasterKeyError, check_owner};
use super::{MasterKey, SealError};

fn key(byte: u8) -> MasterKey {
    MasterKey::new(&[byte; 32]).unwrap()
}

fn write(path: &Path, text: impl AsRef<[u8]>, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_is_sealed_opens() {
    let key = key(1);
    for plain in [&b""[..], b"x", &[7; 1000]] {
        let sealed = key.seal("sign:k1", plain).unwrap();
        assert_eq!(sealed.len(), 1 + 12 + plain.len() + 16);
        assert_eq!(&key.open("sign:k1", &sealed).unwrap()[..], plain);
        assert_ne!(sealed, key.seal("sign:k1", plain).unwrap());
    }
}

#[test]
fn another_key_use_or_byte_does_not_open() {
    let sealed = key(1).seal("sign:k1", b"secret").unwrap();
    assert_eq!(key(2).open("sign:k1", &sealed), Err(SealError::Refused));
    assert_eq!(key(1).open("sign:k2", &sealed), Err(SealError::Refused));
    for at in 1..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(key(1).open("sign:k1", &changed), Err(SealError::Refused));
    }
    for len in 1..sealed.len() {
        assert!(key(1).open("sign:k1", &sealed[..len]).is_err());
    }
    assert_eq!(key(1).open("sign:k1", &[]), Err(SealError::Malformed));
    let mut newer = sealed;
    newer[0] = 2;
    assert_eq!(key(1).open("sign:k1", &newer), Err(SealError::Newer));
}

#[test]
fn derived_keys_differ_by_purpose_and_key() {
    assert_eq!(key(1).derive("csrf"), key(1).derive("csrf"));
    assert_ne!(key(1).derive("csrf"), key(1).derive("other"));
    assert_ne!(key(1).derive("csrf"), key(2).derive("csrf"));
}

#[test]
fn debug_shows_no_key() {
    assert_eq!(format!("{:?}", key(1)), "MasterKey([redacted])");
}

#[test]
fn a_file_is_made_once_and_read_ever_after() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let made = MasterKey::load_or_create(&path).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o600
    );
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!((text.len(), text.ends_with('\n')), (45, true));
    let read = MasterKey::load_or_create(&path).unwrap();
    assert_eq!(read.derive("x"), made.derive("x"));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn two_makers_agree_on_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let keys: Vec<_> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| MasterKey::load_or_create(&path).unwrap().derive("x")))
            .collect();
        makers
            .into_iter()
            .map(|maker| maker.join().unwrap())
            .collect()
    });
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    MasterKey::load_or_create(&path).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o601, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = MasterKey::load_or_create(&path).unwrap_err();
        assert!(matches!(error, MasterKeyError::Exposed { .. }), "{error}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(MasterKey::load_or_create(&path).is_ok());
}

/// As systemd's credentials and a container's secrets lie there.
#[test]
fn root_may_lend_a_key_to_our_group() {
    let check = |owner, mode| check_owner(Path::new("key"), owner, mode, 1000);
    for (owner, mode) in [(0, 0o400), (0, 0o440), (0, 0o640), (1000, 0o600)] {
        assert!(check(owner, mode).is_ok(), "{owner} {mode:o}");
    }
    for (owner, mode) in [(0, 0o444), (0, 0o460), (1000, 0o640)] {
        let error = check(owner, mode).unwrap_err();
        assert!(matches!(error, MasterKeyError::Exposed { .. }), "{error}");
    }
    let error = check(1001, 0o400).unwrap_err();
    assert!(matches!(error, MasterKeyError::Foreign { .. }), "{error}");
}

#[test]
fn a_file_that_is_no_key_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let long = "A".repeat(5000);
    for text in [
        "",
        "\n",
        "hunter2",
        "AAAA",
        "\u{e4}",
        &long,
        &long[..43],
        &long[..44],
    ] {
        write(&path, text, 0o600);
        let error = MasterKey::load_or_create(&path).unwrap_err();
        assert!(matches!(error, MasterKeyError::Malformed(_)), "{error}");
        assert!(!error.to_string().contains("hunter2"));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    write(&path, [0xff, 0xfe], 0o600);
    let error = MasterKey::load_or_create(&path).unwrap_err();
    assert!(matches!(error, MasterKeyError::Malformed(_)), "{error}");
}

#[test]
fn places_that_hold_no_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = MasterKey::load_or_create(folder.path()).unwrap_err();
    assert!(matches!(error, MasterKeyError::NotAFile(_)), "{error}");
    let error = MasterKey::load_or_create(&folder.path().join("no/master.key")).unwrap_err();
    assert!(matches!(error, MasterKeyError::Create { .. }), "{error}");
    let link = folder.path().join("link");
    symlink(folder.path().join("nowhere"), &link).unwrap();
    let error = MasterKey::load_or_create(&link).unwrap_err();
    assert!(matches!(error, MasterKeyError::Read { .. }), "{error}");
}
