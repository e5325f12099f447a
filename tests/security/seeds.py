"""The data of each tenant, and the requests that name it. A new kind of id or body gets a line.

Only ``Tenant.paths`` and ``BODIES`` know the product. A path parameter or body without an entry
fails the tests, until its author adds what a stranger could name there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from pydantic import SecretStr

from common.web.auth import registered_scopes
from interactions.commands import add_channel
from sla.clocks.timers.due_clocks import DueClocks
from tests.security.canaries import Canaries, canaries_of
from tests.security.operations import Operation
from tests.security.raw_client import Answer
from tests.security.site import Site

Json = dict[str, Any]
CALENDAR = "support"
"""Tenants choose the ids of calendars; both tenants chose this one."""
CARD = "member_card"
"""The type of identifiers that both tenants registered."""
RULES_VERSION = 1
"""Each tenant's versions of its rules are numbered; both tenants saved this one."""


@dataclass
class Tenant:
    """``paths`` holds this tenant's ids by the path parameter that takes them."""

    name: str
    canaries: Canaries
    paths: dict[str, list[str]] = field(default_factory=dict)
    removable: dict[str, list[str]] = field(default_factory=dict)
    """Ids in place of those in ``paths`` for operations that remove what they name."""
    message_id: str = ""
    other_customer: str = ""
    uninvolved: str = ""
    erased_customer: str = ""
    look_alikes: tuple[str, str] = ("", "")
    """Two customers whom no test merges."""
    key: str = ""

    def __getitem__(self, parameter: str) -> str:
        return self.paths[parameter][0]


def stranger_to_all() -> Tenant:
    """Return a tenant whose ids are well formed and belong to nothing."""
    name = f"nobody{uuid4().hex[:8]}"
    ids = (
        "customer_id",
        "conversation_id",
        "clock_id",
        "policy_id",
        "group_id",
        "erasure_id",
        "suppression_id",
        "merge_id",
        "decision_id",
        "run_id",
        "candidate_id",
    )
    return Tenant(
        name,
        canaries_of(name, f"{uuid4().int % 10**7:07}"),
        {parameter: [str(uuid4())] for parameter in ids}
        | {"calendar_id": [name], "provider": ["twilio"], "account": [name]}
        | {"attribute_name": [f"note_of_{name}"], "type": [name], "version": ["0"]},
        message_id=f"{name}-message",
        other_customer=str(uuid4()),
        erased_customer=str(uuid4()),
        look_alikes=(str(uuid4()), str(uuid4())),
    )


def _interactions(of: Tenant) -> list[Json]:
    """Return bodies that name a customer, a conversation, both, or the message they reply to."""
    message = {
        "channel": "chat",
        "direction": "outbound",
        "author": {"type": "agent"},
        "text": "hi",
    }
    reply = {
        "direction": "inbound",
        "author": {"type": "customer"},
        "in_reply_to": of.message_id,
        "identifiers": [{"type": "cookie", "value": uuid4().hex}],
    }
    return [
        message | {"customer_id": of["customer_id"]},
        message | {"conversation_id": of["conversation_id"]},
        message | {"customer_id": of["customer_id"], "conversation_id": of["conversation_id"]},
        message | reply,
    ]


def _merges(of: Tenant) -> list[Json]:
    both = {"source_id": of["customer_id"], "target_id": of.other_customer}
    return [both | {"dry_run": True}, both]


def _decisions(of: Tenant) -> list[Json]:
    return [{"reason": of.canaries.text, "dry_run": True}]


def _keep_apart(of: Tenant) -> list[Json]:
    both = dict(zip(("customer_id", "other_id"), of.look_alikes, strict=True))
    return [both | {"dry_run": True}, both]


def _releases(of: Tenant) -> list[Json]:
    body = {"identifier": _shared_by_many(of)}
    return [body | {"dry_run": True}, body]


def _shared_by_many(of: Tenant) -> Json:
    """Return the address that so many customers gave that it is in quarantine."""
    return {"type": "email", "value": f"shared-{of.canaries.email}"}


def _rule_set(subject: str) -> Json:
    """Return rules that block an address nobody has, unlike any that were saved before."""
    nobodys = {"type": "email", "match": "exact", "value": "nobody@example.test"}
    return {"note": f"{subject} {uuid4()}", "blocked": [nobodys]}


def _card() -> Json:
    return {"name": "Card", "comparison": "exact", "scope": "ignored", "category": "own_number"}


