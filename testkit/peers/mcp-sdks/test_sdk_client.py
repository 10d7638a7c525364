"""The official SDK's client for Python, which knows a URL and nothing else, at every kind of protected server."""

from __future__ import annotations

import json

import anyio
import pytest
import requests
from mcp import Client
from mcp_types import ToolListChangedNotification

from sdk import PATIENCE_SECONDS, App
from sites import Site

pytestmark = pytest.mark.anyio

# The handshake that every server knows, and the way of 2026-07-28, which falls back to it.
MODES = ["legacy", "auto"]


async def said(client: Client, tool: str, **arguments: object) -> dict[str, str]:
    """What a tool answers, which is JSON."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result
    return json.loads(result.content[0].text)


@pytest.mark.parametrize("mode", MODES)
async def test_from_a_401_to_the_tools(site: Site, mode: str) -> None:
    app = App(site)
    async with app.connected(mode=mode) as client:
        assert {"whoami", "count"} <= {tool.name for tool in (await client.list_tools()).tools}
        who = await said(client, "whoami")

    [registered], [asked], [tokens] = app.registrations, app.requests, app.tokens
    assert registered.issuer == site.issuer
    assert (registered.application_type, registered.token_endpoint_auth_method) == ("native", "none")
    assert asked["resource"] == site.resource
    assert asked["code_challenge_method"] == "S256"
    assert set(asked["scope"].split()) == {"read", "offline_access"}
    assert tokens.refresh_token and tokens.expires_in > 0
    assert who["subject"] and who["client"] == registered.client_id
    assert "read" in who["scope"].split()


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
async def test_a_client_with_a_secret(site: Site, method: str) -> None:
    app = App(site, token_endpoint_auth_method=method)
    async with app.connected() as client:
        assert (await said(client, "whoami"))["client"] == app.registrations[0].client_id
    assert app.registrations[0].client_secret
    assert app.registrations[0].token_endpoint_auth_method == method


async def test_a_client_that_describes_itself(own_site: Site) -> None:
    """Client ID metadata documents, which the specification prefers to registration."""
    app = App(own_site, document=own_site.document)
    async with app.connected() as client:
        assert (await said(client, "whoami"))["client"] == own_site.document
    assert app.requests[0]["client_id"] == own_site.document


async def test_a_token_that_has_expired_is_renewed(site: Site) -> None:
    app = App(site)
    async with app.connected() as client:
        before = await said(client, "whoami")
        app.provider.context.token_expiry_time = 1.0
        assert await said(client, "whoami") == before
    first, second = app.tokens
    assert first.access_token != second.access_token
    assert len(app.requests) == 1


async def test_a_token_that_is_no_good_leads_to_another_login(site: Site) -> None:
    app = App(site)
    async with app.connected() as client:
        before = await said(client, "whoami")
        app.provider.context.current_tokens.access_token += "x"
        assert await said(client, "whoami") == before
    assert (len(app.registrations), len(app.requests)) == (1, 2)


async def test_what_was_kept_is_enough_after_a_start(site: Site) -> None:
    app = App(site)
    async with app.connected() as client:
        before = await said(client, "whoami")
    app.start()
    async with app.connected() as client:
        assert await said(client, "whoami") == before
    assert (len(app.registrations), len(app.requests), len(app.tokens)) == (1, 1, 1)


@pytest.mark.parametrize("mode", MODES)
async def test_an_answer_in_pieces(site: Site, mode: str) -> None:
    numbers: list[float] = []

    async def told(progress: float, *_: object) -> None:
        numbers.append(progress)

    async with App(site).connected(mode=mode) as client:
        result = await client.call_tool("count", {"to": 3}, progress_callback=told)
    assert result.content[0].text == "3"
    assert numbers == [1, 2, 3]


async def test_a_stream_of_its_own(site: Site) -> None:
    """What one session's server tells without being asked, on the stream of a GET."""
    told = anyio.Event()

    async def listens(message: object) -> None:
        if isinstance(message, ToolListChangedNotification):
            told.set()

    async with App(site).connected(mode="legacy", message_handler=listens) as client:
        with anyio.fail_after(PATIENCE_SECONDS):
            while not told.is_set():
                await client.call_tool("announce")
                with anyio.move_on_after(0.2):
                    await told.wait()


@pytest.mark.parametrize("name", ["python", "guarded python"])
async def test_a_subscription(sites: dict[str, Site], name: str) -> None:
    """The same of 2026-07-28: a POST whose answer does not end."""
    async with App(sites[name]).connected() as client, client.listen(tools_list_changed=True) as changes:
        await client.call_tool("announce")
        with anyio.fail_after(PATIENCE_SECONDS):
            assert type(await anext(aiter(changes))).__name__ == "ToolsListChanged"


async def test_more_scope_when_it_is_needed(sites: dict[str, Site]) -> None:
    app = App(sites["node"])
    async with app.connected() as client:
        await said(client, "whoami")
        assert await said(client, "erase") == "erased"
        assert {"read", "write"} <= set((await said(client, "whoami"))["scope"].split())
    assert [set(asked["scope"].split()) for asked in app.requests] == [
        {"read", "offline_access"},
        {"read", "write", "offline_access"},
    ]
    assert len(app.registrations) == 1


async def test_another_path_with_another_rule(sites: dict[str, Site]) -> None:
    app = App(sites["guarded node"])
    async with app.connected() as client:
        await said(client, "whoami")
    async with app.connected("/admin/mcp") as client:
        assert {"read", "write"} <= set((await said(client, "whoami"))["scope"].split())
    assert (len(app.registrations), len(app.requests)) == (1, 2)


async def test_the_token_is_not_told_to_what_is_behind_the_guard(guarded_site: Site) -> None:
    async with App(guarded_site).connected() as client:
        headers = (await said(client, "presented"))["headers"]
    assert "x-gatepass-subject" in headers and "authorization" not in headers


async def test_a_token_for_somewhere_else_opens_nothing(site: Site, sites: dict[str, Site]) -> None:
    elsewhere = App(next(other for other in sites.values() if other != site))
    async with elsewhere.connected() as client:
        await said(client, "whoami")
    headers = {"Authorization": f"Bearer {elsewhere.tokens[0].access_token}"}
    answer = await anyio.to_thread.run_sync(lambda: requests.post(site.url, json={}, headers=headers, timeout=30))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
