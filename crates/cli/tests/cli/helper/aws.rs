//! `gatepass helper aws`, against a server that speaks as the AWS Security Token Service does.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Robot;
use crate::home::{Home, Told, piped};

const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";

/// What it was asked, and how it answers.
#[derive(Default)]
struct Desk {
    asked: Vec<Vec<(String, String)>>,
    /// How long its keys are good, in seconds.
    lifetime: i64,
    /// Status and body in place of keys, for the next so many requests.
    refusals: Vec<(u16, String)>,
    /// How long it thinks.
    pause: Duration,
}

pub(super) struct Sts {
    pub(super) origin: String,
    desk: Arc<Mutex<Desk>>,
}

impl Sts {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let desk = Arc::new(Mutex::new(Desk {
            lifetime: 3600,
            ..Desk::default()
        }));
        let own = desk.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let desk = own.clone();
                std::thread::spawn(move || serve(stream, &desk));
            }
        });
        Self { origin, desk }
    }

    fn change(&self, change: impl FnOnce(&mut Desk)) {
        change(&mut self.desk.lock().expect("whole"));
    }

    /// The forms that came since the last time.
    fn asked(&self) -> Vec<Vec<(String, String)>> {
        std::mem::take(&mut self.desk.lock().expect("whole").asked)
    }
}

fn serve(mut stream: TcpStream, desk: &Mutex<Desk>) -> Option<()> {
    let mut asked = Vec::new();
    let mut chunk = [0; 4096];
    let form = loop {
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        asked.extend_from_slice(chunk.get(..count)?);
        let text = String::from_utf8_lossy(&asked).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length?.parse().ok()? {
            assert!(head.starts_with("post / http/1.1"), "{head}");
            assert!(
                head.contains("content-type: application/x-www-form-urlencoded"),
                "{head}"
            );
            assert!(!head.contains("authorization:"), "{head}");
            break url::form_urlencoded::parse(body.as_bytes())
                .into_owned()
                .collect::<Vec<_>>();
        }
    };
    let (status, body, pause) = {
        let mut desk = desk.lock().expect("whole");
        desk.asked.push(form);
        let number = desk.asked.len();
        let refused = (!desk.refusals.is_empty()).then(|| desk.refusals.remove(0));
        let (status, body) = refused.unwrap_or_else(|| (200, keys(number, desk.lifetime)));
        (status, body, desk.pause)
    };
    std::thread::sleep(pause);
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: text/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()
}

/// The documented answer, in its order.
fn keys(number: usize, lifetime: i64) -> String {
    format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>cl_1</SubjectFromWebIdentityToken>
    <Audience>aws</Audience>
    <AssumedRoleUser>
      <Arn>arn:aws:sts::123456789012:assumed-role/deploy/gatepass-robot</Arn>
      <AssumedRoleId>AROACLKWSDQRAOEXAMPLE:gatepass-robot</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>
      <SessionToken>session+{number}/=&amp;</SessionToken>
      <SecretAccessKey>secret{number}</SecretAccessKey>
      <Expiration>{}</Expiration>
      <AccessKeyId>ASIA{number}</AccessKeyId>
    </Credentials>
    <Provider>login.example.com</Provider>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata>
    <RequestId>ad4156e9-bce1-11e2-82e6-6b6efEXAMPLE</RequestId>
  </ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>",
        in_seconds(lifetime)
    )
}

fn error(code: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>so it is</Message></Error></ErrorResponse>"
    )
}

fn in_seconds(seconds: i64) -> String {
    let now = jiff::Timestamp::now().as_second();
    jiff::Timestamp::from_second(now + seconds)
        .expect("a moment")
        .to_string()
}

pub(super) fn words(sts: &Sts) -> String {
    format!(
        "helper aws robot --role-arn {ROLE} --endpoint {}",
        sts.origin
    )
}

#[test]
fn the_keys_are_to_the_letter_and_kept() {
    let sts = Sts::start();
    let robot = Robot::of(&[&sts.origin]);
    let token = robot.token();
    let told = robot.run(&words(&sts)).done();
    let line = told.line().to_owned();
    let end = line
        .rsplit("\"Expiration\":\"")
        .next()
        .and_then(|rest| rest.strip_suffix("\"}"));
    let end: jiff::Timestamp = end.expect("an end").parse().expect("RFC 3339");
    assert_eq!(
        line,
        format!(
            r#"{{"Version":1,"AccessKeyId":"ASIA1","SecretAccessKey":"secret1","SessionToken":"session+1/=&","Expiration":"{end}"}}"#
        )
    );
    let form = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        sts.asked(),
        [[
            form("Action", "AssumeRoleWithWebIdentity"),
            form("Version", "2011-06-15"),
            form("RoleArn", ROLE),
            form("RoleSessionName", "gatepass-robot"),
            form("WebIdentityToken", &token),
        ]]
    );

    // The second time nobody is asked, and nothing lies open.
    assert_eq!(robot.home.run(&words(&sts)).done().line(), line);
    assert!(sts.asked().is_empty());
    let kept = private_files(&robot.home.state().join("aws"));
    assert!(
        kept.iter().all(|content| !content.contains("secret1")),
        "sealed"
    );

    // Another role, name or lifetime means other keys.
    for more in [
        "--session-name other",
        "--duration 900",
        "--session-name other --duration 900",
    ] {
        robot.run(&format!("{} {more}", words(&sts))).done();
        assert_eq!(sts.asked().len(), 1, "{more}");
    }
}

