//! `gatepass request --download` and `--output-file`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::canned::Canned;
use crate::home::{Home, Told};
use crate::pty::Shown;

struct Here {
    home: Home,
    api: Canned,
    folder: PathBuf,
}

impl Here {
    fn new() -> Self {
        let home = Home::new();
        let api = Canned::start();
        home.run(&format!(
            "profile add canned --api {} --key-env KEY",
            api.origin
        ))
        .done();
        let folder = home.path().join("here");
        fs::create_dir(&folder).expect("made");
        let here = Self { home, api, folder };
        here.suggest("/x", "../../report.txt", "new");
        here
    }

    fn suggest(&self, path: &str, name: &str, body: &str) {
        let header = format!("Content-Disposition: attachment; filename=\"{name}\"\r\n");
        self.api.answer(path, "200 OK", &header, body);
    }

    fn get(&self, words: &str) -> Told {
        let mut command = self
            .home
            .command(&format!("get {}{words}", self.api.origin));
        Told::of(command.env("KEY", "k1").current_dir(&self.folder))
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).expect(name)
    }

    /// What is in the folder; nothing half-done among it.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("UTF-8")
            })
            .collect();
        names.sort();
        names
    }
}

#[test]
fn the_answer_names_its_file_and_no_more() {
    let here = Here::new();
    let told = here.get("/x --download").done();
    assert!(
        told.stdout.is_empty() && told.stderr == "Saved report.txt (3 B).\n",
        "{told:?}"
    );
    assert_eq!(
        (here.names(), here.read("report.txt")),
        (vec!["report.txt".to_owned()], "new".to_owned())
    );
    let mode = fs::metadata(here.folder.join("report.txt"))
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o700, 0o600, "an ordinary file");

    fs::write(here.folder.join("report.txt"), "old").expect("written");
    here.get("/x -d").code(1).complaining("--overwrite");
    assert_eq!(here.read("report.txt"), "old");
    here.get("/x -d --overwrite").done();
    assert_eq!(here.read("report.txt"), "new");

    // Nor does a link lead elsewhere.
    let elsewhere = here.home.path().join("elsewhere");
    fs::write(&elsewhere, "old").expect("written");
    fs::remove_file(here.folder.join("report.txt")).expect("removed");
    std::os::unix::fs::symlink(&elsewhere, here.folder.join("report.txt")).expect("linked");
    here.get("/x -d").code(1).complaining("there already");
    here.get("/x -d --overwrite").done();
    assert_eq!(fs::read_to_string(&elsewhere).expect("there"), "old");
    assert_eq!(here.read("report.txt"), "new");
}

#[test]
fn without_a_name_the_url_has_one() {
    let here = Here::new();
    here.api
        .answer("/a/my%20file.txt?page=2", "200 OK", "", "x");
    here.api.answer("/", "200 OK", "", "x");
    here.get("/a/my%20file.txt?page=2 -d").done();
    here.get("/ -d").done();
    assert_eq!(here.names(), ["download", "my file.txt"]);
}

#[test]
fn a_named_file_is_replaced_whole() {
    let here = Here::new();
    let file = here.folder.join("out");
    fs::write(&file, "something longer").expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("changed");
    here.get("/x -o out").done();
    assert_eq!(here.read("out"), "new");
    let mode = fs::metadata(&file).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640, "its mode stays");
    // Through a link that the person named, the file behind it.
    std::os::unix::fs::symlink(&file, here.folder.join("link")).expect("linked");
    fs::write(&file, "old").expect("written");
    here.get("/x --output-file link").done();
    assert_eq!(here.read("out"), "new");
    assert!(
        fs::symlink_metadata(here.folder.join("link"))
            .expect("there")
            .is_symlink()
    );
    assert_eq!(here.names(), ["link", "out"]);
}

#[test]
fn a_folder_a_device_and_standard_output_do_too() {
    let here = Here::new();
    fs::create_dir(here.folder.join("sub")).expect("made");
    here.get("/x -o sub").done();
    assert_eq!(here.read("sub/report.txt"), "new");
    here.get("/x -o sub").code(1).complaining("there already");
    here.get("/x -o /dev/null").done();
    assert!(!fs::metadata("/dev/null").expect("there").is_file());
    assert_eq!(here.get("/x -o -").done().stdout, "new");
    here.get("/x -o no/such/folder")
        .code(1)
        .complaining("no/such/folder");
    assert_eq!(here.names(), ["sub"]);
}

#[test]
fn a_refusal_makes_no_file() {
    let here = Here::new();
    here.api.answer("/gone", "404 Not Found", "", "lost");
    let told = here.get("/gone -o out").code(5);
    assert_eq!(told.stdout, "lost");
    here.get("/gone -d").code(5);
    assert!(here.names().is_empty());
    here.get("/gone -o out --ignore-status").done();
    assert_eq!(here.read("out"), "lost");
}

#[test]
fn what_breaks_off_leaves_nothing() {
    let here = Here::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    here.home
        .run(&format!("profile add torn --api {origin} --key-env KEY"))
        .done();
    fs::write(here.folder.join("out"), "old").expect("written");
    let torn = std::thread::spawn(move || {
        let mut stream = listener.accept().expect("a connection").0;
        let _ = stream.read(&mut [0; 2048]).expect("read");
        let half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!";
        stream.write_all(half).expect("sent");
    });
    let mut command = here.home.command(&format!("get {origin}/x -o out"));
    Told::of(command.env("KEY", "k1").current_dir(&here.folder)).code(3);
    torn.join().expect("served");
    assert_eq!(
        (here.names(), here.read("out")),
        (vec!["out".to_owned()], "old".to_owned())
    );
}

#[test]
fn people_see_how_far_it_is() {
    let here = Here::new();
    let body = "x".repeat(3_000_000);
    here.suggest("/big", "big", &body);
    let mut command = here
        .home
        .command(&format!("get {}/big -d", here.api.origin));
    let shown = Shown::of(command.env("KEY", "k1").current_dir(&here.folder));
    assert_eq!(shown.code, Some(0), "{}", shown.text);
    assert!(
        shown.text.ends_with("Saved big (2.86 MiB).\r\n"),
        "{:?}",
        shown.text
    );
    assert!(shown.text.contains("/2.86 MiB"), "{:?}", shown.text);
    assert_eq!(here.read("big").len(), body.len());
}
