"""MCP servers that want a token, each with the authorization server that it trusts."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

# Servers that look at tokens by themselves, as their SDK does it.
OWN = ["python", "node"]
# The same ones, which know nothing of tokens, behind `gatepass guard`.
GUARDED = ["guarded python", "guarded node"]


@dataclass(frozen=True)
class Site:
    """Where the server is, and somebody who has an account; plain http, so there is nobody's certificate to trust."""

    url: str
    # What tokens have to be for.
    resource: str
    issuer: str
    user: str
    password: str
    # The id of a client that describes itself.
    document: str = ""
    ca: bool = True

    def browser(self, folder: Path) -> Path:
        """A program that opens links, with that somebody before it."""
        here = Path(__file__)
        words = [sys.executable, "-B", str(here.with_name("browser.py")), json.dumps(asdict(self))]
        program = folder / "browser"
        shared = shlex.quote(str(here.parents[1]))
        program.write_text(f'#!/bin/sh\nPYTHONPATH={shared} exec {shlex.join(words)} "$1"\n')
        program.chmod(0o700)
        return program
