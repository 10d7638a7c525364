"""What the libraries make of refusals: each has to arrive as the exception that its user expects."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient
from oauthlib.oauth2.rfc6749 import errors
from requests_oauthlib import OAuth2Session

from gatepass import Offer
from person import Page, Person

PASTED = "https://localhost"


def session_of(offer: Offer, **options) -> OAuth2Session:
    options.setdefault("client_id", offer.client_id)
    session = OAuth2Session(redirect_uri=PASTED, **options)
    session.trust_env = False
    session.verify = offer.ca
    return session


def pasted(offer: Offer, session: OAuth2Session, person: Person | None = None, **extra: str) -> str:
    address, _ = session.authorization_url(offer.url("/oauth/authorize"), **extra)
    return (person or Person(offer)).authorize(address)


def post(offer: Offer, path: str, **options) -> requests.Response:
    return requests.post(offer.url(path), verify=offer.ca, timeout=30, **options)


def active(offer: Offer, token: str) -> bool:
    proof = (offer.client_id, offer.client_secret)
    answer = post(offer, "/oauth/introspect", data={"token": token}, auth=proof)
    assert answer.status_code == 200, answer.text
    return answer.json()["active"]


# the client


@pytest.mark.parametrize("secret_in", ["header", "body"])
def test_wrong_secret(offer: Offer, secret_in: str) -> None:
    session = session_of(offer)
    arrived = pasted(offer, session)
    fetch = {"token_url": offer.url("/oauth/token"), "include_client_id": secret_in == "body"}
    with pytest.raises(errors.InvalidClientError):
        session.fetch_token(authorization_response=arrived, client_secret="not it", **fetch)
    # Nothing was spent: the code is still good for who has the right secret.
    secret = offer.client_secret
    token = session.fetch_token(authorization_response=arrived, client_secret=secret, **fetch)
    assert active(offer, token["access_token"])


@pytest.mark.parametrize("client_id", ["nobody", ""])
def test_unknown_client(offer: Offer, client_id: str) -> None:
    answer = post(
        offer,
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client_id, offer.client_secret),
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_json_without_any_client(offer: Offer) -> None:
    """The third seed's program, to the letter; a server that obeyed it would need no secrets."""
    session = session_of(offer)
    code = parse_qs(urlsplit(pasted(offer, session)).query)["code"][0]
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": PASTED}
    answer = post(offer, "/oauth/token", json=asked)
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] in ("invalid_request", "invalid_client")


# the code


def test_wrong_code(offer: Offer) -> None:
    with pytest.raises(errors.InvalidGrantError):
        session_of(offer).fetch_token(
            offer.url("/oauth/token"), code="not-a-code", client_secret=offer.client_secret
        )


def test_reused_code_takes_its_token_along(offer: Offer) -> None:
    session = session_of(offer)
    asked = {
        "token_url": offer.url("/oauth/token"),
        "authorization_response": pasted(offer, session),
        "client_secret": offer.client_secret,
    }
    token = session.fetch_token(**asked)
    assert active(offer, token["access_token"])
    with pytest.raises(errors.InvalidGrantError):
        session.fetch_token(**asked)
    assert not active(offer, token["access_token"]), "RFC 6749 §4.1.2"


def test_code_of_another_client(offer: Offer) -> None:
    session = session_of(offer)
    code = parse_qs(urlsplit(pasted(offer, session)).query)["code"][0]
    thief = session_of(offer, client_id=offer.public_client_id)
    with pytest.raises(errors.InvalidGrantError):
        thief.fetch_token(offer.url("/oauth/token"), code=code, include_client_id=True)


def test_mismatched_state(offer: Offer) -> None:
    session = session_of(offer)
    arrived = pasted(offer, session)
    session._state = "another"
    with pytest.raises(errors.MismatchingStateError):
        session.fetch_token(
            offer.url("/oauth/token"),
            authorization_response=arrived,
            client_secret=offer.client_secret,
        )


def test_the_callback_names_the_issuer(offer: Offer) -> None:
    """RFC 9207, without which a client of two servers can be made to mix them up."""
    arrived = parse_qs(urlsplit(pasted(offer, session_of(offer))).query)
    assert arrived["iss"] == [offer.issuer]


# PKCE


@pytest.mark.parametrize("verifier", [None, "x" * 43])
def test_wrong_or_missing_verifier(offer: Offer, verifier: str | None) -> None:
    session = session_of(offer, pkce="S256")
    arrived = pasted(offer, session)
    session._pkce = None
    extra = {"code_verifier": verifier} if verifier else {}
    with pytest.raises(errors.InvalidGrantError):
        session.fetch_token(
            offer.url("/oauth/token"),
            authorization_response=arrived,
            client_secret=offer.client_secret,
            **extra,
        )


def test_verifier_without_a_challenge(offer: Offer) -> None:
    session = session_of(offer)
    with pytest.raises(errors.InvalidGrantError):
        session.fetch_token(
            offer.url("/oauth/token"),
            authorization_response=pasted(offer, session),
            client_secret=offer.client_secret,
            code_verifier="x" * 43,
        )


def test_public_client_without_pkce_sees_no_login_page(offer: Offer) -> None:
    session = session_of(offer, client_id=offer.public_client_id)
    address, _ = session.authorization_url(offer.url("/oauth/authorize"))
    answer = requests.get(address, verify=offer.ca, timeout=30, allow_redirects=False)
    if answer.is_redirect:
        arrived = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert arrived["error"] == ["invalid_request"]
    else:
        assert answer.status_code == 400
        assert not Page(answer).forms


