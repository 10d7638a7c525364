"""Debian's mod_auth_openidc in a real Apache: logins, refreshes, logout, tokens that it checks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import pytest
import requests
from joserfc.jwk import RSAKey

from apache import Apache, Site
from authority import Authority
from gatepass import Gatepass, Offer
from person import Person
from registering import metadata, registered

KEY = RSAKey.generate_key(2048, auto_kid=True)


@dataclass
class Way:
    """How a site proves itself and wants its answer."""

    method: str
    mode: str
    alg: str = "RS256"
    site: Site = field(default_factory=Site)

    def lines(self, offer: Offer, apache: Apache) -> list[str]:
        site = self.site
        wishes: dict[str, object] = {
            "client_name": "Apache",
            "redirect_uris": [site.callback],
            "post_logout_redirect_uris": [site.goodbye],
            "backchannel_logout_uri": f"{site.callback}?logout=backchannel",
            "token_endpoint_auth_method": self.method,
            "id_token_signed_response_alg": self.alg,
        }
        lines = []
        if self.method == "private_key_jwt":
            wishes["jwks_uri"] = f"{site.callback}?jwks=rsa"
            # It takes the kid from the public half, and falls over without one.
            for half in ("Public", "Private"):
                file = apache.keep(f"{half}.pem", KEY.as_pem(private=half == "Private").decode())
                lines += [f'OIDC{half}KeyFiles "{KEY.kid}#{file}"']
        client = registered(offer, **wishes)
        if "client_secret" in client:
            lines += [f"OIDCClientSecret {client['client_secret']}"]
        return lines + [
            f"OIDCProviderMetadataURL {offer.url('/.well-known/openid-configuration')}",
            f"OIDCClientID {client['client_id']}",
            f"OIDCRedirectURI {site.callback}",
            f"OIDCProviderTokenEndpointAuth {self.method}",
            f"OIDCIDTokenSignedResponseAlg {self.alg}",
            f"OIDCResponseMode {self.mode}",
            "OIDCPKCEMethod S256",
            "OIDCProviderBackChannelLogoutSupported On",
            'OIDCScope "openid email offline_access"',
            f"OIDCRedirectURLsAllowed ^{site.origin}/",
        ]


WAYS = [
    Way("client_secret_basic", "query"),
    Way("client_secret_post", "form_post", "ES256"),
    Way("private_key_jwt", "query"),
]
REGISTERS, BY_KEYS, BY_ASKING = Site(), Site(), Site()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[Gatepass]:
    """A server that goes to Apache for its keys."""
    options = ["--outbound-ca", str(authority.certificate)]
    server = Gatepass(tmp_path_factory.mktemp("gatepass"), *options)
    with server:
        yield server


@pytest.fixture(scope="module")
def apache(server: Gatepass, authority: Authority) -> Iterator[Apache]:
    """One Apache with a site for each way."""
    offer, apache = server.offer, Apache(server.offer, authority)
    for way in WAYS:
        apache.site(way.site, way.lines(offer, apache))
    apache.site(
        REGISTERS,
        [
            f'OIDCMetadataDir "{apache.folder}/registrations"',
            f"OIDCRedirectURI {REGISTERS.callback}",
            'OIDCScope "openid email"',
            "OIDCPKCEMethod S256",
        ],
    )
    endpoints = metadata(offer)
    by_keys = [f"OIDCOAuthVerifyJwksUri {endpoints['jwks_uri']}", "OIDCOAuthRemoteUserClaim sub"]
    apache.site(BY_KEYS, by_keys, auth_type="oauth20")
    asks = server.admin("client", "add", "Resource", "--grant", "client_credentials")
    by_asking = [
        f"OIDCOAuthIntrospectionEndpoint {endpoints['introspection_endpoint']}",
        f"OIDCOAuthClientID {asks['client_id']}",
        f"OIDCOAuthClientSecret {asks['client_secret']}",
        "OIDCOAuthRemoteUserClaim sub",
        # Whether a token is still good is asked each time.
        "OIDCOAuthTokenIntrospectionInterval -1",
    ]
    apache.site(BY_ASKING, by_asking, auth_type="oauth20")
    with apache:
        yield apache


def visitor(offer: Offer, apache: Apache, decision: str = "allow") -> Person:
    """Somebody whose browser knows both."""
    person = Person(offer, decision=decision)
    person.browser.verify = str(apache.trusted)
    return person


def logged_in(person: Person, site: Site, start: str = "/") -> requests.Response:
    """Asks for a page, goes to the server and back, and gets it."""
    sent = person.browser.get(site.origin + start, allow_redirects=False, timeout=30)
    assert sent.status_code == 302, sent.text
    back = person.come_back(sent.headers["Location"])
    assert back.status_code == 200, back.text
    return back


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.method}-{way.mode}-{way.alg}")
class TestLogin:
    def test_whoever_logged_in_is_let_in(self, offer: Offer, apache: Apache, way: Way) -> None:
        person = visitor(offer, apache)
        page = logged_in(person, way.site).json()
        assert page["email"] == "dev@example.com"
        assert page["user"], apache.log()
        again = person.browser.get(way.site.origin, allow_redirects=False, timeout=30)
        assert again.json() == page, "the session is Apache's own now"

    def test_whoever_says_no_is_not(self, offer: Offer, apache: Apache, way: Way) -> None:
        person = visitor(offer, apache, "deny")
        sent = person.browser.get(way.site.origin, allow_redirects=False, timeout=30)
        # Its own words do not count: an error with the `iss` of RFC 9207 in the query puzzles it.
        refused = person.come_back(sent.headers["Location"])
        assert "dev@example.com" not in refused.text
        again = person.browser.get(way.site.origin, allow_redirects=False, timeout=30)
        assert again.headers["Location"].startswith(offer.url("/oauth/authorize"))

    def test_its_token_is_renewed(self, offer: Offer, apache: Apache, way: Way) -> None:
        person = visitor(offer, apache)
        logged_in(person, way.site)

        def told(**more: object) -> dict[str, object]:
            query = urlencode({"info": "json"} | more)
            return person.browser.get(f"{way.site.callback}?{query}", timeout=30).json()

        before = told()
        after = told(access_token_refresh_interval=0)
        assert after["access_token"] != before["access_token"], apache.log()
        assert after["refresh_token"] != before["refresh_token"], apache.log()
        assert after["userinfo"]["sub"] == before["id_token"]["sub"]

    def test_a_logout_is_one_at_the_server(self, offer: Offer, apache: Apache, way: Way) -> None:
        person = visitor(offer, apache)
        logged_in(person, way.site)
        leave = f"{way.site.callback}?logout={quote(way.site.goodbye, safe='')}"
        sent = person.browser.get(leave, allow_redirects=False, timeout=30)
        assert sent.headers["Location"].startswith(offer.url("/oauth/logout")), apache.log()
        assert person.authorize(sent.headers["Location"]).split("?")[0] == way.site.goodbye
        sent = person.browser.get(way.site.origin, allow_redirects=False, timeout=30)
        page = person.browser.get(sent.headers["Location"], timeout=30)
        assert 'name="password"' in page.text, "nobody knows the person any more"


def test_a_logout_at_one_site_is_one_at_the_other(offer: Offer, apache: Apache) -> None:
    """The server tells the other behind the browser's back (OpenID Connect Back-Channel Logout 1.0)."""
    here, there = (way.site for way in WAYS[:2])
    person, somebody_else = visitor(offer, apache), visitor(offer, apache)
    for browser, site in [(person, here), (person, there), (somebody_else, there)]:
        logged_in(browser, site)

    def status(whose: Person) -> int:
        return whose.browser.get(there.origin, allow_redirects=False, timeout=30).status_code

    assert status(person) == 200
    leave = f"{here.callback}?logout={quote(here.goodbye, safe='')}"
    sent = person.browser.get(leave, allow_redirects=False, timeout=30)
    person.authorize(sent.headers["Location"])
    deadline = time.monotonic() + 30
    while status(person) == 200:
        assert time.monotonic() < deadline, apache.log()
        time.sleep(0.05)
    assert status(somebody_else) == 200, "theirs is another login"


