"""Programs of these tests, which say in their first line, a JSON object, where they are."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from secrets import token_hex

from gatepass import START_SECONDS, STOP_SECONDS

SERVERS = Path(__file__).parents[2] / "servers"


def named(variable: str) -> str:
    """A program that the task found."""
    if path := os.environ.get(variable):
        return path
    raise RuntimeError(f"{variable} is not set: run `cargo xtask mcp`")


class Program:
    """The process; a context manager that gives what it announces. It ends with its standard input."""

    def __init__(self, folder: Path, *command: str, **env: str) -> None:
        self._command, self._env = command, os.environ | env
        self._log = folder / f"{token_hex(4)}.log"

    def __enter__(self) -> dict[str, str]:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._env,
            )
        try:
            return json.loads(self._first_line())
        except BaseException:
            self._process.kill()
            self._process.communicate()
            raise

    def __exit__(self, *_: object) -> None:
        """A polite request to stop has to be enough."""
        self._ask_to_stop()
        try:
            self._process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        assert self._process.returncode == 0, f"{self} ended with {self._process.returncode}\n{self.log()}"

    def __str__(self) -> str:
        return f"`{' '.join(self._command)}`"

    def log(self) -> str:
        """What it wrote on standard error."""
        return self._log.read_text(errors="replace")

    def _ask_to_stop(self) -> None:
        self._process.stdin.close()
        self._process.stdin = None

    def _first_line(self) -> bytes:
        stdout = self._process.stdout
        ready, _, _ = select.select([stdout], [], [], START_SECONDS)
        line = stdout.readline() if ready else b""
        assert line.strip(), f"{self} announced nothing\n{self.log()}"
        return line


class Service(Program):
    """A `gatepass` that serves: it minds signals, not its standard input."""

    def __init__(self, folder: Path, *words: str, **env: str) -> None:
        super().__init__(folder, named("GATEPASS_BIN"), *words, "--output", "json", **env)

    def _ask_to_stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)


def python_server(folder: Path, *words: str) -> Program:
    """The server made with the SDK for Python."""
    return Program(folder, sys.executable, "-B", str(SERVERS / "mcp-python" / "server.py"), *words)


def node_server(folder: Path, **options: str | int) -> Program:
    """The server made with the SDK for JavaScript."""
    secret = str(options.pop("client_secret", ""))
    script = str(SERVERS / "mcp-node" / "server.mjs")
    return Program(folder, named("NODE_BIN"), script, json.dumps(options), CLIENT_SECRET=secret)