/// What is in a folder's files, which only this user can read.
fn private_files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
        found.push(String::from_utf8_lossy(&std::fs::read(path).expect("read")).into_owned());
    }
    assert!(found.len() > 1, "keys and their lock");
    found
}

#[test]
fn keys_that_end_within_five_minutes_are_fetched_anew() {
    let sts = Sts::start();
    let robot = Robot::of(&[&sts.origin]);
    sts.change(|desk| desk.lifetime = 299);
    for _ in 0..2 {
        robot.run(&words(&sts)).done();
        assert_eq!(sts.asked().len(), 1);
    }
}

#[test]
fn many_processes_make_one_call() {
    let sts = Sts::start();
    let robot = Robot::of(&[&sts.origin]);
    robot.token();
    sts.change(|desk| desk.pause = Duration::from_millis(300));
    let children: Vec<_> = (0..8)
        .map(|_| piped(&mut robot.command(&words(&sts))))
        .collect();
    let mut lines: Vec<String> = children
        .into_iter()
        .map(|child| {
            Told::from(child.wait_with_output().expect("ended"))
                .done()
                .line()
                .to_owned()
        })
        .collect();
    lines.dedup();
    assert_eq!(lines.len(), 1);
    assert_eq!(sts.asked().len(), 1);
}

#[test]
fn refusals_have_their_own_codes() {
    let sts = Sts::start();
    let robot = Robot::of(&[&sts.origin]);
    let token = robot.token();
    for (status, body, code, complaint) in [
        (403, error("AccessDenied"), 5, "AccessDenied: so it is"),
        (
            400,
            error("InvalidIdentityToken"),
            5,
            "InvalidIdentityToken",
        ),
        (
            400,
            error("IDPCommunicationError"),
            3,
            "IDPCommunicationError",
        ),
        (503, "busy".to_owned(), 3, "503"),
        (200, "{}".to_owned(), 1, "expected XML"),
        (
            200,
            keys(1, 60)
                .replace("<AccessKeyId>", "<AccessKeyId/><Other>")
                .replace("</AccessKeyId>", "</Other>"),
            1,
            "expected XML",
        ),
        (200, "x".repeat(300_000), 3, "larger than"),
    ] {
        sts.change(|desk| desk.refusals.push((status, body)));
        let told = robot.run(&words(&sts)).code(code).complaining(complaint);
        assert!(!told.stderr.contains(&token), "{told:?}");
        assert_eq!(sts.asked().len(), 1, "{complaint}");
    }
}

#[test]
fn a_token_that_has_expired_there_is_renewed_once() {
    let sts = Sts::start();
    let robot = Robot::of(&[&sts.origin]);
    let token = robot.token();
    sts.change(|desk| desk.refusals.push((400, error("ExpiredTokenException"))));
    robot.run(&words(&sts)).done();
    let shown: Vec<String> = sts
        .asked()
        .into_iter()
        .filter_map(|form| Some(form.last()?.1.clone()))
        .collect();
    assert!(shown.len() == 2 && shown[0] == token && shown[1] != token);
    sts.change(|desk| {
        desk.refusals
            .extend([(400, error("ExpiredToken")), (400, error("ExpiredToken"))])
    });
    robot
        .run(&format!("{} --session-name other", words(&sts)))
        .code(5)
        .complaining("ExpiredToken");
}

#[test]
fn a_logged_out_profile_has_no_keys() {
    let sts = Sts::start();
    let home = Home::new();
    let server = crate::server::Server::dev(&home);
    crate::login::web(&home, &server, &format!("--api {}", sts.origin));
    let mut agent = crate::agent::Agent::of(&server);
    crate::login::log_in(&home, "login web", &mut agent, &[])
        .1
        .done();
    let words = words(&sts).replace("robot", "web");
    home.run(&words).done();
    home.run(&words).done();
    assert_eq!(sts.asked().len(), 1);
    home.run("logout web").done();
    home.run(&words).code(4).complaining("gatepass login web");
    assert!(sts.asked().is_empty());
}

#[test]
fn the_token_is_shown_to_nobody_else() {
    let sts = Sts::start();
    let robot = Robot::of(&["https://sts.eu-west-1.amazonaws.com"]);
    robot
        .run(&words(&sts))
        .code(1)
        .complaining("is not for http://127.0.0.1");
    robot
        .run(&format!("helper aws robot --role-arn {ROLE}"))
        .code(1)
        .complaining("is not for https://sts.amazonaws.com");
    assert!(sts.asked().is_empty());
    for (more, complaint) in [
        ("--endpoint http://sts.example.com", "plain http"),
        ("--endpoint nowhere", "expected a URL"),
        ("--duration 60", "900"),
        ("--session-name a/b", "2 to 64"),
        ("--region EU!", "eu-central-1"),
    ] {
        robot
            .run(&format!("helper aws robot --role-arn {ROLE} {more}"))
            .code(2)
            .complaining(complaint);
    }
    robot
        .run("helper aws robot --role-arn deploy")
        .code(2)
        .complaining("arn:aws:iam");
    let home = Home::new();
    home.run(&format!(
        "profile add basic --api {} --username u --password-env P",
        sts.origin
    ))
    .done();
    let words = words(&sts).replace("robot", "basic");
    Told::of(home.command(&words).env("P", "p"))
        .code(1)
        .complaining("AWS takes tokens");
}
