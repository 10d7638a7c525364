"""The official SDK's client for Python, with somebody at the browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urljoin, urlsplit

import anyio.to_thread
import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from person import Person
from sites import Site

# How long an answer may take.
PATIENCE_SECONDS = 30

# Nobody listens there; the person of these tests does not visit it either.
CALLBACK = "http://localhost:3030/callback"


class App:
    """A program that uses the SDK: it keeps its tokens in memory, and shows links to a person."""

    def __init__(self, site: Site, *, document: str | None = None, **metadata: object) -> None:
        self.site = site
        self.person = Person(site)
        self.document = document
        self.metadata = {"client_name": "app", "redirect_uris": [CALLBACK]} | metadata
        self.registrations: list[OAuthClientInformationFull] = []
        self.tokens: list[OAuthToken] = []
        self.requests: list[dict[str, str]] = []
        self._callback = ""
        self.start()

    def start(self) -> None:
        """The program's half of the SDK, as after a start: it knows nothing but what was kept."""
        self.provider = OAuthClientProvider(
            server_url=self.site.url,
            client_metadata=OAuthClientMetadata(**self.metadata),
            storage=self,
            redirect_handler=self._show,
            callback_handler=self._came_back,
            client_metadata_url=self.document,
        )

    @asynccontextmanager
    async def connected(self, path: str = "/mcp", **options: object) -> AsyncIterator[Client]:
        """The server, once it let us in."""
        async with httpx2.AsyncClient(auth=self.provider, timeout=PATIENCE_SECONDS) as http:
            transport = streamable_http_client(urljoin(self.site.url, path), http_client=http)
            async with Client(transport, read_timeout_seconds=PATIENCE_SECONDS, **options) as client:
                yield client

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens[-1] if self.tokens else None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens.append(tokens)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.registrations[-1] if self.registrations else None

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.registrations.append(client_info)

    async def _show(self, url: str) -> None:
        self.requests.append(dict(parse_qsl(urlsplit(url).query)))
        self._callback = await anyio.to_thread.run_sync(self.person.authorize, url)

    async def _came_back(self) -> AuthorizationCodeResult:
        assert self._callback.startswith(CALLBACK)
        answer = dict(parse_qsl(urlsplit(self._callback).query))
        assert "error" not in answer, answer
        return AuthorizationCodeResult(code=answer["code"], state=answer["state"], iss=answer["iss"])
