"""What the tests of the MCP share: the sites."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from running import running
from sites import GUARDED, OWN, Site


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    with running(tmp_path_factory.mktemp("sites")) as sites:
        yield sites


@pytest.fixture(params=OWN + GUARDED)
def site(request: pytest.FixtureRequest, sites: dict[str, Site]) -> Site:
    """Any of them."""
    return sites[request.param]


@pytest.fixture(params=OWN)
def own_site(request: pytest.FixtureRequest, sites: dict[str, Site]) -> Site:
    """Any of those that do it as their SDK does."""
    return sites[request.param]


@pytest.fixture(params=GUARDED)
def guarded_site(request: pytest.FixtureRequest, sites: dict[str, Site]) -> Site:
    """Any of those behind a guard."""
    return sites[request.param]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
