"""What the servers of this folder share: a free port, announced in a line of JSON, until standard input ends."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable

from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    """Only what goes wrong is worth a line."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def serve(application: Callable[[str], Callable]) -> None:
    """Serves what `application` makes of its own origin; one request at a time, in the order they come."""
    server = make_server("127.0.0.1", 0, lambda *request: inner(*request), request_handler=Quiet)
    origin = f"http://127.0.0.1:{server.server_port}"
    inner = application(origin)
    threading.Thread(target=end_with_input, daemon=True).start()
    print(json.dumps({"issuer": origin}), flush=True)
    server.serve_forever()


def end_with_input() -> None:
    """Whoever started this is gone when the pipe is."""
    sys.stdin.buffer.read()
    os._exit(0)
