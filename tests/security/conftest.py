"""One site for the folder. Each test ends with a search for leaks in answers, logs and metrics."""

from collections.abc import AsyncIterator

import pytest

from common.web.auth import registered_scopes
from devstack.servers.postgres import Server
from devstack.servers.roles import runtime_dsn
from devstack.stack.credentials import load_credentials
from devstack.stack.services import NAMES
from devstack.testing.postgres import Templates
from tests.security.canaries import found_in
from tests.security.naming import Tenant
from tests.security.seeds import populate
from tests.security.site import ALPHA, BETA, Site, listening, open_site
from tests.security.traces import Spans


@pytest.fixture(scope="session")
async def open_for_all(
    postgres_server: Server, templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Site, Tenant, Tenant]]:
    databases = {name: templates.clone(name) for name in NAMES}
    dsns = {
        name: runtime_dsn(postgres_server.dsn(database), name)
        for name, database in databases.items()
    }
    credentials = load_credentials(tmp_path_factory.mktemp("security"))
    async with open_site(dsns, credentials) as site, listening(site):
        alpha = await populate(site, ALPHA, "5550147")
        beta = await populate(site, BETA, "6660258")
        yield site, alpha, beta
    templates.drop(list(databases.values()))


@pytest.fixture(scope="session")
def spans() -> Spans:
    """All spans that end in this process from now on."""
    return Spans()


@pytest.fixture
async def site(
    open_for_all: tuple[Site, Tenant, Tenant], postgres_server: Server, spans: Spans
) -> AsyncIterator[Site]:
    """Yield the site, then look for leaks in answers, log, metrics and spans."""
    site, alpha, beta = open_for_all
    for heard in site.heard.values():
        heard.clear()
    async with listening(site):
        yield site
    secrets = alpha.canaries.everything()
    assert found_in("\n".join(site.heard[BETA]), secrets) == set(), "beta was shown alpha's data"
    seen = {"the log": site.take_log(), "the metrics": await site.metrics(), "spans": spans.take()}
    if postgres_server.log is not None:
        seen["Postgres' log"] = postgres_server.log.read_text(errors="replace")
    for where, text in seen.items():
        for tenant in (alpha, beta):
            assert found_in(text, tenant.canaries.everything()) == set(), f"in {where}"
        assert "tl_test_" not in text, f"a key in {where}"


@pytest.fixture
def alpha(open_for_all: tuple[Site, Tenant, Tenant]) -> Tenant:
    return open_for_all[1]


@pytest.fixture
def beta(open_for_all: tuple[Site, Tenant, Tenant]) -> Tenant:
    return open_for_all[2]


@pytest.fixture
def every_scope() -> list[str]:
    return sorted(registered_scopes())


@pytest.fixture
async def untouched(site: Site) -> AsyncIterator[None]:
    """Check that alpha's rows are unchanged after the test and the events that it caused."""
    await site.carrier.carry()
    before = await site.rows(ALPHA)
    yield
    await site.carrier.carry()
    assert await site.rows(ALPHA) == before


@pytest.fixture
async def unwritten(site: Site) -> AsyncIterator[None]:
    """Check that no row of any table of any service changed."""
    before = await site.rows()
    yield
    assert await site.rows() == before
