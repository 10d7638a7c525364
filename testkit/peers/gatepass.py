"""A running `gatepass serve --dev`."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from dataclasses import dataclass, fields
from pathlib import Path

START_SECONDS = 30
STOP_SECONDS = 15


@dataclass(frozen=True)
class Offer:
    """The first line that the server prints: everything a program needs to try it."""

    issuer: str
    user: str
    password: str
    client_id: str
    client_secret: str
    public_client_id: str
    redirect_uris: list[str]
    api_key: str
    ca: str

    @classmethod
    def read(cls, line: bytes) -> Offer:
        """Whatever else the line has is for others."""
        said = json.loads(line)
        return cls(**{field.name: said[field.name] for field in fields(cls)})

    def url(self, path: str) -> str:
        return self.issuer.rstrip("/") + path


class Gatepass:
    """The server's process; a context manager that gives an `Offer`."""

    def __init__(self, folder: Path, *options: str) -> None:
        binary = os.environ.get("GATEPASS_BIN")
        if not binary:
            raise RuntimeError("GATEPASS_BIN is not set: run `cargo xtask peers`")
        self.database = folder / "gatepass.sqlite"
        self.offer: Offer
        self._binary = binary
        self._command = [binary, "serve", "--dev", "--tls", "dev", "--listen", "127.0.0.1:0"]
        self._command += ["--database", str(self.database), "--output", "json", *options]
        self._log = folder / "gatepass.log"

    def __enter__(self) -> Offer:
        self._stderr = self._log.open("wb")
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        try:
            self.offer = Offer.read(self._first_line())
            return self.offer
        except BaseException:
            self._process.kill()
            self._close()
            raise

    def __exit__(self, *_: object) -> None:
        """A polite request to stop has to be enough."""
        self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = "not before it was killed"
        finally:
            self._close()
        if status != 0:
            raise AssertionError(f"the server ended with {status}, not 0\n{self.log()}")

    def admin(self, *words: str) -> dict[str, object]:
        """What the operator's `gatepass admin …` prints."""
        own = ["--database", str(self.database), "--output", "json"]
        command = [self._binary, "admin", *words, *own]
        answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        assert answer.returncode == 0, answer.stderr.decode(errors="replace")
        return json.loads(answer.stdout)

    def log(self) -> str:
        """What the server wrote on standard error."""
        return self._log.read_text(errors="replace")

    def _first_line(self) -> bytes:
        stdout = self._process.stdout
        ready, _, _ = select.select([stdout], [], [], START_SECONDS)
        line = stdout.readline() if ready else b""
        if not line.strip():
            raise AssertionError(f"`{' '.join(self._command)}` announced nothing\n{self.log()}")
        return line

    def _close(self) -> None:
        self._process.wait()
        self._process.stdout.close()
        self._stderr.close()