def _identifiers(of: Tenant) -> list[Json]:
    values = {"email": of.canaries.email, "phone": of.canaries.phone}
    return [{"type": kind, "value": value} for kind, value in values.items()]


def _calendar() -> Json:
    hours = [{"start": "09:00", "end": "17:00"}]
    return {"name": f"{uuid4()}", "time_zone": "Europe/Berlin", "hours": {"monday": hours}}


def _policy() -> Json:
    targets = [{"metric": "first_response", "seconds": 60}, {"metric": "resolution", "seconds": 90}]
    return {"name": f"{uuid4()}", "position": uuid4().int % 1_000_000, "targets": targets}


def _group(of: Tenant, number: str) -> Json:
    return {
        "external_id": {"source": "crm", "id": f"{of.canaries.text}, {number}"},
        "kind": "household",
        "name": of.canaries.name,
        "attributes": {"note": of.canaries.text},
        "contact_points": _identifiers(of),
    }


def _erasures(of: Tenant) -> list[Json]:
    """Return bodies that name a customer who is erased already: tests change them at will."""
    again = {"customer_id": of.erased_customer, "reason": "asked"}
    return [again | {"dry_run": True}, again]


def _objections(of: Tenant) -> list[Json]:
    """Return bodies that suppress an address of the tenant's that no test asks about."""
    quiet = {"type": "email", "value": f"quiet-{of.canaries.email}"}
    return [{"identifier": quiet, "reason": "objects"}]


BODIES: Mapping[str, Callable[[Tenant], list[Json]]] = {
    "ResolveRequest": lambda of: [
        {"identifiers": [identifier], "create": False} for identifier in _identifiers(of)
    ],
    "MergeRequest": _merges,
    "ErasureRequest": _erasures,
    "SuppressionRequest": _objections,
    "LiftRequest": lambda _: [{"reason": "agrees"}],
    "SignUpRequest": lambda of: [{"identifiers": _identifiers(of)}],
    "CustomerPatch": lambda _: [{"attributes": {"tier": "silver", "note": None}}],
    "SearchRequest": lambda of: [{"identifier": identifier} for identifier in _identifiers(of)],
    "InteractionRequest": _interactions,
    "ConversationPatch": lambda _: [{"tags": ["seen"]}],
    "LookupRequest": lambda of: [{"identifier": identifier} for identifier in _identifiers(of)],
    "CalendarRequest": lambda _: [_calendar()],
    "PolicyRequest": lambda _: [_policy()],
    "GroupRequest": lambda _: [
        {"external_id": {"source": "crm", "id": f"{uuid4()}"}, "kind": "account"}
    ],
    "UndoRequest": _decisions,
    "WithdrawalRequest": _decisions,
    "ApartRequest": _keep_apart,
    "SplitRequest": lambda of: [{"identifiers": _identifiers(of)[:1], "dry_run": True}],
    "UnlinkRequest": lambda of: [
        {"identifier": identifier, "dry_run": True} for identifier in _identifiers(of)
    ],
    "ReleaseRequest": _releases,
    "RulesRequest": lambda _: [_rule_set("a review")],
    "RulesSimulationRequest": lambda _: [{"version": RULES_VERSION}],
    "RulesApplicationRequest": lambda _: [{"version": RULES_VERSION}],
    "IdentifierTypeRequest": lambda _: [_card()],
    "ReviewRequest": lambda of: [{"decision": "different", "reason": of.canaries.business}],
    "ExplanationRequest": lambda of: [
        dict(zip(("identifier", "other"), _identifiers(of), strict=True))
    ],
    "GroupLookupRequest": lambda of: [{"identifier": each} for each in _identifiers(of)],
    "MemberRequest": lambda of: [{"role": "parent", "source": of.canaries.business}],
}


def targets(operation: Operation, of: Tenant) -> list[str]:
    """Return the operation's path with each of the ids that ``of`` has for it."""
    paths, names = [operation.path], operation.parameters("path")
    ids = dict(of.paths)
    if operation.method == "DELETE":
        ids |= {name: of.removable[name] for name in names[-1:] if name in of.removable}
    for name in names:
        assert name in ids, f"add ids for {{{name}}} to tests/security/seeds.py"
        paths = [path.replace(f"{{{name}}}", value) for path in paths for value in ids[name]]
    return paths


