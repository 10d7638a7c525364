"""An MCP server made with the official SDK for Python: open to everybody, or for those who have a token.

With `--issuer` it takes that authorization server's tokens, which are JWTs, and says so as the SDK does it: by a
challenge and by metadata (RFC 9728). Without, whoever asks is who something in front says, in X-Gatepass-* headers.

The first line on standard output says where it listens. It ends when its standard input does.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import threading

import anyio.to_thread
import jwt
import uvicorn
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import Context, MCPServer

SCOPE = "read"
ALGORITHMS = ["ES256", "RS256"]


class Tokens:
    """The SDK's `TokenVerifier`: access tokens that are JWTs (RFC 9068) for one resource."""

    def __init__(self, issuer: str, resource: str) -> None:
        self._issuer, self._resource = issuer, resource
        self._keys = jwt.PyJWKClient(f"{issuer}/jwks.json")

    async def verify_token(self, token: str) -> AccessToken | None:
        try:
            claims = await anyio.to_thread.run_sync(self._claims, token)
        except jwt.PyJWTError:
            return None
        return AccessToken(
            token=token,
            client_id=claims["client_id"],
            scopes=claims["scope"].split(),
            expires_at=claims["exp"],
            resource=self._resource,
            subject=claims["sub"],
        )

    def _claims(self, token: str) -> dict[str, str]:
        return jwt.decode(
            token,
            self._keys.get_signing_key_from_jwt(token),
            algorithms=ALGORITHMS,
            audience=self._resource,
            issuer=self._issuer,
            options={"require": ["exp", "sub", "client_id", "scope"]},
        )


def server(resource: str, issuer: str | None) -> MCPServer:
    """The server, with all its tools."""
    auth = issuer and AuthSettings(
        issuer_url=issuer,
        required_scopes=[SCOPE],
        resource_server_url=resource,
        validate_token_resource=True,
    )
    made = MCPServer("python", auth=auth or None, token_verifier=issuer and Tokens(issuer, resource))

    @made.tool()
    def whoami(context: Context) -> dict[str, str]:
        """Who is calling."""
        if token := get_access_token():
            return {"subject": token.subject, "client": token.client_id, "scope": " ".join(token.scopes)}
        said = {name: context.headers.get(f"x-gatepass-{name}", "") for name in ("subject", "scope")}
        return said | {"client": context.headers.get("x-gatepass-client-id", "")}

    @made.tool()
    def presented(context: Context) -> dict[str, list[str]]:
        """The names of the headers that came with the call."""
        return {"headers": sorted(context.headers)}

    @made.tool()
    async def count(to: int, context: Context) -> int:
        """Counts, and tells each number as it goes."""
        for number in range(1, to + 1):
            await context.report_progress(number, to)
        return to

    @made.tool()
    async def announce(context: Context) -> str:
        """Tells everybody who listens that the tools have changed."""
        await context.notify_tools_changed()
        await context.session.send_tool_list_changed()
        return "announced"

    return made


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--issuer")
    options = parser.parse_args()

    listener = socket.create_server(("127.0.0.1", options.port))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    application = server(url, options.issuer).streamable_http_app()
    threading.Thread(target=end_with_input, daemon=True).start()
    print(json.dumps({"url": url}), flush=True)
    uvicorn.Server(uvicorn.Config(application, log_level="warning")).run(sockets=[listener])


def end_with_input() -> None:
    """Whoever started this is gone when the pipe is."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
