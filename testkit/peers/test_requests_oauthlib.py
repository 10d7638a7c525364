"""More of requests-oauthlib and oauthlib: chains of refreshes, replays, revocation, a device."""

from __future__ import annotations

import pytest
from oauthlib.oauth2 import AccessDeniedError, DeviceClient, InvalidGrantError, OAuth2Error
from requests_oauthlib import OAuth2Session

from gatepass import Offer
from person import Person
from registering import CALLBACK, metadata, registered

SCOPE = ["openid", "read", "offline_access"]


class Login:
    """A client that registered itself, and its session."""

    def __init__(self, offer: Offer, *, public: bool = False) -> None:
        self.endpoints = metadata(offer)
        method = "none" if public else "client_secret_basic"
        made = registered(offer, token_endpoint_auth_method=method)
        self.client_id, self.secret = made["client_id"], made.get("client_secret")
        self.session = OAuth2Session(
            self.client_id, redirect_uri=CALLBACK, scope=SCOPE, pkce="S256"
        )
        self.session.trust_env = False
        self.session.verify = offer.ca

    def start(self, person: Person) -> str:
        address, _ = self.session.authorization_url(self.endpoints["authorization_endpoint"])
        return person.authorize(address)

    def finish(self, response: str) -> dict[str, object]:
        return self.session.fetch_token(
            self.endpoints["token_endpoint"],
            authorization_response=response,
            client_secret=self.secret,
            include_client_id=self.secret is None,
        )

    def refresh(self, refresh_token: str | None = None) -> dict[str, object]:
        who = (self.client_id, self.secret) if self.secret else None
        alone = {} if self.secret else {"client_id": self.client_id}
        where = self.endpoints["token_endpoint"]
        return self.session.refresh_token(where, refresh_token=refresh_token, auth=who, **alone)

    def revoke(self, token: str, hint: str) -> int:
        """requests-oauthlib leaves this to oauthlib, whose request it sends."""
        where, headers, body = self.session._client.prepare_token_revocation_request(
            self.endpoints["revocation_endpoint"], token, token_type_hint=hint
        )
        who = (self.client_id, self.secret) if self.secret else None
        if not self.secret:
            body += f"&client_id={self.client_id}"
        answer = self.session.post(where, data=body, headers=headers, auth=who, withhold_token=True)
        return answer.status_code


@pytest.mark.parametrize("public", [False, True])
def test_a_chain_of_refreshes_ends_with_a_replay(offer: Offer, public: bool) -> None:
    login = Login(offer, public=public)
    seen = [login.finish(login.start(Person(offer)))["refresh_token"]]
    for _ in range(3):
        seen.append(login.refresh()["refresh_token"])
        assert login.session.get(offer.url("/api/data")).status_code == 200
    assert len(set(seen)) == 4, "every use rotates"
    with pytest.raises(InvalidGrantError):
        login.refresh(seen[0])
    with pytest.raises(InvalidGrantError):
        login.refresh(seen[-1])


@pytest.mark.parametrize("public", [False, True])
def test_a_revoked_refresh_token_is_the_end(offer: Offer, public: bool) -> None:
    login = Login(offer, public=public)
    token = login.finish(login.start(Person(offer)))
    assert login.revoke(token["access_token"], "access_token") == 200
    renewed = login.refresh()
    assert login.revoke(renewed["refresh_token"], "refresh_token") == 200
    assert login.revoke("stray", "refresh_token") == 200, "RFC 7009 §2.2"
    with pytest.raises(InvalidGrantError):
        login.refresh(renewed["refresh_token"])


def test_a_person_who_says_no(offer: Offer) -> None:
    login = Login(offer)
    with pytest.raises(AccessDeniedError):
        login.finish(login.start(Person(offer, decision="deny")))


def test_a_code_without_its_verifier(offer: Offer) -> None:
    login = Login(offer)
    response = login.start(Person(offer))
    login.session._code_verifier = "v" * 43
    with pytest.raises(InvalidGrantError):
        login.finish(response)


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_a_device(offer: Offer, decision: str) -> None:
    endpoints = metadata(offer)
    grant = DeviceClient.grant_type
    made = registered(
        offer, grant_types=[grant], token_endpoint_auth_method="none", redirect_uris=[]
    )
    client = DeviceClient(made["client_id"])
    with OAuth2Session(client=client, scope="openid read") as session:
        session.trust_env, session.verify = False, offer.ca
        asked = {"client_id": client.client_id, "scope": "openid read"}
        where = endpoints["device_authorization_endpoint"]
        waiting = session.post(where, data=asked, withhold_token=True).json()

        def poll() -> dict[str, object]:
            return session.fetch_token(
                endpoints["token_endpoint"],
                device_code=waiting["device_code"],
                include_client_id=True,
            )

        with pytest.raises(OAuth2Error, match="authorization_pending"):
            poll()
        Person(offer, decision=decision).follow(waiting["verification_uri_complete"])
        if decision == "allow":
            poll()
            assert session.get(offer.url("/api/data")).status_code == 200
            return
        with pytest.raises(AccessDeniedError):
            poll()
