"""Beta, with every scope of its own, can neither see nor change anything of alpha's."""

from itertools import zip_longest
from typing import Any

import pytest

from tests.security.comparison import comparable
from tests.security.naming import Tenant, bodies, stranger_to_all, targets
from tests.security.operations import NAMING, PROTECTED, READING, Operation
from tests.security.raw_client import Answer
from tests.security.site import ALPHA, BETA, Site

CHOSEN_BY_CALLERS = {"calendar_id", "type", "version"}
"""Ids that tenants choose themselves, or that count from 1: beta may have the same as alpha."""
SHARED = [
    operation for operation in NAMING if CHOSEN_BY_CALLERS & set(operation.parameters("path"))
]
GIVEN_BY_US = [operation for operation in NAMING if operation not in SHARED]

pytestmark = pytest.mark.usefixtures("untouched")


async def answers(
    site: Site, operation: Operation, beta: Tenant, named: Tenant, **more: Any
) -> list[Answer]:
    """Call as beta, naming everything of ``named`` that the operation can name."""
    return [
        await site.ask(operation, target, by=BETA, key=beta.key, body=body, **more)
        for target in targets(operation, named)
        for body in bodies(operation, named)
    ]


@pytest.mark.parametrize("operation", GIVEN_BY_US, ids=str)
async def test_alphas_ids_look_to_beta_like_ids_that_never_existed(
    operation: Operation, site: Site, alpha: Tenant, beta: Tenant
):
    nobody = stranger_to_all()
    for_alphas = await answers(site, operation, beta, alpha)
    for_nothing = await answers(site, operation, beta, nobody)
    for theirs, nothing in zip_longest(for_alphas, for_nothing, fillvalue=for_nothing[0]):
        assert comparable(theirs, alpha) == comparable(nothing, nobody)
        assert theirs.status == 404 or not operation.parameters("path")


@pytest.mark.parametrize("operation", PROTECTED, ids=str)
async def test_a_tenant_is_never_taken_from_a_header(
    operation: Operation, site: Site, alpha: Tenant, beta: Tenant
):
    """Compare the answers; a fixture checks that beta sees only its own data."""
    names = ("x-tenant-id", "x-tenant", "tenant-id", "ce_tenantid", "x-forwarded-user")
    nobody = stranger_to_all()
    posing = await answers(site, operation, beta, alpha, headers=dict.fromkeys(names, ALPHA))
    plain = await answers(site, operation, beta, nobody)
    if operation in GIVEN_BY_US:
        pretended = {comparable(answer, alpha) for answer in posing}
        assert pretended == {comparable(answer, nobody) for answer in plain}


@pytest.mark.parametrize("operation", SHARED, ids=str)
async def test_an_id_that_both_tenants_chose_means_their_own(
    operation: Operation, site: Site, alpha: Tenant, beta: Tenant
):
    """Check the status; fixtures check that alpha's data is neither shown nor changed."""
    assert {answer.status for answer in await answers(site, operation, beta, alpha)} == {200}


@pytest.mark.parametrize("operation", PROTECTED, ids=str)
async def test_a_tenant_is_never_taken_from_the_address(
    operation: Operation, site: Site, alpha: Tenant, beta: Tenant
):
    for name in ("tenant_id", "tenant", "_method"):
        target = f"{targets(operation, alpha)[0]}?{name}={ALPHA}"
        body = bodies(operation, alpha)[0]
        answer = await site.ask(operation, target, by=BETA, key=beta.key, body=body)
        assert answer.status in {404, 422}


@pytest.mark.parametrize("operation", READING, ids=str)
async def test_filters_by_alphas_ids_find_nothing(
    operation: Operation, site: Site, alpha: Tenant, beta: Tenant
):
    nobody = stranger_to_all()
    for name in operation.parameters("query"):
        if name in alpha.paths:
            lists = []
            for named in (alpha, nobody):
                target = f"{targets(operation, beta)[0]}?{name}={named[name]}"
                lists.append(await site.ask(operation, target, by=BETA, key=beta.key))
            assert comparable(lists[0], alpha) == comparable(lists[1], nobody)


async def test_one_merge_cannot_join_two_tenants(site: Site, alpha: Tenant, beta: Tenant):
    for members in (("source_id", "target_id"), ("target_id", "source_id")):
        seen = set()
        for named in (alpha, stranger_to_all()):
            body = dict(zip(members, (beta["customer_id"], named["customer_id"]), strict=True))
            answer = await site.call(
                "identity", "POST", "/v1/merges", by=BETA, key=beta.key, body=body
            )
            assert answer.status == 404
            seen.add(comparable(answer, named))
        assert len(seen) == 1


@pytest.mark.parametrize("dry_run", [True, False])
async def test_nobody_erases_another_tenants_customer(
    site: Site, alpha: Tenant, beta: Tenant, *, dry_run: bool
):
    seen = set()
    for named in (alpha, stranger_to_all()):
        body = {"customer_id": named["customer_id"], "reason": "mine", "dry_run": dry_run}
        answer = await site.call(
            "identity", "POST", "/v1/erasures", by=BETA, key=beta.key, body=body
        )
        assert answer.status == 404
        seen.add(comparable(answer, named))
    assert len(seen) == 1


async def test_one_decision_cannot_be_about_two_tenants(site: Site, alpha: Tenant, beta: Tenant):
    for members in (("customer_id", "other_id"), ("other_id", "customer_id")):
        seen = set()
        for named in (alpha, stranger_to_all()):
            body = dict(zip(members, (beta["customer_id"], named["customer_id"]), strict=True))
            answer = await site.call(
                "identity", "POST", "/v1/decisions/apart", by=BETA, key=beta.key, body=body
            )
            assert answer.status == 404
            seen.add(comparable(answer, named))
        assert len(seen) == 1


async def test_in_a_batch_only_the_item_that_reaches_out_fails(
    site: Site, alpha: Tenant, beta: Tenant
):
    own, theirs = (
        {
            "channel": "chat",
            "direction": "outbound",
            "author": {"type": "agent"},
            "conversation_id": of["conversation_id"],
        }
        for of in (beta, alpha)
    )
    answer = await site.call(
        "interactions",
        "POST",
        "/v1/interactions/batch",
        by=BETA,
        key=beta.key,
        body={"items": [own, theirs, own]},
    )
    first, second, third = answer.json()["items"]
    assert first["conversation_id"] == third["conversation_id"] == beta["conversation_id"]
    assert second["problem"]["status"] in {404, 422}


async def test_the_walk_can_see_a_leak(site: Site, alpha: Tenant):
    """Check that the same requests show alpha its own data, so that a leak would be visible."""
    for operation in READING:
        for target in targets(operation, alpha):
            answer = await site.ask(operation, target, by=ALPHA, key=alpha.key, wait_for=b"retry")
            assert answer.status == 200, (target, answer.text())
    assert set(alpha.canaries.everything().values()) <= _said("\n".join(site.heard[ALPHA]), alpha)


def _said(text: str, tenant: Tenant) -> set[str]:
    return {value for value in tenant.canaries.everything().values() if value in text}
