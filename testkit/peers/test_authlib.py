"""Authlib's client: its sessions for requests and httpx2, and its relying party in Flask."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

import flask
import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from joserfc.jwk import ECKey, RSAKey

from gatepass import Gatepass, Offer
from person import Person
from registering import CALLBACK, metadata, registered

SCOPE = "openid read offline_access"
METHODS = [
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "none",
]


@dataclass
class Known:
    """A client that the server knows: by which method, and what the session needs for it."""

    method: str
    client_id: str
    secret: object = None
    alg: str = "RS256"

    def options(self) -> dict[str, object]:
        return {
            "client_id": self.client_id,
            "client_secret": self.secret,
            "token_endpoint_auth_method": self.method,
            "revocation_endpoint_auth_method": self.method,
            "redirect_uri": CALLBACK,
            "scope": SCOPE,
            "code_challenge_method": "S256",
        }

    def teach(self, session: OAuth2Session | AsyncOAuth2Client, token_endpoint: str) -> None:
        """Both want to be told what an assertion is."""
        session.register_client_auth_method(ClientSecretJWT(token_endpoint))
        session.register_client_auth_method(PrivateKeyJWT(token_endpoint, alg=self.alg))


def known(server: Gatepass, method: str, alg: str = "RS256") -> Known:
    """A client of this method; by `client_secret_jwt` only an operator makes one."""
    if method == "client_secret_jwt":
        words = ["client", "add", "Authlib", "--scope", SCOPE, "--redirect-uri", CALLBACK]
        made = server.admin(*words, "--auth-method", method)
        return Known(method, made["client_id"], made["client_secret"])
    wishes: dict[str, object] = {"token_endpoint_auth_method": method}
    key = None
    if method == "private_key_jwt":
        key = RSAKey.generate_key(2048) if alg == "RS256" else ECKey.generate_key("P-256")
        wishes["jwks"] = {"keys": [key.as_dict(private=False)]}
    made = registered(server.offer, **wishes)
    return Known(method, made["client_id"], key or made.get("client_secret"), alg)


def session_of(offer: Offer, client: Known) -> OAuth2Session:
    session = OAuth2Session(**client.options())
    session.trust_env = False
    session.verify = offer.ca
    client.teach(session, offer.url("/oauth/token"))
    return session


def login(offer: Offer, session: OAuth2Session, **more: str) -> dict[str, object]:
    verifier = generate_token(48)
    endpoints = metadata(offer)
    address, state = session.create_authorization_url(
        endpoints["authorization_endpoint"], code_verifier=verifier, nonce=generate_token(), **more
    )
    return session.fetch_token(
        endpoints["token_endpoint"],
        authorization_response=Person(offer).authorize(address),
        state=state,
        code_verifier=verifier,
    )


@pytest.mark.parametrize(
    "method, alg", [*((method, "RS256") for method in METHODS), ("private_key_jwt", "ES256")]
)
def test_code_refresh_introspection_revocation(server: Gatepass, method: str, alg: str) -> None:
    offer, endpoints = server.offer, metadata(server.offer)
    with session_of(offer, known(server, method, alg)) as session:
        first = login(offer, session)
        assert session.get(offer.url("/api/data")).json()["client_id"] == session.client_id
        second = session.refresh_token(endpoints["token_endpoint"])
        assert second["refresh_token"] != first["refresh_token"]
        assert session.get(offer.url("/api/data")).status_code == 200
        if method != "none":
            where = endpoints["introspection_endpoint"]
            said = session.introspect_token(where, second["access_token"]).json()
            assert (said["active"], said["client_id"]) == (True, session.client_id)
        where = endpoints["revocation_endpoint"]
        assert session.revoke_token(where, second["refresh_token"]).status_code == 200
        with pytest.raises(OAuthError, match="invalid_grant"):
            session.refresh_token(endpoints["token_endpoint"])


@pytest.mark.parametrize("method", METHODS)
def test_code_refresh_introspection_revocation_async(server: Gatepass, method: str) -> None:
    asyncio.run(everything_async(server, known(server, method)))


async def everything_async(server: Gatepass, client: Known) -> None:
    offer, endpoints = server.offer, metadata(server.offer)
    verify = ssl.create_default_context(cafile=offer.ca)
    async with AsyncOAuth2Client(**client.options(), verify=verify, trust_env=False) as session:
        client.teach(session, endpoints["token_endpoint"])
        verifier = generate_token(48)
        address, state = session.create_authorization_url(
            endpoints["authorization_endpoint"], code_verifier=verifier
        )
        first = await session.fetch_token(
            endpoints["token_endpoint"],
            authorization_response=Person(offer).authorize(address),
            state=state,
            code_verifier=verifier,
        )
        assert (await session.get(offer.url("/api/data"))).status_code == 200
        second = await session.refresh_token(endpoints["token_endpoint"])
        assert second["refresh_token"] != first["refresh_token"]
        if client.method != "none":
            where = endpoints["introspection_endpoint"]
            said = (await session.introspect_token(where, second["access_token"])).json()
            assert said["active"]
        await session.revoke_token(endpoints["revocation_endpoint"], second["refresh_token"])
        with pytest.raises(OAuthError, match="invalid_grant"):
            await session.refresh_token(endpoints["token_endpoint"])


def test_what_it_renews_by_itself(server: Gatepass) -> None:
    offer, endpoints = server.offer, metadata(server.offer)
    kept = []
    options = known(server, "client_secret_basic").options()
    options["token_endpoint"] = endpoints["token_endpoint"]
    options["update_token"] = lambda token, **_: kept.append(token)
    with OAuth2Session(**options) as session:
        session.trust_env, session.verify = False, offer.ca
        old = login(offer, session)
        session.token = {**old, "expires_at": 1}
        answer = session.get(offer.url("/api/data"))
        assert answer.status_code == 200
        assert answer.request.headers["Authorization"] != f"Bearer {old['access_token']}"
    assert len(kept) == 1


def test_client_credentials(server: Gatepass) -> None:
    grant = ["--grant", "client_credentials", "--scope", "read"]
    made = server.admin("client", "add", "Robot", *grant)
    client = Known("client_secret_basic", made["client_id"], made["client_secret"])
    with session_of(server.offer, client) as session:
        session.scope = "read"
        session.fetch_token(server.offer.url("/oauth/token"), grant_type="client_credentials")
        assert session.get(server.offer.url("/api/data")).json()["scope"] == "read"


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_a_device(server: Gatepass, decision: str) -> None:
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    offer, endpoints = server.offer, metadata(server.offer)
    made = registered(
        offer, grant_types=[grant], token_endpoint_auth_method="none", redirect_uris=[]
    )
    with session_of(offer, Known("none", made["client_id"])) as session:
        asked = {"client_id": session.client_id, "scope": "openid read"}
        waiting = session.post(
            endpoints["device_authorization_endpoint"], data=asked, withhold_token=True
        ).json()

        def poll() -> dict[str, object]:
            where, code = endpoints["token_endpoint"], waiting["device_code"]
            return session.fetch_token(where, grant_type=grant, device_code=code)

        with pytest.raises(OAuthError, match="authorization_pending"):
            poll()
        Person(offer, decision=decision).follow(waiting["verification_uri_complete"])
        if decision == "deny":
            with pytest.raises(OAuthError, match="access_denied"):
                poll()
            return
        poll()
        assert session.get(offer.url("/api/data")).status_code == 200


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_a_relying_party_in_flask(offer: Offer, alg: str) -> None:
    """It finds everything by discovery, and checks the ID token by itself."""
    goodbye = "https://client.example/goodbye"
    wishes = {"id_token_signed_response_alg": alg, "post_logout_redirect_uris": [goodbye]}
    party, person = RelyingParty(offer, registered(offer, **wishes)), Person(offer)
    browser = party.app.test_client()
    sent = browser.get("https://client.example/login")
    told = browser.get(person.authorize(sent.location))
    assert told.status_code == 200, told.text
    assert told.json["token"]["email"] == told.json["userinfo"]["email"] == "dev@example.com"
    assert told.json["token"]["sub"] == told.json["userinfo"]["sub"]

    with party.app.app_context():
        leave = party.oauth.gatepass.create_logout_url(goodbye, told.json["id_token"])
    assert person.authorize(leave["url"]) == f"{goodbye}?state={leave['state']}"


class RelyingParty:
    """A web application with a login and a callback."""

    def __init__(self, offer: Offer, client: dict[str, str]) -> None:
        self.app = flask.Flask(__name__)
        self.app.secret_key = generate_token()
        self.oauth = OAuth(self.app)
        self.oauth.register(
            "gatepass",
            client_id=client["client_id"],
            client_secret=client["client_secret"],
            server_metadata_url=offer.url("/.well-known/openid-configuration"),
            client_kwargs={
                "scope": "openid email",
                "code_challenge_method": "S256",
                "verify": offer.ca,
                "trust_env": False,
            },
        )
        self.app.add_url_rule("/login", view_func=self.login)
        self.app.add_url_rule("/callback", view_func=self.callback)

    def login(self) -> flask.Response:
        claims = '{"id_token": {"email": {"essential": true}}}'
        return self.oauth.gatepass.authorize_redirect(CALLBACK, claims=claims)

    def callback(self) -> dict[str, object]:
        token = self.oauth.gatepass.authorize_access_token()
        userinfo = self.oauth.gatepass.userinfo(token=token)
        return {"token": token["userinfo"], "userinfo": userinfo, "id_token": token["id_token"]}