def bodies(operation: Operation, of: Tenant) -> list[Json | None]:
    """Return valid bodies that name what ``of`` has; [None] if the operation takes no body."""
    if operation.model is None:
        return [None]
    assert operation.model in BODIES, f"add {operation.model} to BODIES in tests/security/seeds.py"
    made = BODIES[operation.model](of)
    return [{"items": made}] if operation.is_batch else list(made)


async def populate(site: Site, tenant: str, digits: str) -> Tenant:
    """Create a tenant with customers (one merged), conversations, clocks, rules and alerts."""
    of = Tenant(tenant, canaries_of(tenant, digits))
    of.key = await site.key(tenant, sorted(registered_scopes()))
    await _rules(site, of)
    first = await _record(site, of, _first_contact(of))
    later = await _record(site, of, _contact("email", f"later-{of.canaries.email}", "again"))
    idle = await _record(site, of, _contact("email", f"idle-{of.canaries.email}", "a third"))
    other = await _record(site, of, _contact("email", f"other-{of.canaries.email}", "a fourth"))
    await _describe(site, of)
    merge = {"source_id": later["customer_id"], "target_id": first["customer_id"]}
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


def _first_contact(of: Tenant) -> Json:
    seen = of.canaries
    of.message_id = f"{of.name}-message-1"
    return {
        "channel": "email",
        "kind": "email",
        "direction": "inbound",
        "author": {"type": "customer", "id": seen.email, "name": seen.name},
        "identifiers": _identifiers(of),
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
        body = _calendar() | {"name": f"{of.canaries.business}, {calendar_id}"}
        _good(await _ask(site, of, f"sla PUT {path}", body))
    policies = []
    for position in (1, 2):
        named = {"name": f"{of.canaries.business}, {position}", "position": position}
        body = _policy() | named
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
        body = {"identifiers": _identifiers(of), "attributes": attributes | own}
        _good(await _ask(site, of, "identity POST /v1/identities/resolve", body))


async def _decidable(site: Site, of: Tenant) -> None:
    """Create what people decide about: look-alikes, and an address shared by many."""
    ids = []
    for side in ("left", "right"):
        own = {"type": "email", "value": f"{side}-{of.canaries.email}"}
        alike = {"name": f"Look{of.canaries.name}", "city": "Lund"}
        body = {"identifiers": [own], "attributes": alike}
        answer = _good(await _ask(site, of, "identity POST /v1/identities/resolve", body))
        ids.append(answer.json()["customer_id"])
    of.look_alikes = ids[0], ids[1]
    await site.finish("maintenance:match_changed")
    found = _good(await _ask(site, of, "identity GET /v1/match-candidates")).json()["items"]
    of.paths["candidate_id"] = [each["candidate_id"] for each in found]
    assert [sorted(each["customer_ids"]) for each in found] == [sorted(ids)]
    level = {"level": "channel_proved"}
    shared, card = _shared_by_many(of) | level, {"type": "loyalty_id", "scope": "shop"} | level
    cards = [card | {"value": f"{number}-{of.name}"} for number in range(13)]
    items = [{"identifiers": [shared, each]} for each in cards]
    path = "identity POST /v1/identities/resolve/batch"
    last = _good(await _ask(site, of, path, {"items": items})).json()["items"][-1]
    assert [each["reason"] for each in last["dropped"]] == ["quarantined"]


async def _resolution_rules(site: Site, of: Tenant) -> None:
    """Register a type of identifiers, save a version of the rules, and simulate it."""
    _good(await _ask(site, of, f"identity PUT /v1/identities/types/{CARD}", _card()))
    rules = _rule_set(of.canaries.business)
    saved = _good(await _ask(site, of, "identity POST /v1/identities/rules", rules)).json()
    assert saved["version"] == RULES_VERSION
    body = {"version": RULES_VERSION}
    answer = await _ask(site, of, "identity POST /v1/identities/rules/simulations", body)
    assert answer.status == 202, answer.text()
    await site.finish("maintenance:advance_rules")
    of.paths |= {"run_id": [answer.json()["id"]], "type": [CARD], "version": [f"{RULES_VERSION}"]}


async def _groups(site: Site, of: Tenant) -> None:
    """Create households: the first has a member in two roles, the second may be removed."""
    ids = []
    for number in ("1", "2", "3"):
        saved = _good(await _ask(site, of, "identity PUT /v1/groups", _group(of, number)))
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
    contact = _contact("email", f"gone-{of.canaries.email}", "a fifth")
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
