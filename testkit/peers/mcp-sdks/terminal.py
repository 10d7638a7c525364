"""`gatepass request` in a terminal, by which somebody speaks to an MCP server with nothing else."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
from collections.abc import Callable
from itertools import count
from pathlib import Path

from gatepass import START_SECONDS
from programs import named
from sites import Site

VERSION = "2025-11-25"
# How often something is done again before it is given up.
PATIENCE = 100

ACCEPT = "Accept:application/json, text/event-stream"

Told = subprocess.CompletedProcess[str]


class Terminal:
    """A person's own folders, and a session of the protocol."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        self._ids = count(1)
        self._session: list[str] = []
        self._config = folder / "config" / "gatepass" / "config.toml"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "BROWSER": str(site.browser(folder)),
        }

    def configure(self, text: str) -> None:
        """Writes the configuration file."""
        self._config.parent.mkdir(parents=True)
        self._config.write_text(text)

    def initialize(self, *options: str) -> dict[str, object]:
        """Begins a session; what the server says of itself."""
        self._session = []
        client = {"name": "terminal", "version": "1"}
        hello = {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": client}
        told = self.post("initialize", hello, *options)
        session = re.search(r"(?im)^mcp-session-id: *(\S+)", told.stderr)
        assert session, told.stderr
        self._session = [f"Mcp-Session-Id:{session[1]}", f"Mcp-Protocol-Version:{VERSION}"]
        return answer(told)

    def call(self, tool: str, *options: str) -> dict[str, object]:
        """What a tool answers, which is JSON."""
        result = answer(self.post("tools/call", {"name": tool, "arguments": {}}, *options))
        return json.loads(result["content"][0]["text"])

    def post(self, method: str, params: dict[str, object], *options: str) -> Told:
        """Sends a request of the protocol."""
        items = ["jsonrpc=2.0", f"id:={next(self._ids)}", f"method={method}", f"params:={json.dumps(params)}"]
        return self.run("post", "--include", *options, self.site.url, ACCEPT, *self._session, *items)

    def listen(self, act: Callable[[], object]) -> bytes:
        """The first thing that the server says of its own accord. What it said before anybody listened is lost, so this
        does again and again what makes it speak."""
        words = ["get", "--no-interactive", self.site.url, "Accept:text/event-stream", *self._session]
        with subprocess.Popen(
            [named("GATEPASS_BIN"), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=self.env,
        ) as process:
            try:
                for _ in range(PATIENCE):
                    act()
                    while select.select([process.stdout], [], [], 0.2)[0]:
                        line = process.stdout.readline()
                        assert line, f"it ended with {process.wait()}"
                        if line.startswith(b"data: {"):
                            return line
                raise AssertionError("nothing was heard")
            finally:
                process.kill()

    def run(self, *words: str) -> Told:
        return subprocess.run(
            [named("GATEPASS_BIN"), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.env,
            timeout=START_SECONDS,
            check=False,
        )


def answer(told: Told) -> dict[str, object]:
    """The result in an answer, which comes as JSON or as a stream of events."""
    assert told.returncode == 0, told.stderr
    lines = re.findall(r"(?m)^data: *(\{.*)$", told.stdout) or [told.stdout]
    message = json.loads(lines[-1])
    assert "result" in message, message
    return message["result"]
