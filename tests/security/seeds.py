"""Creates what each tenant has."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from pydantic import SecretStr

from common.web.auth import registered_scopes
from interactions.commands import add_channel
from sla.clocks.timers.due_clocks import DueClocks
from tests.security.canaries import canaries_of
from tests.security.naming import (
    CARD,
    RULES_VERSION,
    Tenant,
    calendar_body,
    card_body,
    group_body,
    identifiers_of,
    policy_body,
    rules_body,
    shared_by_many,
)
from tests.security.raw_client import Answer
from tests.security.site import Site

Json = dict[str, Any]
CALENDAR = "support"
"""Tenants choose the ids of calendars; both tenants chose this one."""


async def populate(site: Site, tenant: str, digits: str) -> Tenant:
    """Create a tenant with customers (two merged), conversations, clocks, rules and alerts."""
    of = Tenant(tenant, canaries_of(tenant, digits))
    of.key = await site.key(tenant, sorted(registered_scopes()))
    await _rules(site, of)
    first = await _record(site, of, _first_contact(of))
    later = await _record(site, of, _contact("email", f"later-{of.canaries.email}", "again"))
    idle = await _record(site, of, _contact("email", f"idle-{of.canaries.email}", "a third"))
    other = await _record(site, of, _contact("email", f"other-{of.canaries.email}", "a fourth"))
    await _describe(site, of)
    again = await _record(site, of, _contact("email", f"again-{of.canaries.email}", "a fifth"))
    for absorbed in (again, later):
        merge = {"source_id": absorbed["customer_id"], "target_id": first["customer_id"]}
        merged = _good(await _ask(site, of, "identity POST /v1/merges", merge)).json()
    of.paths |= {
        "merge_id": [merged["merge_id"]],
        "decision_id": [merged["merge_id"]],
        "customer_id": [first["customer_id"], later["customer_id"]],
        "conversation_id": [first["conversation_id"], other["conversation_id"]],
        "attribute_name": [f"note_of_{tenant}"],
    }
    of.other_customer, of.uninvolved = other["customer_id"], idle["customer_id"]
    await _decidable(site, of)
    await _resolution_rules(site, of)
    await _groups(site, of)
    await _account(site, of)
    await _privacy(site, of)
    await site.carrier.carry()
    await site.erase()
    await _fire_overdue_clocks(site)
    clocks = _good(await _ask(site, of, "sla GET /v1/sla/clocks")).json()["items"]
    assert clocks
    of.paths["clock_id"] = [clock["clock_id"] for clock in clocks[:2]]
    return of


async def add_customers(site: Site, of: Tenant, count: int) -> list[str]:
    """Create customers with a conversation each, whom the caller may merge and erase."""
    contacts = [_contact("email", f"{uuid4().hex}@example.test", "hello") for _ in range(count)]
    return [(await _record(site, of, contact))["customer_id"] for contact in contacts]


def _first_contact(of: Tenant) -> Json:
    seen = of.canaries
    of.message_id = f"{of.name}-message-1"
    return {
        "channel": "email",
        "kind": "email",
        "direction": "inbound",
        "author": {"type": "customer", "id": seen.email, "name": seen.name},
        "identifiers": identifiers_of(of),
        "subject": seen.subject,
        "text": seen.text,
        "data": {"order": {"for": seen.name}},
        "attachments": [{"media_type": "image/png", "name": f"{seen.name}.png"}],
        "provider": {"name": "mail", "account": seen.business, "message_id": of.message_id},
        "conversation": {"tags": [seen.business], "team": seen.business},
    }


def _contact(kind: str, value: str, text: str) -> Json:
    return {
        "channel": "email",
        "direction": "inbound",
        "author": {"type": "customer"},
        "identifiers": [{"type": kind, "value": value}],
        "subject": text,
        "text": text,
    }


async def _rules(site: Site, of: Tenant) -> None:
    for calendar_id in (CALENDAR, "weekend"):
        path = f"/v1/sla/calendars/{calendar_id}"
        body = calendar_body() | {"name": f"{of.canaries.business}, {calendar_id}"}
        _good(await _ask(site, of, f"sla PUT {path}", body))
    policies = []
    for position in (1, 2):
        named = {"name": f"{of.canaries.business}, {position}", "position": position}
        body = policy_body() | named
        policies.append(_good(await _ask(site, of, "sla POST /v1/sla/policies", body)).json())
    of.paths |= {"policy_id": [policy["policy_id"] for policy in policies]}
    of.paths |= {"calendar_id": [CALENDAR]}


async def _record(site: Site, of: Tenant, body: Json) -> Json:
    """Record an interaction of an hour ago, so that its clocks are overdue."""
    at = site.services["interactions"].clock.now() - timedelta(hours=1)
    dated = body | {"occurred_at": at.isoformat()}
    answer = _good(await _ask(site, of, "interactions POST /v1/interactions", dated))
    recorded: Json = answer.json()
    return recorded


async def _describe(site: Site, of: Tenant) -> None:
    attributes = {"name": of.canaries.name, "note": of.canaries.text, "tier": "gold"}
    for note in (of.canaries.subject, of.canaries.text):
        own = {f"note_of_{of.name}": note}
        body = {"identifiers": identifiers_of(of), "attributes": attributes | own}
        _good(await _ask(site, of, "identity POST /v1/identities/resolve", body))


async def _decidable(site: Site, of: Tenant) -> None:
    """Create what people decide about: look-alikes, and an address shared by many."""
    of.look_alikes = await _look_alikes(site, of, f"Look{of.canaries.name}", "Lund")
    others = [
        await _look_alikes(site, of, name, city)
        for name, city in (("Ingeborg Dahlqvist", "Kiruna"), ("Siobhan Farrelly", "Galway"))
    ]
    await site.finish("maintenance:match_changed")
    found = _good(await _ask(site, of, "identity GET /v1/match-candidates")).json()["items"]
    candidates = {frozenset(each["customer_ids"]): each["candidate_id"] for each in found}
    assert candidates.keys() == {frozenset(of.look_alikes), *map(frozenset, others)}
    of.paths["candidate_id"] = [candidates[frozenset(of.look_alikes)]]
    level = {"level": "channel_proved"}
    shared, card = shared_by_many(of) | level, {"type": "loyalty_id", "scope": "shop"} | level
    cards = [card | {"value": f"{number}-{of.name}"} for number in range(13)]
    items = [{"identifiers": [shared, each]} for each in cards]
    path = "identity POST /v1/identities/resolve/batch"
    last = _good(await _ask(site, of, path, {"items": items})).json()["items"][-1]
    assert [each["reason"] for each in last["dropped"]] == ["quarantined"]


async def _look_alikes(site: Site, of: Tenant, name: str, city: str) -> tuple[str, str]:
    ids = []
    for side in ("left", "right"):
        own = {"type": "email", "value": f"{side}-{city.casefold()}-{of.canaries.email}"}
        body = {"identifiers": [own], "attributes": {"name": name, "city": city}}
        answer = _good(await _ask(site, of, "identity POST /v1/identities/resolve", body))
        ids.append(answer.json()["customer_id"])
    return ids[0], ids[1]


async def _resolution_rules(site: Site, of: Tenant) -> None:
    """Register a type of identifiers, save two versions of the rules, and simulate both.

    The second concerns the look-alikes.
    """
    _good(await _ask(site, of, f"identity PUT /v1/identities/types/{CARD}", card_body()))
    theirs = {"type": "email", "match": "pattern", "value": r"(left|right)-.*@example\.test"}
    rules = rules_body(of.canaries.business)
    versions = []
    for blocked in ([], [theirs]):
        body = rules | {"blocked": rules["blocked"] + blocked}
        saved = _good(await _ask(site, of, "identity POST /v1/identities/rules", body)).json()
        versions.append(saved["version"])
        body = {"version": saved["version"]}
        answer = await _ask(site, of, "identity POST /v1/identities/rules/simulations", body)
        assert answer.status == 202, answer.text()
        await site.finish("maintenance:advance_rules")
    assert versions[0] == RULES_VERSION
    of.paths |= {"run_id": [answer.json()["id"]], "type": [CARD], "version": [f"{RULES_VERSION}"]}


async def _groups(site: Site, of: Tenant) -> None:
    """Create households: the first has a member in two roles, the second may be removed."""
    ids = []
    for number in ("1", "2", "3"):
        saved = _good(await _ask(site, of, "identity PUT /v1/groups", group_body(of, number)))
        ids.append(saved.json()["group_id"])
    path = f"/v1/groups/{ids[0]}/members/{of['customer_id']}"
    for role in ("parent", "payer"):
        member = {"role": role, "source": of.canaries.business}
        _good(await _ask(site, of, f"identity PUT {path}", member))
    of.paths["group_id"] = ids[:1]
    of.removable |= {"group_id": ids[1:2], "customer_id": [of.uninvolved]}


async def _account(site: Site, of: Tenant) -> None:
    of.paths |= {"provider": ["twilio"], "account": [f"{of.name}-line"]}
    await add_channel(
        site.services["interactions"],
        tenant_id=of.name,
        provider="twilio",
        account=of["account"],
        channel="sms",
        secret=SecretStr(of.canaries.business),
    )


async def _privacy(site: Site, of: Tenant) -> None:
    """Erase a customer whom no test asks about, and suppress an address that nobody has."""
    contact = _contact("email", f"gone-{of.canaries.email}", "a sixth")
    of.erased_customer = (await _record(site, of, contact))["customer_id"]
    erase = {"customer_id": of.erased_customer, "reason": "asked"}
    answer = await _ask(site, of, "identity POST /v1/erasures", erase)
    assert answer.status == 202, answer.text()
    of.paths |= {"erasure_id": [answer.json()["erasure_id"]]}
    suppress = {
        "identifier": {"type": "email", "value": f"quiet-{of.canaries.email}"},
        "reason": "objects",
    }
    suppressed = _good(await _ask(site, of, "identity POST /v1/suppressions", suppress)).json()
    of.paths |= {"suppression_id": [suppressed["suppression_id"]]}


async def _fire_overdue_clocks(site: Site) -> None:
    """Run sla's timer once, and carry its events to interactions."""
    timer = site.services["sla"].components["timer:due_clocks"]
    assert isinstance(timer, DueClocks)
    await timer.tick()
    await site.carrier.carry()


async def _ask(site: Site, of: Tenant, operation: str, body: Json | None = None) -> Answer:
    """Call ``"service METHOD /path"`` with a key that has every scope."""
    service, method, path = operation.split()
    return await site.call(service, method, path, by=of.name, key=of.key, body=body)


def _good(answer: Answer) -> Answer:
    assert answer.status in {200, 201}, answer.text()
    return answer
