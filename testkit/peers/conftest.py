"""What every module of the peers shares: one server each, and answers that are looked over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from gatepass import Gatepass, Offer

# Whoever runs this may have a proxy or certificates of their own; the server is on this machine.
for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "OAUTHLIB_RELAX_TOKEN_SCOPE"):
    os.environ.pop(name, None)
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
os.environ["NETRC"] = os.devnull

TOKEN_PATHS = ("/oauth/token", "/auth/token", "/api/auth", "/api/auth/jwt")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatepass]:
    """A fresh server on a free port."""
    server = Gatepass(tmp_path_factory.mktemp("gatepass"))
    with server:
        yield server


@pytest.fixture(scope="module")
def offer(server: Gatepass) -> Offer:
    """What it offers."""
    assert Path(server.offer.ca).is_file()
    return server.offer


@pytest.fixture(autouse=True)
def no_token_answer_is_cacheable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks over every answer that requests receives (RFC 6749 §5.1)."""
    original = requests.Session.send

    def send(self: requests.Session, request: requests.PreparedRequest, **options: object):
        response = original(self, request, **options)
        if request.method == "POST" and request.path_url.split("?")[0] in TOKEN_PATHS:
            directives = response.headers.get("Cache-Control", "").replace(" ", "").split(",")
            assert "no-store" in directives, f"{request.url}: {response.headers}"
        return response

    monkeypatch.setattr(requests.Session, "send", send)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A test that was left out is no pass."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == 0 and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
