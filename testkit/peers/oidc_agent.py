"""A running oidc-agent, with an empty home of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from gatepass import START_SECONDS, STOP_SECONDS, Offer

# oidc-gen waits for the interval of the device flow at least once.
PATIENCE_SECONDS = 60


class Agent:
    """The process; a context manager."""

    def __init__(self, offer: Offer) -> None:
        if not shutil.which("oidc-agent"):
            raise RuntimeError("oidc-agent is not on PATH: run `cargo xtask peers`")
        self._offer = offer
        # The socket's path must be short.
        self.home = Path(tempfile.mkdtemp(prefix="oidc-agent-"))
        self._env = os.environ | {
            "HOME": str(self.home),
            "OIDC_CONFIG_DIR": str(self.home),
            "OIDC_SOCK": str(self.home / "socket"),
            "OIDC_ENCRYPTION_PW": "a password of this test",
        }

    def __enter__(self) -> Agent:
        options = ["--console", "--no-autoload", "--no-autoreauthenticate", "--no-scheme"]
        with (self.home / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["oidc-agent", *options, "--socket-path", str(self.home / "socket")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
            )
        deadline = time.monotonic() + START_SECONDS
        while not (self.home / "socket").exists():
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.__exit__()
                raise AssertionError("oidc-agent did not start")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.home)

    def generate(self, account: str, *options: str) -> Generation:
        """Starts making an account at the server, which registers a client."""
        usual = ["--pw-env", "--prompt=none", "--confirm-default", "--no-url-call", "--no-scheme"]
        usual += [f"--iss={self._offer.issuer}", f"--cp={self._offer.ca}"]
        command = ["oidc-gen", account, *usual, *options]
        return Generation(command, self._env, self.home / f"{account}.log")

    def run(self, *command: str) -> str:
        """What one of its programs prints."""
        answer = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self._env,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert answer.returncode == 0, (answer.stdout + answer.stderr).decode(errors="replace")
        return answer.stdout.decode().strip()


class Generation:
    """An `oidc-gen` under way, which shows a person something and waits."""

    def __init__(self, command: list[str], env: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env
            )

    def shown(self, pattern: str) -> str:
        """What it shows, once it does."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            ended = self._process.poll() is not None
            if found := re.search(pattern, self.said()):
                return found[1]
            if ended:
                break
            time.sleep(0.05)
        self._process.kill()
        self._process.wait()
        raise AssertionError(f"it did not show {pattern}:\n{self.said()}")

    def finish(self) -> int:
        """Its exit status."""
        try:
            return self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"it came to no end:\n{self.said()}") from None

    def said(self) -> str:
        return self._log.read_text(errors="replace")
