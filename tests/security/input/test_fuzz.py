"""Thousands of requests, generated from the OpenAPI documents, against real servers."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from common.web.auth import registered_scopes
from devstack.stack.services import NAMES
from interactions.history.usecases import catch_up
from tests.security.naming import Tenant
from tests.security.operations import all_operations
from tests.security.ports import open_ports
from tests.security.seeds import add_customers
from tests.security.site import BETA, Site

ROOT = Path(__file__).parents[3]
CASES = int(os.environ.get("FUZZ_CASES", "100"))
"""The least for each service, shared by its operations; edge cases come on top."""
SEED = os.environ.get("FUZZ_SEED")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody wait for what a made-up token names."""
    monkeypatch.setattr(catch_up, "WAIT_SECONDS", 0.01)


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", NAMES)
async def test_no_request_breaks_a_service(
    name: str, site: Site, alpha: Tenant, beta: Tenant, tmp_path: Path
):
    key = await site.new_key(BETA, sorted(registered_scopes()))
    operations = [op for op in all_operations() if op.service == name and op.takes_input]
    # Some operations run out of different requests, so each gets a tenth more.
    examples = CASES * 11 // (10 * len(operations)) + 1
    fuzz = {
        "secrets": alpha.canaries.everything(),
        "ids": _ids(alpha, beta, await add_customers(site, beta, 4)),
        "dsn": site.services[name].settings.postgres.dsn.get_secret_value(),
    }
    async with open_ports(site) as ports:
        command: list[str | Path] = [
            Path(sys.executable).with_name("st"), "--no-color",
            "--config-file", Path(__file__).with_name("schemathesis.toml"), "run",
            f"http://127.0.0.1:{ports[name]}/openapi.json",
            "--header", f"Authorization: Bearer {key}",
            "--checks", "all", "--exclude-checks", "positive_data_acceptance",
            "--max-examples", str(examples), "--continue-on-failure",
            "--generation-database", "none", "--request-timeout", "30", "--warnings", "off",
            *(["--seed", SEED] if SEED else []),
        ]  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=tmp_path,
            env=os.environ
            | {"FUZZ": json.dumps(fuzz), "SCHEMATHESIS_HOOKS": "tests.security.input.fuzz_checks",
               "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            output = (await process.communicate())[0].decode()
        finally:
            if process.returncode is None:
                process.kill()
    sys.stdout.write(output)
    [cases] = re.findall(r"(\d+) generated", output)
    sys.stdout.write(f"{name}: {cases} cases\n")
    assert process.returncode == 0
    assert int(cases) >= CASES


def _ids(alpha: Tenant, beta: Tenant, own: list[str]) -> dict[str, list[str]]:
    """Return ids of both tenants by the names of the parameters and fields that take them.

    Of customers and groups of its own, other tests read none: it may erase or remove them.
    """
    # What callers choose may be the same for both tenants, and schemathesis makes it up as well.
    of_service = beta.paths.keys() - {"type", "version"}
    ids = {name: [*beta.paths[name], *alpha.paths[name]] for name in of_service}
    ids["customer_id"] = [*own, *alpha.paths["customer_id"], alpha.other_customer]
    ids["group_id"] = [*beta.removable["group_id"], *alpha.paths["group_id"]]
    return ids | {
        "source_id": ids["customer_id"],
        "target_id": ids["customer_id"],
        "other_id": ids["customer_id"],
        "in_reply_to": [beta.message_id, alpha.message_id],
    }