# the authorization request


NEARLY = [
    "https://localhost.example",
    "https://localhost:8443",
    "https://localhost/elsewhere",
    "http://localhost:8000/callback/",
    "http://localhost:8000/callback?x=1",
    "http://127.0.0.1:8000/Callback",
    "https://127.0.0.1:8000/callback",
    "urn:ietf:wg:oauth:2.0:oob:auto",
    "https://evil.example/",
    "",
]


@pytest.mark.parametrize("redirect_uri", NEARLY)
def test_nearly_right_redirect_uri_is_a_page_and_no_redirect(offer: Offer, redirect_uri: str) -> None:
    asked = {"client_id": offer.client_id, "response_type": "code", "redirect_uri": redirect_uri}
    where = f"{offer.url('/oauth/authorize')}?{urlencode(asked)}"
    answer = requests.get(where, verify=offer.ca, timeout=30, allow_redirects=False)
    assert answer.status_code == 400, answer.headers
    assert "Location" not in answer.headers
    assert not Page(answer).forms


def test_consent_denied(offer: Offer) -> None:
    session = session_of(offer)
    arrived = pasted(offer, session, Person(offer, decision="deny"))
    with pytest.raises(errors.AccessDeniedError):
        session.fetch_token(
            offer.url("/oauth/token"),
            authorization_response=arrived,
            client_secret=offer.client_secret,
        )


def test_unknown_scope(offer: Offer) -> None:
    session = session_of(offer, scope=["everything"])
    arrived = pasted(offer, session)
    with pytest.raises(errors.InvalidScopeError):
        session.fetch_token(offer.url("/oauth/token"), authorization_response=arrived)


def test_wrong_password_leads_nowhere(offer: Offer) -> None:
    address, _ = session_of(offer).authorization_url(offer.url("/oauth/authorize"))
    page = Person(offer, password="not it").follow(address)
    assert isinstance(page, Page)
    assert page.alert
    assert page.form.fields["username"] == offer.user
    assert page.form.fields["password"] == ""


# the token request


def test_password_grant_with_a_wrong_password(offer: Offer) -> None:
    session = session_of(offer, client=LegacyApplicationClient(offer.client_id))
    with pytest.raises(errors.InvalidGrantError):
        session.fetch_token(
            offer.url("/oauth/token"),
            username=offer.user,
            password="not it",
            client_secret=offer.client_secret,
        )


def test_scope_beyond_the_client(offer: Offer) -> None:
    client = BackendApplicationClient(offer.client_id, scope=["everything"])
    with pytest.raises(errors.InvalidScopeError):
        session_of(offer, client=client).fetch_token(
            offer.url("/oauth/token"), client_secret=offer.client_secret
        )


def test_grant_that_does_not_exist(offer: Offer) -> None:
    answer = post(
        offer,
        "/oauth/token",
        data={"grant_type": "wishful_thinking"},
        auth=(offer.client_id, offer.client_secret),
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    "headers, body",
    [
        ({}, None),
        (FORM, b""),
        (FORM, b"grant_type=client_credentials&grant_type=client_credentials"),
        (FORM, b"grant_type=%ff%fe"),
        ({"Content-Type": "text/plain"}, b"grant_type=client_credentials"),
        ({"Content-Type": "application/json"}, b"{"),
        ({"Content-Type": "application/json"}, b"[]"),
    ],
)
def test_malformed_token_request(offer: Offer, headers: dict[str, str], body: bytes | None) -> None:
    proof = (offer.client_id, offer.client_secret)
    answer = post(offer, "/oauth/token", headers=headers, data=body, auth=proof)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("size", [70_000, 100_000, 1_000_000])
def test_body_over_the_limit(offer: Offer, size: int) -> None:
    answer = post(offer, "/oauth/token", headers=FORM, data=b"a=" + b"x" * size)
    assert (answer.status_code, answer.json()["error"]) == (413, "invalid_request")


# the API


@pytest.mark.parametrize("token", ["not-a-token", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_bad_bearer_token(offer: Offer, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.get(offer.url("/api/data"), headers=headers, verify=offer.ca, timeout=30)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("value", ["Basic", "Basic !!!", "Basic bm8tY29sb24="])
def test_malformed_basic(offer: Offer, value: str) -> None:
    answer = requests.get(
        offer.url("/protected-resource"),
        headers={"Authorization": value},
        verify=offer.ca,
        timeout=30,
    )
    assert answer.status_code in (400, 401)


@pytest.mark.parametrize("path", ["/api/auth", "/api/auth/jwt", "/auth/token"])
def test_wrong_password_at_a_login_endpoint(offer: Offer, path: str) -> None:
    login = {"username": offer.user, "password": "not it"}
    options = {
        "/api/auth": {"auth": (offer.user, "not it")},
        "/api/auth/jwt": {"json": login},
        "/auth/token": {"data": login},
    }
    answer = post(offer, path, **options[path])
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers
    assert "access_token" not in answer.json()
    # A success between the guesses, so that this module is not throttled.
    assert post(offer, "/api/auth", auth=(offer.user, offer.password)).status_code == 200