def test_it_registers_itself(offer: Offer, apache: Apache) -> None:
    """With nothing but what the server says of itself."""
    name = quote(offer.issuer.removeprefix("https://"), safe="")
    apache.keep(f"registrations/{name}.provider", json.dumps(metadata(offer)))
    person = visitor(offer, apache)
    asked = {"iss": offer.issuer, "target_link_uri": f"{REGISTERS.origin}/"}
    page = logged_in(person, REGISTERS, f"/callback?{urlencode(asked)}").json()
    assert page["email"] == "dev@example.com"
    [client] = apache.registrations()
    assert client["redirect_uris"] == [REGISTERS.callback]


@pytest.fixture(scope="module")
def robot(server: Gatepass) -> tuple[str, str]:
    grant = ["--grant", "client_credentials", "--scope", "read"]
    made = server.admin("client", "add", "Robot", *grant)
    return made["client_id"], made["client_secret"]


def token_of(offer: Offer, robot: tuple[str, str]) -> str:
    where, asked = offer.url("/oauth/token"), {"grant_type": "client_credentials"}
    answer = requests.post(where, asked, auth=robot, verify=offer.ca, timeout=30)
    return answer.json()["access_token"]


def called(apache: Apache, site: Site, token: str | None) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(site.origin, headers=headers, verify=apache.trusted, timeout=30)


@pytest.mark.parametrize("site", [BY_KEYS, BY_ASKING], ids=["by keys", "by introspection"])
def test_it_checks_our_tokens(
    offer: Offer, apache: Apache, robot: tuple[str, str], site: Site
) -> None:
    token = token_of(offer, robot)
    answer = called(apache, site, token)
    assert answer.status_code == 200, apache.log()
    assert (answer.json()["client"], answer.json()["scope"]) == (robot[0], "read")
    head, payload, _ = token.split(".")
    assert called(apache, site, f"{head}.{payload}.{'A' * 86}").status_code == 401
    assert called(apache, site, "stray").status_code == 401
    assert called(apache, site, None).status_code == 401


def test_it_lets_no_revoked_token_in_where_it_asks(
    offer: Offer, apache: Apache, robot: tuple[str, str]
) -> None:
    token = token_of(offer, robot)
    assert called(apache, BY_ASKING, token).status_code == 200, apache.log()
    gone = requests.post(
        offer.url("/oauth/revoke"), {"token": token}, auth=robot, verify=offer.ca, timeout=30
    )
    assert gone.status_code == 200
    assert called(apache, BY_ASKING, token).status_code == 401
