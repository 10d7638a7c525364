"""Debian's oidc-agent: it registers itself, logs in by code and by device, renews, revokes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from gatepass import Offer
from oidc_agent import Agent, Generation
from person import Person
from ports import free_port

SCOPE = "--scope=openid offline_access read"
# It knows no higher ports.
HIGHEST_PORT = 49151


@pytest.fixture(scope="module")
def agent(offer: Offer) -> Iterator[Agent]:
    with Agent(offer) as agent:
        yield agent


def by_device(agent: Agent, offer: Offer, account: str, decision: str = "allow") -> Generation:
    # Some redirect URI is registered in any case.
    port = f"--port={free_port(HIGHEST_PORT)}"
    generation = agent.generate(account, "--flow=device", SCOPE, port)
    code = generation.shown(r"enter the code: (\S+)")
    Person(offer, decision=decision).follow(f"{offer.url('/device')}?user_code={code}")
    return generation


def by_code(agent: Agent, offer: Offer, account: str) -> Generation:
    generation = agent.generate(account, "--flow=code", SCOPE, f"--port={free_port(HIGHEST_PORT)}")
    address = generation.shown(r"(https://\S+/oauth/authorize\S+)")
    assert "code_challenge_method=S256" in address
    assert Person(offer).come_back(address).status_code == 200
    return generation


@pytest.mark.parametrize("login", [by_code, by_device])
def test_an_account_and_its_tokens(offer: Offer, agent: Agent, login) -> None:
    account = login.__name__
    generation = login(agent, offer, account)
    assert generation.finish() == 0, generation.said()
    first = agent.run("oidc-token", account)
    assert opens_the_api(offer, first)
    assert agent.run("oidc-token", account) == first, "it is kept"
    second = agent.run("oidc-token", "--time=100000", account)
    assert second != first, "more time than any token has left means a refresh"
    assert opens_the_api(offer, second)

    agent.run("oidc-gen", "--delete", account, "--pw-env", "--prompt=none", "--confirm-yes")
    assert not active(offer, second), "deleting an account revokes its refresh token"


def test_a_device_that_is_denied(offer: Offer, agent: Agent) -> None:
    generation = by_device(agent, offer, "denied", decision="deny")
    assert generation.finish() != 0
    assert "access_denied" in generation.said() or "denied" in generation.said()


def opens_the_api(offer: Offer, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.get(offer.url("/api/data"), headers=headers, verify=offer.ca, timeout=30)
    return answer.status_code == 200


def active(offer: Offer, token: str) -> bool:
    who = (offer.client_id, offer.client_secret)
    where = offer.url("/oauth/introspect")
    answer = requests.post(where, {"token": token}, auth=who, verify=offer.ca, timeout=30)
    return answer.json()["active"]
