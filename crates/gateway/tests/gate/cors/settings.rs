//! What the settings may say.

use super::{CORS, HERE, ORIGIN, RULES, UPSTREAM, is_silent};
use crate::world::World;

/// Why these lines of the table are not taken.
async fn fault(world: &World, lines: &str) -> String {
    let text = format!("{UPSTREAM}{RULES}[cors]\n{lines}\n");
    world.reload(&text).await.expect_err(lines)
}

#[tokio::test]
async fn an_origin_is_written_as_browsers_do() {
    let world = World::usual().await;
    for (given, meant) in [
        ("https://app.example/", HERE),
        ("https://app.example/app", HERE),
        ("https://app.example?x", HERE),
        ("https://App.Example", HERE),
        ("HTTPS://app.example", HERE),
        ("https://app.example:443", HERE),
        ("https://ann@app.example", HERE),
        (" https://app.example", HERE),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://0x7f.1", "http://127.0.0.1"),
        ("tauri://Localhost", "tauri://localhost"),
    ] {
        let error = fault(&world, &format!("origins = [{given:?}]")).await;
        let said = format!(
            "guard.toml:9:11: {given:?} is no origin as browsers write it; did you mean {meant:?}?"
        );
        assert!(error.ends_with(&said), "{given}: {error}");
    }
    for given in [
        "app.example",
        "localhost:5173",
        "wss://app.example",
        "file://",
        "",
    ] {
        let error = fault(&world, &format!("origins = [{given:?}]")).await;
        let said = format!("guard.toml:9:11: {given:?} is no origin; expected one like");
        assert!(error.contains(&said), "{given}: {error}");
    }
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused() {
    let world = World::usual().await;
    for (origins, said) in [
        (
            "null",
            "guard.toml:9:11: \"null\" is said by every page that has no origin",
        ),
        (
            "https://*.example",
            "guard.toml:9:11: \"https://*.example\" is a pattern",
        ),
        (
            "https://app.example\", \"https://b.example\", \"https://app.example",
            "cors.origins: \"https://app.example\" stands there twice",
        ),
        (
            "*\", \"https://app.example",
            "cors.origins: \"*\" is every origin",
        ),
        (
            "https://app.example\", \"*",
            "cors.origins: \"*\" is every origin",
        ),
        ("*\", \"*", "cors.origins: \"*\" stands there twice"),
    ] {
        let error = fault(&world, &format!("origins = [\"{origins}\"]")).await;
        assert!(error.contains(said), "{origins}: {error}");
    }
    let one = "origins = [\"https://app.example\"]\n";
    for (lines, said) in [
        ("max_age = \"25h\"", "cors.max_age: expected a day at most"),
        ("max_age = \"soon\"", "\"soon\" is not a time span"),
        (
            "allow_credentials = true",
            "unknown setting \"allow_credentials\"",
        ),
        (
            "expose_headers = [\"*\"]",
            "cors.expose_headers: expected the names of headers",
        ),
        ("expose_headers = [\"a, b\"]", "\"a, b\" is none"),
        ("expose_headers = [\"\"]", "\"\" is none"),
        (
            "expose_headers = [\"X-A\", \"x-a\"]",
            "\"x-a\" stands there twice",
        ),
    ] {
        let error = fault(&world, &format!("{one}{lines}")).await;
        assert!(error.contains(said), "{lines}: {error}");
    }
    for (lines, said) in [
        ("origins = \"*\"", "guard.toml:9:11: "),
        ("origin = []", "did you mean \"origins\"?"),
        (
            "expose_headers = [\"X-A\"]",
            "name the pages in cors.origins",
        ),
    ] {
        let error = fault(&world, lines).await;
        assert!(error.contains(said), "{lines}: {error}");
    }
    let asks = "public_url = \"https://api.example.com\"\nforward_auth = [\"nginx\"]\n\
                proxies = { trusted = [\"127.0.0.1\"] }\n";
    let error = world.reload(&format!("{asks}{CORS}")).await;
    let error = error.expect_err("nothing goes through here");
    assert!(
        error.starts_with("cors.origins: without an upstream"),
        "{error}"
    );
}

/// Programs that are made of pages have origins too, and so have machines without a name.
#[tokio::test]
async fn origins_of_every_kind_are_taken() {
    let world = World::usual().await;
    for origin in [
        "http://localhost:5173",
        "http://127.0.0.1:8000",
        "https://[2001:db8::1]:8443",
        "https://xn--bcher-kva.example",
        "tauri://localhost",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        "moz-extension://0b7c1c3e-0f4b-4a43-8f0e-111111111111",
    ] {
        let text = format!("{UPSTREAM}{RULES}[cors]\norigins = [{origin:?}]");
        world.reload(&text).await.expect(origin);
        let said = world
            .send("GET /public", &[&format!("Origin: {origin}")])
            .await;
        assert_eq!(said.header("access-control-allow-origin"), Some(origin));
        is_silent(&world.send("GET /public", &[ORIGIN]).await);
    }
}
