"""An Apache with Debian's mod_auth_openidc: a client of a running server, and a resource."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from functools import cached_property
from pathlib import Path
from string import Template

import requests

from authority import Authority
from gatepass import START_SECONDS, STOP_SECONDS, Offer
from ports import free_port

# What the module says of whoever it let in, filled in by Apache itself.
PAGE = {
    "user": "REMOTE_USER",
    "email": "OIDC_CLAIM_email",
    "scope": "OIDC_CLAIM_scope",
    "client": "OIDC_CLAIM_client_id",
}


class Site:
    """One virtual host, on a port of its own that is looked for when it is needed."""

    @cached_property
    def address(self) -> str:
        return f"127.0.0.1:{free_port()}"

    @property
    def origin(self) -> str:
        return f"https://{self.address}"

    @property
    def callback(self) -> str:
        return f"{self.origin}/callback"

    @property
    def goodbye(self) -> str:
        return f"{self.origin}/goodbye"

    def written(self, auth_type: str, lines: list[str]) -> str:
        inside = "\n".join(f"  {line}" for line in lines)
        return (
            f"Listen {self.address}\n<VirtualHost {self.address}>\n"
            f"  SSLEngine on\n{inside}\n"
            f"  <Location />\n    AuthType {auth_type}\n    Require valid-user\n  </Location>\n"
            "</VirtualHost>\n"
        )


class Apache:
    """The process; a context manager. All of it lies in a folder that its workers may read."""

    def __init__(self, offer: Offer, authority: Authority) -> None:
        self._binary, self._modules = os.environ.get("APACHE_BIN"), os.environ.get("APACHE_MODULES")
        if not self._binary or not self._modules:
            raise RuntimeError("APACHE_BIN or APACHE_MODULES is not set: run `cargo xtask peers`")
        self.folder = Path(tempfile.mkdtemp(prefix="gatepass-apache-"))
        self.folder.chmod(0o755)
        shutil.copy(authority.server, self.folder / "server.pem")
        both = [Path(offer.ca), authority.certificate]
        self.trusted = self.keep("trusted.pem", "\n".join(file.read_text() for file in both))
        (self.folder / "registrations").mkdir()
        (self.folder / "registrations").chmod(0o777)
        pages = self.folder / "pages"
        pages.mkdir()
        said = {name: f'<!--#echo encoding="none" var="{of}" -->' for name, of in PAGE.items()}
        text = ", ".join(f'"{name}": "{echo}"' for name, echo in said.items())
        (pages / "index.shtml").write_text(f"{{{text}}}\n")
        self._sites: list[tuple[Site, str]] = []

    def site(self, site: Site, lines: list[str], *, auth_type: str = "openid-connect") -> None:
        self._sites.append((site, site.written(auth_type, lines)))

    def keep(self, name: str, text: str) -> Path:
        """A file that the configuration names."""
        file = self.folder / name
        file.write_text(text)
        file.chmod(0o644)
        return file

    def __enter__(self) -> Apache:
        template = Template(Path(__file__).with_name("apache.conf").read_text())
        text = template.substitute(
            folder=self.folder,
            modules=self._modules,
            passphrase=secrets.token_urlsafe(24),
            sites="\n".join(text for _, text in self._sites),
        )
        conf = self.keep("apache.conf", text)
        with (self.folder / "error.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary, "-f", str(conf), "-D", "FOREGROUND"],
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        try:
            self._wait_for(self._sites[0][0])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder)

    def log(self) -> str:
        return (self.folder / "error.log").read_text(errors="replace")

    def registrations(self) -> list[dict[str, object]]:
        """What the module keeps of the registrations that it made by itself."""
        folder = self.folder / "registrations"
        return [json.loads(file.read_text()) for file in folder.glob("*.client")]

    def _wait_for(self, site: Site) -> None:
        """It listens before it has read its configuration to the end, so only an answer counts."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                requests.head(site.origin, verify=self.trusted, timeout=START_SECONDS)
                return
            except requests.ConnectionError:
                time.sleep(0.02)
        raise AssertionError(f"Apache did not start:\n{self.log()}")
