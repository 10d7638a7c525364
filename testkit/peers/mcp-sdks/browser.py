"""A browser with a person before it: opens a link, logs in, says yes, and goes where that leads.

The first argument is a `Site`, in JSON, whose pages they are and who has an account there; the second is the link.
"""

from __future__ import annotations

import json
import sys

from person import Person
from sites import Site


def main() -> None:
    site, link = sys.argv[1:]
    answer = Person(Site(**json.loads(site))).come_back(link)
    assert answer.status_code == 200, answer.text


if __name__ == "__main__":
    main()
