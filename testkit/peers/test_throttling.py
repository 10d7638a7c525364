"""Guessing is slowed down. The servers here are used up by it, so each test has one of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from oauthlib.oauth2 import LegacyApplicationClient, OAuth2Error
from requests_oauthlib import OAuth2Session

from gatepass import Gatepass, Offer

ALLOWED = 10


@pytest.fixture
def offer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offer]:
    with Gatepass(tmp_path_factory.mktemp("gatepass")) as offer:
        yield offer


def guess(offer: Offer, user: str, password: str = "not it") -> requests.Response:
    where = offer.url("/api/auth")
    return requests.post(where, auth=(user, password), verify=offer.ca, timeout=60)


def asks_to_wait(answer: requests.Response) -> None:
    assert answer.status_code == 429, answer.text
    seconds = answer.headers["Retry-After"]
    assert seconds.isdigit() and int(seconds) >= 1


@pytest.mark.parametrize("known", [False, True])
def test_after_ten_wrong_guesses_the_answer_is_to_wait(offer: Offer, known: bool) -> None:
    """Whether there is such an account cannot be told from the answers."""
    user = offer.user if known else "nobody-by-this-name"
    assert [guess(offer, user).status_code for _ in range(ALLOWED)] == [401] * ALLOWED
    asks_to_wait(guess(offer, user))
    asks_to_wait(guess(offer, user, offer.password))


def test_parallel_guesses_are_counted_exactly(offer: Offer) -> None:
    with ThreadPoolExecutor(max_workers=3 * ALLOWED) as pool:
        answers = list(pool.map(lambda _: guess(offer, "nobody"), range(3 * ALLOWED)))
    assert Counter(a.status_code for a in answers) == {401: ALLOWED, 429: 2 * ALLOWED}
    for answer in answers:
        if answer.status_code == 429:
            asks_to_wait(answer)


def test_the_password_grant_is_throttled_too(offer: Offer) -> None:
    for _ in range(ALLOWED):
        assert guess(offer, offer.user).status_code == 401
    session = OAuth2Session(client=LegacyApplicationClient(offer.client_id))
    session.trust_env = False
    session.verify = offer.ca
    seen: list[requests.Response] = []
    session.register_compliance_hook("access_token_response", lambda r: seen.append(r) or r)
    with pytest.raises(OAuth2Error):
        session.fetch_token(
            offer.url("/oauth/token"),
            username=offer.user,
            password=offer.password,
            client_secret=offer.client_secret,
        )
    asks_to_wait(seen[0])


def test_http_basic_on_a_resource_is_throttled_too(offer: Offer) -> None:
    def ask(password: str) -> requests.Response:
        where = offer.url("/protected-resource")
        return requests.get(where, auth=(offer.user, password), verify=offer.ca, timeout=60)

    assert [ask("not it").status_code for _ in range(ALLOWED)] == [401] * ALLOWED
    asks_to_wait(ask(offer.password))
