"""GETs by requests-oauthlib on one connection. The first line of input says what and with which token, each
further one for how many seconds; each of those is answered by a line that says how many requests it was."""

import json
import sys
import time

from requests_oauthlib import OAuth2Session

given = json.loads(sys.stdin.readline())
token = {"access_token": given["access_token"], "token_type": "Bearer"}
session = OAuth2Session("bench", token=token)

for line in sys.stdin:
    requests = 0
    spent, started = time.process_time(), time.monotonic()
    until = started + float(line)
    while time.monotonic() < until:
        answer = session.get(given["url"])
        if answer.status_code != 200 or not answer.content:
            sys.exit(f"the answer was {answer.status_code}")
        requests += 1
    elapsed, processor = time.monotonic() - started, time.process_time() - spent
    print(json.dumps({"requests": requests, "elapsed": elapsed, "processor": processor}), flush=True)
