"""The services answer the examples of problems as shown, wherever a call can cause them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from common.jsons import dumps, loads
from common.web import AppState
from common.web.auth import RateLimiter, registered_scopes
from common.web.problems import PROBLEM_TYPES, ProblemType, example_of
from common.web.responses import sse
from identity.merging.http.problems import PROBLEM_TYPES as OF_MERGES
from sla.alerts.http.state import AlertsState
from tests.security.raw_client import Answer
from tests.security.site import ALPHA, Site

Json = dict[str, Any]
CALENDARS, POLICIES = "/v1/sla/calendars", "/v1/sla/policies"
TARGETS = [{"metric": "first_response", "seconds": 60}]
POLICY = {"name": "Everybody", "position": 100, "targets": TARGETS}
WHOLE_DAY = [{"start": "00:00", "end": "24:00"}]
CALENDAR = {"name": "Support", "time_zone": "Europe/Berlin", "hours": {"monday": WHOLE_DAY}}
NIGHT = CALENDAR | {"name": "Night"}
UNTRUE = "Bearer tl_test_x"


@dataclass(frozen=True)
class Cause:
    """A call that is refused; ``scopes`` are its caller's, None without a key."""

    method: str
    target: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    scopes: frozenset[str] | None = registered_scopes()
    before: "Cause | None" = None
    """A call that succeeds, and because of which this one does not."""


NAMED = {"idempotency-key": "a"}
CAUSES = {
    "bad-request": Cause("GET", POLICIES, headers={"Authorization": UNTRUE}),
    "malformed-json": Cause("PUT", CALENDARS, b'{"names" 1}'),
    "bad-cursor": Cause("GET", f"{POLICIES}?cursor=x"),
    "bad-idempotency-key": Cause("POST", POLICIES, POLICY, {"idempotency-key": ""}),
    "credential-in-url": Cause("GET", f"{POLICIES}?access_token=x"),
    "no-credential": Cause("GET", POLICIES, scopes=None),
    "unauthenticated": Cause("GET", POLICIES, headers={"authorization": UNTRUE}, scopes=None),
    "forbidden": Cause("POST", POLICIES, POLICY, scopes=frozenset({"sla:read"})),
    "not-found": Cause("GET", "/v1/sla/clocks/x"),
    "method-not-allowed": Cause("DELETE", CALENDARS),
    "conflict": Cause("POST", POLICIES, POLICY, before=Cause("POST", POLICIES, POLICY)),
    "precondition-failed": Cause(
        "PUT",
        f"{CALENDARS}/night",
        NIGHT,
        {"if-match": '"x"'},
        before=Cause("PUT", f"{CALENDARS}/night", NIGHT),
    ),
    "content-too-large": Cause("PUT", CALENDARS, b" " * (1_048_576 + 1)),
    "uri-too-long": Cause("GET", f"{POLICIES}?x={'x' * 9_000}"),
    "unsupported-media-type": Cause("PUT", CALENDARS, b"a", {"content-type": "text/plain"}),
    "invalid": Cause("PUT", CALENDARS, {"name": "x", "timezone": "UTC", "hours": {}}),
    "idempotency-key-reused": Cause(
        "PUT", CALENDARS, NIGHT, NAMED, before=Cause("PUT", CALENDARS, CALENDAR, NAMED)
    ),
    "rate-limited": Cause("GET", POLICIES, before=Cause("GET", POLICIES)),
    "too-many-requests": Cause("GET", "/v1/sla/stream"),
    "request-header-fields-too-large": Cause("GET", POLICIES, headers={"x": "x" * 40_000}),
    "internal-server-error": Cause("GET", "/v1/sla/alerts"),
}
CIRCUMSTANCES: Mapping[str, Callable[[AppState, pytest.MonkeyPatch], None]] = {
    "rate-limited": lambda state, patch: patch.setattr(state, "limiter", RateLimiter(1)),
    "too-many-requests": lambda _, patch: patch.setattr(sse, "MAX_STREAMS_PER_CREDENTIAL", 0),
    "internal-server-error": lambda state, patch: patch.delitem(state.parts, AlertsState),
}
ELSEWHERE = {
    "request-timeout": "its body would have to take its time",
    "idempotency-in-progress": "the first request would have to be still running",
    "answer-not-kept": "its size and digest are those of one answer of a megabyte",
    "precondition-required": "no operation requires If-Match",
    "unavailable": "the database would have to be down",
    "service-unavailable": "the proxy answers it",
}
"""The types that no single call causes; tests of their mechanisms do."""


