"""The journey that `make demo` plays, on a stack of its own and with nothing set up by hand."""

import asyncio
import json
import sys

import pytest

from devstack.servers.patience import patient

pytestmark = [pytest.mark.e2e, pytest.mark.own_servers, pytest.mark.timeout(600)]


async def test_the_demo_plays_to_its_end_and_shows_one_customer():
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "examples.journey",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(patient(120)):
        told, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    summary = json.loads(told.decode().splitlines()[-1])
    assert summary["channels"] == 4
    assert summary["merged_customers"] == 2
    assert summary["breaches"] == 1
