"""Every program that the seeds describe, in our words, with Python's own libraries."""

from __future__ import annotations

import base64
import http.client
import re
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient, WebApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from gatepass import Offer
from person import Page, Person

PASTED = "https://localhost"
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
API = ("/api/data", "/api/protected_data")


def opens_the_api(offer: Offer, token: str) -> None:
    """A token is good for something: the API answers, in JSON, to nobody without it."""
    for path in API:
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.get(offer.url(path), headers=headers, verify=offer.ca, timeout=30)
        assert answer.status_code == 200, answer.text
        assert isinstance(answer.json(), dict)


def introspect(offer: Offer, token: str) -> dict[str, object]:
    """What the server says of a token (RFC 7662)."""
    answer = requests.post(
        offer.url("/oauth/introspect"),
        data={"token": token},
        auth=(offer.client_id, offer.client_secret),
        verify=offer.ca,
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def oauth_session(offer: Offer, **options) -> OAuth2Session:
    """requests-oauthlib's session, which checks the server's certificate."""
    session = OAuth2Session(**options)
    session.trust_env = False
    session.verify = offer.ca
    return session


# requests and a login endpoint


def test_login_with_a_form(offer: Offer) -> None:
    login = {"username": offer.user, "password": offer.password}
    answer = requests.post(offer.url("/auth/token"), data=login, verify=offer.ca, timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.json()["token"] == answer.json()["access_token"]
    opens_the_api(offer, answer.json()["token"])


def test_login_with_http_basic(offer: Offer) -> None:
    login = (offer.user, offer.password)
    answer = requests.post(offer.url("/api/auth"), auth=login, verify=offer.ca, timeout=30)
    assert answer.status_code == 200, answer.text
    opens_the_api(offer, answer.json()["access_token"])


def test_login_with_json(offer: Offer) -> None:
    login = {"username": offer.user, "password": offer.password}
    with requests.Session() as session:
        session.verify = offer.ca
        answer = session.post(offer.url("/api/auth/jwt"), json=login, timeout=30)
        assert answer.status_code == 200, answer.text
        token = answer.json()["access_token"]
        assert token.count(".") == 2, "this one is a JWT"
        session.headers["Authorization"] = f"Bearer {token}"
        assert session.get(offer.url("/api/data"), timeout=30).status_code == 200
    opens_the_api(offer, token)


@pytest.mark.parametrize("path", API)
def test_without_a_token_the_api_says_what_it_wants(offer: Offer, path: str) -> None:
    answer = requests.get(offer.url(path), verify=offer.ca, timeout=30)
    assert answer.status_code == 401
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer")
    assert "error=" not in challenge, "RFC 6750 §3: no error where no credentials were"


# requests-oauthlib


@pytest.mark.parametrize("secret_in", ["header", "body"])
def test_authorization_code_pasted(offer: Offer, secret_in: str) -> None:
    session = oauth_session(offer, client_id=offer.client_id, redirect_uri=PASTED)
    address, state = session.authorization_url(offer.url("/auth/authorize"))
    pasted = Person(offer).authorize(address)
    assert pasted.startswith(f"{PASTED}?") or pasted.startswith(f"{PASTED}/?")
    assert parse_qs(urlsplit(pasted).query)["state"] == [state]
    token = session.fetch_token(
        offer.url("/auth/token"),
        authorization_response=pasted,
        client_secret=offer.client_secret,
        include_client_id=secret_in == "body",
    )
    assert token["token_type"].lower() == "bearer"
    assert token["refresh_token"]
    assert session.get(offer.url("/api/data")).status_code == 200
    opens_the_api(offer, token["access_token"])


# Without include_client_id the library sends HTTP Basic, with an empty secret for a public client.
@pytest.mark.parametrize("include_client_id", [True, None])
@pytest.mark.parametrize("client", ["confidential", "public"])
def test_authorization_code_with_pkce(
    offer: Offer, client: str, include_client_id: bool | None
) -> None:
    public = client == "public"
    client_id = offer.public_client_id if public else offer.client_id
    session = oauth_session(offer, client_id=client_id, redirect_uri=PASTED, pkce="S256")
    address, _ = session.authorization_url(offer.url("/oauth/authorize"))
    assert "code_challenge_method=S256" in address
    token = session.fetch_token(
        offer.url("/oauth/token"),
        authorization_response=Person(offer).authorize(address),
        client_secret=None if public else offer.client_secret,
        include_client_id=include_client_id,
    )
    opens_the_api(offer, token["access_token"])


def logged_in(offer: Offer, **options) -> OAuth2Session:
    session = oauth_session(offer, client_id=offer.client_id, redirect_uri=PASTED, **options)
    address, _ = session.authorization_url(offer.url("/oauth/authorize"))
    session.fetch_token(
        offer.url("/oauth/token"),
        authorization_response=Person(offer).authorize(address),
        client_secret=offer.client_secret,
    )
    return session


def test_refresh(offer: Offer) -> None:
    session = logged_in(offer)
    before = dict(session.token)
    after = session.refresh_token(
        offer.url("/oauth/token"), auth=HTTPBasicAuth(offer.client_id, offer.client_secret)
    )
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"], "every use rotates"
    opens_the_api(offer, after["access_token"])


def test_a_lost_refresh_answer_costs_nothing(offer: Offer) -> None:
    session = logged_in(offer)
    first = session.token["refresh_token"]
    secret = {"client_id": offer.client_id, "client_secret": offer.client_secret}
    once = session.refresh_token(offer.url("/oauth/token"), refresh_token=first, **secret)
    again = session.refresh_token(offer.url("/oauth/token"), refresh_token=first, **secret)
    assert again["refresh_token"] == once["refresh_token"]
    opens_the_api(offer, again["access_token"])


def test_refresh_by_itself_when_the_token_is_old(offer: Offer) -> None:
    kept = []
    session = logged_in(
        offer,
        auto_refresh_url=offer.url("/oauth/token"),
        auto_refresh_kwargs={"client_id": offer.client_id, "client_secret": offer.client_secret},
        token_updater=kept.append,
    )
    old = session.token["access_token"]
    session.token = {**session.token, "expires_at": time.time() - 1}
    answer = session.get(offer.url("/api/protected_data"))
    assert answer.status_code == 200, answer.text
    assert [token["access_token"] != old for token in kept] == [True]
    assert answer.request.headers["Authorization"] == f"Bearer {kept[0]['access_token']}"


# oauthlib, with a web server of its own for the callback


@pytest.fixture
def callback() -> Iterator[tuple[str, list[str]]]:
    """A local web server; its address, and the paths it was asked for."""
    visits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            visits.append(self.path)
            body = b"You may close this window.\n"
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}/callback", visits
        server.shutdown()
        thread.join()


def test_web_application_client(
    offer: Offer, callback: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    redirect_uri, visits = callback
    client = WebApplicationClient(offer.client_id)
    address, headers, body = client.prepare_authorization_request(
        offer.url("/oauth/authorize"), state="a-state-of-ours", redirect_url=redirect_uri
    )
    assert (headers["Content-Type"], body) == ("application/x-www-form-urlencoded", "")

    arrived = Person(offer).authorize(address)
    assert requests.get(arrived, timeout=30).status_code == 200
    # oauthlib wants to be told that a callback on this machine may be plain http.
    with monkeypatch.context() as local:
        local.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
        origin = redirect_uri.removesuffix("/callback")
        given = client.parse_request_uri_response(origin + visits[0], state="a-state-of-ours")
    assert given["code"]

    address, headers, body = client.prepare_token_request(
        offer.url("/oauth/token"),
        redirect_url=redirect_uri,
        code=given["code"],
        client_secret=offer.client_secret,
    )
    answer = requests.post(address, headers=headers, data=body, verify=offer.ca, timeout=30)
    token = client.parse_request_body_response(answer.text)
    opens_the_api(offer, token["access_token"])


def code_at(offer: Offer, redirect_uri: str, **extra: str) -> str:
    """A code in exchange for a hand-made authorization address."""
    asked = {"client_id": offer.client_id, "redirect_uri": redirect_uri, "response_type": "code"}
    end = Person(offer).authorize(f"{offer.url('/oauth/authorize')}?{urlencode(asked | extra)}")
    assert end.startswith(redirect_uri)
    return parse_qs(urlsplit(end).query)["code"][0]


@pytest.mark.parametrize("secret_in", ["header", "body"])
def test_token_request_in_json(offer: Offer, secret_in: str) -> None:
    redirect_uri = "http://localhost:8000/callback"
    assert redirect_uri in offer.redirect_uris
    asked = {
        "grant_type": "authorization_code",
        "code": code_at(offer, redirect_uri),
        "redirect_uri": redirect_uri,
    }
    who = {"client_id": offer.client_id, "client_secret": offer.client_secret}
    answer = requests.post(
        offer.url("/oauth/token"),
        json=asked if secret_in == "header" else asked | who,
        auth=(offer.client_id, offer.client_secret) if secret_in == "header" else None,
        verify=offer.ca,
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    opens_the_api(offer, answer.json()["access_token"])


def test_token_request_in_a_form(offer: Offer) -> None:
    redirect_uri = "http://localhost:8000/callback"
    asked = {
        "grant_type": "authorization_code",
        "code": code_at(offer, redirect_uri, scope="read"),
        "redirect_uri": redirect_uri,
        "client_id": offer.client_id,
        "client_secret": offer.client_secret,
    }
    answer = requests.post(
        offer.url("/oauth/token"),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        data=asked,
        verify=offer.ca,
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["expires_in"] > 0
    opens_the_api(offer, answer.json()["access_token"])


# a code that is shown on a page


def test_out_of_band(offer: Offer) -> None:
    asked = {
        "client_id": offer.client_id,
        "redirect_uri": OUT_OF_BAND,
        "response_type": "code",
        "scope": "read-write",
    }
    page = Person(offer).follow(f"{offer.url('/oauth/authorize')}?{urlencode(asked)}")
    assert isinstance(page, Page) and page.status == 200
    assert not page.forms
    assert "no-store" in page.headers["Cache-Control"]
    answer = requests.post(
        offer.url("/oauth/token"),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        data={
            "grant_type": "authorization_code",
            "code": page.code,
            "redirect_uri": OUT_OF_BAND,
            "client_id": offer.client_id,
            "client_secret": offer.client_secret,
        },
        verify=offer.ca,
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    assert answer.json().get("scope", "read-write") == "read-write"
    assert introspect(offer, answer.json()["access_token"])["scope"] == "read-write"
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    data = requests.get(offer.url("/api/data"), headers=headers, verify=offer.ca, timeout=30)
    assert (data.status_code, data.json()["scope"]) == (200, "read-write")


# API keys


@pytest.mark.parametrize("header, prefix", [("Authorization", "Bearer "), ("X-API-Key", "")])
def test_api_key(offer: Offer, header: str, prefix: str) -> None:
    def ask(key: str) -> requests.Response:
        headers = {header: prefix + key}
        return requests.get(offer.url("/api/endpoint"), headers=headers, verify=offer.ca, timeout=30)

    assert ask(offer.api_key).status_code == 200
    refused = ask(offer.api_key[:-1] + ("A" if offer.api_key[-1] != "A" else "B"))
    assert refused.status_code == 401
    assert "WWW-Authenticate" in refused.headers


# http.client


def protected_resource(offer: Offer, user: str, password: str) -> http.client.HTTPResponse:
    where = urlsplit(offer.issuer)
    context = ssl.create_default_context(cafile=offer.ca)
    connection = http.client.HTTPSConnection(where.hostname, where.port, timeout=30, context=context)
    try:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        connection.request("GET", "/protected-resource", headers={"Authorization": f"Basic {pair}"})
        response = connection.getresponse()
        response.read()
        return response
    finally:
        connection.close()


def test_http_basic_on_each_request(offer: Offer) -> None:
    assert protected_resource(offer, offer.user, offer.password).status == 200
    assert protected_resource(offer, offer.user, offer.password).status == 200


def test_http_basic_when_challenged(offer: Offer) -> None:
    """urllib sends nothing before it has found `Basic` among the challenges."""
    context = ssl.create_default_context(cafile=offer.ca)
    keys = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    keys.add_password(None, offer.issuer, offer.user, offer.password)
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=context),
        urllib.request.HTTPBasicAuthHandler(keys),
    )
    with opener.open(offer.url("/protected-resource"), timeout=30) as response:
        assert response.status == 200


@pytest.mark.parametrize("user, password", [(None, "not it"), ("nobody", "not it"), ("", "")])
def test_http_basic_refused(offer: Offer, user: str | None, password: str) -> None:
    response = protected_resource(offer, offer.user if user is None else user, password)
    assert response.status == 401
    challenges = response.getheader("WWW-Authenticate")
    # A token is welcome too, so there may be a second scheme beside it (RFC 9110 §11.6.1).
    assert re.search(r'(^|, )Basic realm="[^"]+"', challenges), challenges


# grants without a browser


@pytest.mark.parametrize("secret_in", ["header", "body"])
def test_client_credentials(offer: Offer, secret_in: str) -> None:
    session = oauth_session(offer, client=BackendApplicationClient(offer.client_id))
    if secret_in == "header":
        proof = {"auth": HTTPBasicAuth(offer.client_id, offer.client_secret)}
    else:
        proof = {"include_client_id": True, "client_secret": offer.client_secret}
    token = session.fetch_token(offer.url("/oauth/token"), **proof)
    assert "refresh_token" not in token, "RFC 6749 §4.4.3"
    assert session.get(offer.url("/api/data")).status_code == 200
    opens_the_api(offer, token["access_token"])


@pytest.mark.parametrize("secret_in", ["header", "body"])
def test_password_grant(offer: Offer, secret_in: str) -> None:
    session = oauth_session(offer, client=LegacyApplicationClient(offer.client_id))
    token = session.fetch_token(
        offer.url("/oauth/token"),
        username=offer.user,
        password=offer.password,
        client_secret=offer.client_secret,
        include_client_id=secret_in == "body",
    )
    opens_the_api(offer, token["access_token"])


# what is done with a token afterwards


def test_revocation_by_oauthlib_is_seen_by_introspection(offer: Offer) -> None:
    session = logged_in(offer)
    token = session.token
    assert introspect(offer, token["access_token"])["active"]
    address, headers, body = session._client.prepare_token_revocation_request(
        offer.url("/oauth/revoke"), token["refresh_token"], token_type_hint="refresh_token"
    )
    answer = requests.post(
        address,
        headers=headers,
        data=body,
        auth=(offer.client_id, offer.client_secret),
        verify=offer.ca,
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    assert not introspect(offer, token["access_token"])["active"], "revoking a refresh token revokes its grant"


def test_metadata_leads_to_everything(offer: Offer) -> None:
    for name in ("oauth-authorization-server", "openid-configuration"):
        where = offer.url(f"/.well-known/{name}")
        metadata = requests.get(where, verify=offer.ca, timeout=30).json()
        assert metadata["issuer"] == offer.issuer
        assert metadata["authorization_endpoint"] == offer.url("/oauth/authorize")
        assert metadata["token_endpoint"] == offer.url("/oauth/token")
        assert "S256" in metadata["code_challenge_methods_supported"]
        keys = requests.get(metadata["jwks_uri"], verify=offer.ca, timeout=30).json()["keys"]
        assert keys and all("d" not in key for key in keys), "public keys only"