def test_every_type_is_caused_here_or_elsewhere():
    assert CAUSES.keys() | ELSEWHERE.keys() == {problem.name for problem in PROBLEM_TYPES}
    assert not CAUSES.keys() & ELSEWHERE.keys()
    assert CIRCUMSTANCES.keys() <= CAUSES.keys()


@pytest.mark.parametrize("name", CAUSES)
async def test_a_problem_is_answered_as_it_shows(
    name: str, site: Site, monkeypatch: pytest.MonkeyPatch
):
    [problem] = [each for each in PROBLEM_TYPES if each.name == name]
    cause = CAUSES[name]
    if name in CIRCUMSTANCES:
        CIRCUMSTANCES[name](site.services["sla"].api.state.threadline, monkeypatch)
    if cause.before is not None:
        assert (await make(site, cause.before)).status < 300
    assert await refusal(site, cause) == shown(example_of(problem))


async def refusal(site: Site, cause: Cause) -> Json:
    """Make the call; return the problem that it gets."""
    answer = await make(site, cause)
    body: Json = answer.json()
    assert answer.is_problem()
    assert answer.status == body["status"]
    return shown(body)


async def make(site: Site, cause: Cause) -> Answer:
    key = None if cause.scopes is None else await site.key(ALPHA, sorted(cause.scopes))
    more = {"body": cause.body, "headers": cause.headers}
    return await site.call("sla", cause.method, cause.target, by=ALPHA, key=key, **more)


def shown(body: Json) -> Json:
    """Return a body as its reader sees it; each answer has an instance of its own."""
    seen: Json = loads(dumps(body))
    return seen | {"instance": None}


EACH = {"too-many-identifiers": (50, 1), "too-many-attributes": (1, 20)}
"""How many identifiers and attributes each of three requests adds to a customer."""


@pytest.mark.parametrize(
    "problem",
    [problem for problem in OF_MERGES if problem.name in EACH],
    ids=lambda problem: problem.name,
)
async def test_a_merge_that_would_be_too_large_is_refused_as_it_shows(
    problem: ProblemType, site: Site
):
    identifiers, attributes = EACH[problem.name]
    customers = [
        await customer(site, f"{side}_of_{attributes}", identifiers, attributes)
        for side in ("source", "target")
    ]
    merge = dict(zip(("source_id", "target_id"), customers, strict=True))
    assert shown(await ask(site, "/v1/merges", merge)) == shown(example_of(problem))


async def kept_apart(site: Site, one: str, other: str) -> Json:
    await ask(site, "/v1/decisions/apart", {"customer_id": one, "other_id": other})
    return await ask(site, "/v1/merges", {"source_id": one, "target_id": other})


async def one_customer(site: Site, one: str, _: str) -> Json:
    return await ask(site, "/v1/decisions/apart", {"customer_id": one, "other_id": one})


async def no_identifiers(site: Site, one: str, other: str) -> Json:
    named = {"identifier": {"type": "viber", "value": "one_without"}}
    await ask(site, f"/v1/customers/{one}/unlink", named)
    return await ask(site, "/v1/decisions/apart", {"customer_id": one, "other_id": other})


REFUSALS: Mapping[str, Callable[[Site, str, str], Awaitable[Json]]] = {
    "kept-apart": kept_apart,
    "one-customer": one_customer,
    "no-identifiers": no_identifiers,
}


@pytest.mark.parametrize(
    "problem",
    [problem for problem in OF_MERGES if problem.name not in EACH],
    ids=lambda problem: problem.name,
)
async def test_a_decision_is_refused_as_it_shows(problem: ProblemType, site: Site):
    kind = "without" if problem.name == "no-identifiers" else problem.name
    customers = [await customer(site, f"{side}_{kind}", 1, 1) for side in ("one", "other")]
    refused = await REFUSALS[problem.name](site, *customers)
    assert shown(refused) == shown(example_of(problem))


async def customer(site: Site, name: str, identifiers: int, attributes: int) -> str:
    """Create a customer in three requests that share an identifier; return its id."""
    for part in range(3):
        values = [name, *(f"{name}_{part}_{number}" for number in range(identifiers - 1))]
        body = {
            "identifiers": [{"type": "viber", "value": value} for value in values],
            "attributes": {f"{name}_{part}_{number}": number for number in range(attributes)},
        }
        resolved = await ask(site, "/v1/identities/resolve", body)
    customer_id: str = resolved["customer_id"]
    return customer_id


async def ask(site: Site, target: str, body: Json) -> Json:
    key = await site.key(ALPHA, sorted(registered_scopes()))
    answer = await site.call("identity", "POST", target, by=ALPHA, key=key, body=body)
    answered: Json = answer.json()
    return answered
