"""`gatepass proxy`: a client of the official SDK that knows nothing of tokens, at every kind of protected server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mcp import Client

from programs import Service
from sites import Site
from terminal import Terminal

pytestmark = pytest.mark.anyio


async def test_a_program_that_knows_nothing_of_tokens(site: Site, tmp_path: Path) -> None:
    terminal = Terminal(site, tmp_path)
    terminal.initialize()
    upstream = site.url.removesuffix("/mcp")
    proxy = Service(tmp_path, "proxy", site.url, "--upstream", upstream, "--no-interactive", **terminal.env)
    numbers: list[float] = []

    async def told(progress: float, *_: object) -> None:
        numbers.append(progress)

    with proxy as said:
        async with Client(f"{said['listen'].rstrip('/')}/mcp", read_timeout_seconds=30) as client:
            who = json.loads((await client.call_tool("whoami")).content[0].text)
            await client.call_tool("count", {"to": 3}, progress_callback=told)
    assert who == terminal.call("whoami")
    assert numbers == [1, 2, 3]
