"""`gatepass request`, which knows a URL and nothing else, at every kind of protected server."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from sites import Site
from terminal import Terminal, answer

NO_LOGIN = "--no-interactive"
LOGIN_NEEDED = 4
FORBIDDEN = 5

# A client that every `gatepass serve --dev` knows.
KNOWN = "dev-public"


@pytest.fixture
def terminal(site: Site, tmp_path: Path) -> Terminal:
    return Terminal(site, tmp_path)


def profile(terminal: Terminal) -> dict[str, str]:
    """How the one profile stands that there is."""
    [found] = json.loads(terminal.run("status", "--output", "json").stdout)
    return found


def test_from_a_401_to_the_tools(terminal: Terminal) -> None:
    refused = terminal.post("ping", {}, NO_LOGIN)
    assert refused.returncode == LOGIN_NEEDED
    assert f"gatepass login {terminal.site.url}" in refused.stderr

    assert terminal.initialize()["serverInfo"]["name"] in ("python", "node")
    listed = answer(terminal.post("tools/list", {}, NO_LOGIN))
    assert {"whoami", "count"} <= {tool["name"] for tool in listed["tools"]}
    who = terminal.call("whoami", NO_LOGIN)
    assert who["subject"] and who["client"].startswith("cl_")
    assert "read" in who["scope"].split()


def test_a_client_that_describes_itself(own_site: Site, tmp_path: Path) -> None:
    terminal = Terminal(own_site, tmp_path)
    terminal.configure(f'client_metadata_url = "{terminal.site.document}"\n')
    terminal.initialize()
    assert terminal.call("whoami", NO_LOGIN)["client"] == terminal.site.document


def test_a_client_that_is_known_there(terminal: Terminal) -> None:
    terminal.configure(f'[[client]]\nissuer = "{terminal.site.issuer}"\nclient_id = "{KNOWN}"\n')
    terminal.initialize()
    assert terminal.call("whoami", NO_LOGIN)["client"] == KNOWN


def test_a_profile_is_kept_until_logout(terminal: Terminal) -> None:
    terminal.initialize()
    kept = profile(terminal)
    assert kept["state"] == "valid"
    assert terminal.run("logout", kept["profile"]).returncode == 0
    assert terminal.post("ping", {}, NO_LOGIN).returncode == LOGIN_NEEDED
    terminal.initialize()
    assert (profile(terminal)["profile"], profile(terminal)["state"]) == (kept["profile"], "valid")


def test_what_the_hint_says_is_enough(terminal: Terminal) -> None:
    assert terminal.post("ping", {}, NO_LOGIN).returncode == LOGIN_NEEDED
    done = terminal.run("login", terminal.site.url)
    assert done.returncode == 0, done.stderr
    terminal.initialize(NO_LOGIN)


def test_a_token_that_is_revoked_is_renewed(sites: dict[str, Site], tmp_path: Path) -> None:
    """At the server that asks about each token: the other one learns of it when the token expires."""
    terminal = Terminal(sites["node"], tmp_path)
    terminal.initialize()
    before = terminal.call("whoami")
    token = terminal.run("token", profile(terminal)["profile"]).stdout.strip()
    form = {"token": token, "client_id": before["client"]}
    requests.post(f"{terminal.site.issuer}/oauth/revoke", data=form, timeout=30).raise_for_status()
    assert terminal.call("whoami", NO_LOGIN) == before


def test_more_scope_when_it_is_needed(sites: dict[str, Site], tmp_path: Path) -> None:
    terminal = Terminal(sites["node"], tmp_path)
    terminal.initialize()
    assert "write" not in terminal.call("whoami")["scope"].split()
    refused = terminal.post("tools/call", {"name": "erase"}, NO_LOGIN)
    assert refused.returncode == FORBIDDEN and "--scope" in refused.stderr
    assert terminal.call("erase") == "erased"
    assert {"read", "write"} <= set(terminal.call("whoami", NO_LOGIN)["scope"].split())


def test_another_path_with_another_rule(sites: dict[str, Site], tmp_path: Path) -> None:
    guarded = sites["guarded node"]
    terminal = Terminal(guarded, tmp_path)
    terminal.initialize()
    terminal.site = replace(guarded, url=f"{guarded.resource}/admin/mcp")
    terminal.initialize()
    assert {"read", "write"} <= set(terminal.call("whoami", NO_LOGIN)["scope"].split())
    assert profile(terminal)["state"] == "valid"


def test_a_stream_of_its_own(terminal: Terminal) -> None:
    terminal.initialize()
    terminal.post("notifications/initialized", {})
    heard = terminal.listen(lambda: answer(terminal.post("tools/call", {"name": "announce"}, NO_LOGIN)))
    assert b"notifications/tools/list_changed" in heard
