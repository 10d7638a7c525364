//! the files on disk.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{TEN_MINUTES, World, files, folder, get, is, ok};

#[tokio::test]
async fn a_file_that_is_not_whole_and_ours_is_not_there() {
    let (world, folder) = (World::new(ok(TEN_MINUTES, r#"{"a":1}"#)), folder());
    get(&world.process(Some(&folder))).await.expect("up");
    let path = files(&folder).pop().expect("a file");
    let whole = std::fs::read(&path).expect("a file");
    let text = String::from_utf8(whole.clone()).expect("text");
    let other = text.replace("as.example", "at.example");
    let damaged: [Vec<u8>; 8] = [
        Vec::new(),
        b"nonsense".to_vec(),
        whole[..whole.len() - 1].to_vec(),
        [&whole[..], b" "].concat(),
        text.replace(r#"{"a":1}"#, r#"{"a":2}"#).into(),
        text.replace("gatepass-answer 1", "gatepass-answer 2")
            .into(),
        other.into(),
        vec![b'{'; 300 * 1024],
    ];
    let mut asked = 1;
    for bytes in damaged {
        std::fs::write(&path, &bytes).expect("written");
        assert_eq!(get(&world.process(Some(&folder))).await, is(r#"{"a":1}"#));
        asked += 1;
        assert_eq!(world.asked(), asked, "{} bytes", bytes.len());
        assert_eq!(get(&world.process(Some(&folder))).await, is(r#"{"a":1}"#));
        assert_eq!(world.asked(), asked, "it was overwritten");
    }

    std::fs::remove_file(&path).expect("removed");
    std::fs::create_dir(&path).expect("a folder in its place");
    assert_eq!(get(&world.process(Some(&folder))).await, is(r#"{"a":1}"#));
    assert_eq!(world.asked(), asked + 1);
}

#[tokio::test]
async fn a_file_is_believed_only_within_the_bounds() {
    let (world, folder) = (World::new(ok(TEN_MINUTES, "{}")), folder());
    get(&world.process(Some(&folder))).await.expect("up");
    let path = files(&folder).pop().expect("a file");
    let text = std::fs::read_to_string(&path).expect("a file");
    let (_, rest) = text.split_once('\n').expect("a line");
    let at = |from: u64| format!("\"fresh_until\":{from}");
    let now = world.now.load(Ordering::SeqCst) * 1000;
    let rest = rest.replace(&at(now + 600_000), &at(now + 9_000_000_000));
    let digest = gatepass_proto::Digest::of(&rest).to_base64url();
    std::fs::write(&path, format!("gatepass-answer 1 {digest}\n{rest}")).expect("written");
    world.pass(24 * 60 * 60 - 1);
    assert_eq!(get(&world.process(Some(&folder))).await, is("{}"));
    assert_eq!(world.asked(), 1);
    world.pass(1);
    get(&world.process(Some(&folder))).await.expect("up");
    assert_eq!(world.asked(), 2, "a day at most");

    world.now.fetch_sub(3600, Ordering::SeqCst);
    get(&world.process(Some(&folder))).await.expect("up");
    assert_eq!(world.asked(), 3, "nothing comes from the future");
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_private_and_those_that_are_not_are_not_used() {
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    let (world, folder) = (World::new(ok(TEN_MINUTES, "{}")), folder());
    get(&world.process(Some(&folder))).await.expect("up");
    let path = files(&folder).pop().expect("a file");
    let parent = path.parent().expect("a folder");
    let mode = |path: &std::path::Path| metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(parent)), (0o600, 0o700));

    set_permissions(&path, Permissions::from_mode(0o644)).expect("ours");
    get(&world.process(Some(&folder))).await.expect("up");
    assert_eq!((world.asked(), mode(&path)), (2, 0o600));

    set_permissions(parent, Permissions::from_mode(0o777)).expect("ours");
    get(&world.process(Some(&folder))).await.expect("up");
    assert_eq!(world.asked(), 3, "somebody could have put it there");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_costs_nothing_else() {
    let (world, folder) = (World::new(ok(TEN_MINUTES, "{}")), folder());
    std::fs::write(folder.path().join("documents"), "in the way").expect("written");
    let process = world.process(Some(&folder));
    assert_eq!(get(&process).await, is("{}"));
    assert_eq!(get(&process).await, is("{}"));
    assert_eq!(world.asked(), 1, "memory is there");
}

#[tokio::test]
async fn the_folder_is_bounded() {
    let (world, folder) = (World::new(ok(TEN_MINUTES, "{}")), folder());
    get(&world.process(Some(&folder))).await.expect("up");
    let documents = folder.path().join("documents");
    let old = |age: u64| std::time::SystemTime::now() - Duration::from_secs(age);
    let put = |name: &str, age: u64| {
        let file = std::fs::File::create(documents.join(name)).expect("a file");
        file.set_modified(old(age)).expect("a time");
    };
    for n in 0..300 {
        put(&format!("{n:064x}"), 1000 + n);
    }
    put("left-behind.tmp", 7200);
    put("being-written.tmp", 10);
    world.pass(600);
    get(&world.process(Some(&folder))).await.expect("up");
    let there = |name: &str| documents.join(name).exists();
    assert_eq!(files(&folder).len(), 256 + 1);
    assert!(there(&format!("{:064x}", 254)) && !there(&format!("{:064x}", 255)));
    assert!(there("being-written.tmp") && !there("left-behind.tmp"));
    get(&world.process(Some(&folder))).await.expect("up");
    assert_eq!(world.asked(), 2, "the newest stays");
}
