"""Alpha's cursors and entity tags are treated as forged when beta uses them."""

from typing import Any

import pytest

from tests.security.comparison import comparable
from tests.security.naming import Tenant, bodies, targets
from tests.security.operations import NAMING, PAGED, READING, Operation
from tests.security.site import ALPHA, BETA, Site

HONOUR_IF_MATCH = {
    "PATCH /v1/conversations/{conversation_id}",
    "PATCH /v1/customers/{customer_id}",
    "PUT /v1/sla/policies/{policy_id}",
}
CONDITIONAL = [operation for operation in NAMING if str(operation) in HONOUR_IF_MATCH]

pytestmark = pytest.mark.usefixtures("untouched")


@pytest.mark.parametrize("operation", PAGED, ids=str)
async def test_alphas_cursor_is_refused_for_beta(
    operation: Operation, site: Site, alpha: Tenant, beta: Tenant
):
    [target, *_] = targets(operation, alpha)
    page = await site.ask(operation, f"{target}?limit=1", by=ALPHA, key=alpha.key)
    cursor = page.json()["next"]
    assert cursor is not None, "alpha needs at least two items"
    refused = [
        await site.ask(operation, f"{own}?limit=1&cursor={shown}", by=BETA, key=beta.key)
        for own in (target, targets(operation, beta)[0])
        for shown in (cursor, cursor[:-2] + "AA", "AAAA")
    ]
    assert {answer.status for answer in refused} == {400}
    assert len({comparable(answer, alpha) for answer in refused if answer.status == 400}) == 1


@pytest.mark.parametrize("operation", READING, ids=str)
async def test_alphas_entity_tags_do_not_match_for_beta(
    operation: Operation, site: Site, alpha: Tenant, beta: Tenant
):
    [theirs, *_], [own, *_] = targets(operation, alpha), targets(operation, beta)
    tag = (await site.ask(operation, theirs, by=ALPHA, key=alpha.key)).header("etag")
    if tag is None:
        return
    seen = await site.ask(operation, theirs, by=ALPHA, key=alpha.key, headers=_has(tag))
    assert seen.status == 304
    fresh = await site.ask(operation, own, by=BETA, key=beta.key, headers=_has(tag))
    assert fresh.status == 200
    if theirs != own:
        missing = await site.ask(operation, theirs, by=BETA, key=beta.key, headers=_has(tag))
        assert missing.status == 404


def _has(tag: str) -> dict[str, str]:
    return {"if-none-match": tag}


@pytest.mark.parametrize("operation", CONDITIONAL, ids=str)
async def test_alphas_entity_tags_do_not_let_beta_change_anything(
    operation: Operation, site: Site, alpha: Tenant, beta: Tenant
):
    [theirs, *_], [own, *_] = targets(operation, alpha), targets(operation, beta)
    reading: Any = {"service": operation.service, "method": "GET", "target": theirs}
    tag = (await site.call(**reading, by=ALPHA, key=alpha.key)).header("etag")
    assert tag is not None
    for target, expected in ((own, 412), (theirs, 404)):
        answer = await site.ask(
            operation,
            target,
            by=BETA,
            key=beta.key,
            body=bodies(operation, beta)[0],
            headers={"if-match": tag},
        )
        assert answer.status == expected
