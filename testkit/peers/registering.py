"""Clients that register themselves (RFC 7591), and what a server says of itself."""

from __future__ import annotations

import requests

from gatepass import Offer

# Nobody answers there; the person of these tests does not visit it either.
CALLBACK = "https://client.example/callback"


def metadata(offer: Offer) -> dict[str, str]:
    """The server's metadata (OpenID Connect Discovery)."""
    where = offer.url("/.well-known/openid-configuration")
    return requests.get(where, verify=offer.ca, timeout=30).json()


def registered(offer: Offer, **wishes: object) -> dict[str, str]:
    """A client's registration, with its id and what it is to prove itself by."""
    usual = {
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid email offline_access read write",
    }
    where = metadata(offer)["registration_endpoint"]
    answer = requests.post(where, json=usual | wishes, verify=offer.ca, timeout=30)
    assert answer.status_code == 201, answer.text
    return answer.json()
