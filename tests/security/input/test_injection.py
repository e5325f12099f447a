"""Code in a parameter is treated as a value, or refused as one."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.security.naming import Tenant, targets
from tests.security.operations import PAGED, READING, Operation
from tests.security.raw_client import Answer
from tests.security.site import ALPHA, BETA, Site

INJECTED = (
    "' OR '1'='1", "'; DROP TABLE customer; --", "1); SELECT pg_sleep(9); --", "\\'; --", "$1",
    "%(x)s", ":tenant_id", "{tenant_id}", "${jndi:ldap://a}", "*", "%", "_", "a' | !(b & c", ":*",
    "a & ", '"', "alpha", "tenant_id:alpha", "../../etc/passwd", "<script>alert(1)</script>",
    "{{7*7}}", "-1", "99999999999999999999", "1e309", "NaN", "null", "\u202egnp", "e\u0301" * 40,
    "\uff11\uff12", "\u00b2", "\U0001f600",
)  # fmt: skip
LINES = ("a\r\nSet-Cookie: x=1", "a\nb", '\n{"level": "error"}', "\x1b[2J", "a\tb", "\x00")
"""Values that would start a new line in a header or a log."""

pytestmark = pytest.mark.usefixtures("unwritten")


async def _asked(
    site: Site, operation: Operation, target: str, alpha: Tenant, **more: Any
) -> Answer:
    """Call as alpha; leave a stream after its beginning."""
    caller = {"by": ALPHA, "key": alpha.key, "wait_for": b"retry"}
    return await site.ask(operation, target, **caller, **more)


@pytest.mark.parametrize("operation", READING, ids=str)
async def test_no_parameter_is_more_than_a_value(operation: Operation, site: Site, alpha: Tenant):
    plain = targets(operation, alpha)[0]
    for name in operation.parameters("query"):
        for value in INJECTED:
            answer = await _asked(site, operation, f"{plain}?{name}={quote(value)}", alpha)
            assert answer.status in {200, 400, 422}, (name, value)
            assert answer.status == 200 or answer.is_problem(), (name, value)


@pytest.mark.parametrize("operation", READING, ids=str)
async def test_no_parameter_starts_a_new_line(operation: Operation, site: Site, alpha: Tenant):
    [plain, *_] = targets(operation, alpha)
    for value in LINES:
        for name in operation.parameters("query"):
            answer = await _asked(site, operation, f"{plain}?{name}={quote(value)}", alpha)
            assert answer.status in {400, 422}, (name, value)
        for name in ("idempotency-key", "x-request-id", "traceparent", "last-event-id", "if-match"):
            answer = await _asked(site, operation, plain, alpha, headers={name: value})
            assert answer.status in {200, 400, 412}, (name, value)
            assert not [1 for key, said in answer.headers if "\n" in key + said or "\r" in said]
    log = site.log.getvalue()
    assert "\x1b" not in log
    assert '{"level": "error"}' not in log.splitlines()


@pytest.mark.parametrize("operation", READING, ids=str)
async def test_expensive_requests_are_capped(operation: Operation, site: Site, alpha: Tenant):
    [plain, *_] = targets(operation, alpha)
    for query, allowed in (
        ("limit=1000000000", {200, 422}),
        ("limit=-1", {200, 422}),
        ("&".join(f"x{n}=1" for n in range(500)), {422}),
        ("&".join(["include=customer"] * 100), {200, 422}),
        ("&".join(["include=customer"] * 1_000), {414, 422}),
        ("include=" + ",".join(["customer"] * 500), {200, 422}),
        ("from=1970-01-01T00:00:00Z&to=9998-12-31T00:00:00Z", {200, 422}),
        ("q=" + "a" * 201, {422}),
        ("cursor=" + "A" * 9_000, {414}),
    ):
        answer = await _asked(site, operation, f"{plain}?{query}", alpha)
        assert answer.status in allowed, (query[:80], answer.status)
        if answer.status == 200 and "limit=1" in query and "items" in answer.text():
            assert len(answer.json()["items"]) <= 500


@pytest.mark.parametrize("operation", PAGED, ids=str)
async def test_a_forged_cursor_is_refused(
    operation: Operation, site: Site, alpha: Tenant, beta: Tenant
):
    [plain, *_] = targets(operation, alpha)
    page = await site.ask(operation, f"{plain}?limit=1", by=ALPHA, key=alpha.key)
    cursor = page.json()["next"]
    flipped = [
        cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
        for at in range(0, len(cursor), 5)
    ]
    forged = (
        *flipped, cursor[:-1], cursor[1:], cursor.swapcase(), f"{cursor}A", f"{cursor}=",
        f"{cursor}==", f"{cursor}%20", f"%20{cursor}", "", "A", "A" * 1_024, "A" * 1_025,
        quote("' OR 1=1"), quote("\uff21" * 20),
    )  # fmt: skip
    details = set()
    for forgery in forged:
        answer = await site.ask(operation, f"{plain}?cursor={forgery}", by=ALPHA, key=alpha.key)
        assert answer.status == 400, forgery
        details.add(answer.json()["detail"])
    assert len(details) == 1, "all forgeries must get the same answer"
    elsewhere = [other for other in PAGED if other is not operation]
    for other in elsewhere:
        target = f"{targets(other, alpha)[0]}?cursor={cursor}"
        answer = await site.ask(other, target, by=ALPHA, key=alpha.key)
        assert answer.status == 400, other
    theirs = await site.ask(
        operation, f"{targets(operation, beta)[0]}?cursor={cursor}", by=BETA, key=beta.key
    )
    assert theirs.status == 400
