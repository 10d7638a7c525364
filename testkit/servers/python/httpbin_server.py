"""httpbin: Basic, Digest by several algorithms, bearer tokens, and whatever else a client may want to try."""

from httpbin import app

from serving import serve

serve(lambda _: app)
