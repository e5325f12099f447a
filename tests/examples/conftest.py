"""One site for examples that need no story."""

from collections.abc import AsyncIterator

import pytest

from devstack.servers.postgres import Server
from devstack.servers.roles import runtime_dsn
from devstack.stack.credentials import load_credentials
from devstack.stack.services import NAMES
from devstack.testing.postgres import Templates
from tests.security.site import Site, open_site


@pytest.fixture(scope="session")
async def site(
    postgres_server: Server, templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    databases = {name: templates.clone(name) for name in NAMES}
    dsns = {name: runtime_dsn(postgres_server.dsn(databases[name]), name) for name in NAMES}
    async with open_site(dsns, load_credentials(tmp_path_factory.mktemp("examples"))) as site:
        yield site
    templates.drop(list(databases.values()))
