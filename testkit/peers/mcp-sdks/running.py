"""Starts the sites. As a program it says where they are, and ends with its standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from authority import Authority
from documents import published
from ports import free_port
from programs import Service, node_server, python_server
from sites import Site

HERE = "127.0.0.1"

# What the guards let through, and whom.
RULES = """
[[rule]]
path = "/admin/**"
scope = "read write"
"""


@contextmanager
def running(folder: Path) -> Iterator[dict[str, Site]]:
    """All of them."""
    with ExitStack() as stack:
        yield apart(folder, stack) | together(folder, stack)


def apart(folder: Path, stack: ExitStack) -> dict[str, Site]:
    """Resources of the same `gatepass serve`, which fetches what describes a client."""
    start = stack.enter_context
    names = ["python", "node", "guarded node"]
    ports = {name: free_port() for name in names}
    origins = {name: f"http://{HERE}:{port}" for name, port in ports.items()}
    resources = [f"{origins['python']}/mcp", f"{origins['node']}/mcp", origins["guarded node"]]

    authority = Authority(folder)
    fetching = ["--outbound-private", "--outbound-ca", str(authority.certificate)]
    known = [f"--resource={resource}" for resource in resources]
    offer = start(Service(folder, "serve", *development(folder), *fetching, *known))
    issuer = offer["issuer"]

    start(python_server(folder, f"--port={ports['python']}", f"--issuer={issuer}"))
    asking = {name: offer[name] for name in ("client_id", "client_secret")}
    start(node_server(folder, port=ports["node"], issuer=issuer, **asking))
    here = ["--listen", f"{HERE}:{ports['guarded node']}", "--issuer", issuer, "--scope", "read"]
    start(guard(folder, start(node_server(folder)), *here))

    more = account(offer) | {"document": start(published(authority))}
    return {
        name: Site(url=f"{origins[name]}/mcp", resource=resource, **more)
        for name, resource in zip(names, resources)
    }


def together(folder: Path, stack: ExitStack) -> dict[str, Site]:
    """A guard with an authorization server of its own, on the same address."""
    upstream = stack.enter_context(python_server(folder))
    said = stack.enter_context(guard(folder, upstream, *development(folder)))
    site = Site(url=f"{said['issuer']}/mcp", resource=said["resource"], **account(said))
    return {"guarded python": site}


def guard(folder: Path, upstream: dict[str, str], *words: str) -> Service:
    rules = folder / "guard.toml"
    rules.write_text(RULES)
    return Service(folder, "guard", "--upstream", upstream["url"].removesuffix("/mcp"), "--config", str(rules), *words)


def development(folder: Path) -> list[str]:
    """A ready-made user, and a database of its own."""
    return ["--dev", "--listen", f"{HERE}:0", "--database", str(folder / f"{token_hex(4)}.db")]


def account(said: dict[str, str]) -> dict[str, str]:
    return {name: said[name] for name in ("issuer", "user", "password")}


def main() -> None:
    with TemporaryDirectory(prefix="gatepass-mcp-") as place, running(Path(place)) as sites:
        told = {}
        for name, site in sites.items():
            folder = Path(place) / name.replace(" ", "-")
            folder.mkdir()
            told[name] = asdict(site) | {"browser": str(site.browser(folder))}
        print(json.dumps(told), flush=True)
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
