"""Ports for programs that want to be told theirs."""

from __future__ import annotations

import socket

HIGHEST = 65535


def free_port(most: int = HIGHEST) -> int:
    """A port of loopback, at most this, that nobody listens on just now."""
    for _ in range(1000):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port <= most:
            return port
    raise AssertionError(f"no port up to {most} is free")
