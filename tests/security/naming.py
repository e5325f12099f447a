"""What each tenant has, and the requests that name it. A new kind of id or body gets a line.

Only ``Tenant.paths`` and ``BODIES`` know the product. A path parameter or body without an entry
fails the tests, until its author adds what a stranger could name there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.security.canaries import Canaries, canaries_of
from tests.security.operations import Operation

Json = dict[str, Any]
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
    body = {"identifier": shared_by_many(of)}
    return [body | {"dry_run": True}, body]


def shared_by_many(of: Tenant) -> Json:
    """Return the address that so many customers gave that it is in quarantine."""
    return {"type": "email", "value": f"shared-{of.canaries.email}"}


def rules_body(subject: str) -> Json:
    """Return rules that block an address nobody has, unlike any that were saved before."""
    nobodys = {"type": "email", "match": "exact", "value": "nobody@example.test"}
    return {"note": f"{subject} {uuid4()}", "blocked": [nobodys]}


def card_body() -> Json:
    return {"name": "Card", "comparison": "exact", "scope": "ignored", "category": "own_number"}


def identifiers_of(of: Tenant) -> list[Json]:
    values = {"email": of.canaries.email, "phone": of.canaries.phone}
    return [{"type": kind, "value": value} for kind, value in values.items()]


def calendar_body() -> Json:
    hours = [{"start": "09:00", "end": "17:00"}]
    return {"name": f"{uuid4()}", "time_zone": "Europe/Berlin", "hours": {"monday": hours}}


def policy_body() -> Json:
    targets = [{"metric": "first_response", "seconds": 60}, {"metric": "resolution", "seconds": 90}]
    return {"name": f"{uuid4()}", "position": uuid4().int % 1_000_000, "targets": targets}


def group_body(of: Tenant, number: str) -> Json:
    return {
        "external_id": {"source": "crm", "id": f"{of.canaries.text}, {number}"},
        "kind": "household",
        "name": of.canaries.name,
        "attributes": {"note": of.canaries.text},
        "contact_points": identifiers_of(of),
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
        {"identifiers": [identifier], "create": False} for identifier in identifiers_of(of)
    ],
    "MergeRequest": _merges,
    "ErasureRequest": _erasures,
    "SuppressionRequest": _objections,
    "LiftRequest": lambda _: [{"reason": "agrees"}],
    "SignUpRequest": lambda of: [{"identifiers": identifiers_of(of)}],
    "CustomerPatch": lambda _: [{"attributes": {"tier": "silver", "note": None}}],
    "SearchRequest": lambda of: [{"identifier": identifier} for identifier in identifiers_of(of)],
    "InteractionRequest": _interactions,
    "ConversationPatch": lambda _: [{"tags": ["seen"]}],
    "LookupRequest": lambda of: [{"identifier": identifier} for identifier in identifiers_of(of)],
    "CalendarRequest": lambda _: [calendar_body()],
    "PolicyRequest": lambda _: [policy_body()],
    "GroupRequest": lambda _: [
        {"external_id": {"source": "crm", "id": f"{uuid4()}"}, "kind": "account"}
    ],
    "UndoRequest": _decisions,
    "WithdrawalRequest": _decisions,
    "ApartRequest": _keep_apart,
    "SplitRequest": lambda of: [{"identifiers": identifiers_of(of)[:1], "dry_run": True}],
    "UnlinkRequest": lambda of: [
        {"identifier": identifier, "dry_run": True} for identifier in identifiers_of(of)
    ],
    "ReleaseRequest": _releases,
    "RulesRequest": lambda _: [rules_body("a review")],
    "RulesSimulationRequest": lambda _: [{"version": RULES_VERSION}],
    "RulesApplicationRequest": lambda _: [{"version": RULES_VERSION}],
    "IdentifierTypeRequest": lambda _: [card_body()],
    "ReviewRequest": lambda of: [{"decision": "different", "reason": of.canaries.business}],
    "ExplanationRequest": lambda of: [
        dict(zip(("identifier", "other"), identifiers_of(of), strict=True))
    ],
    "GroupLookupRequest": lambda of: [{"identifier": each} for each in identifiers_of(of)],
    "MemberRequest": lambda of: [{"role": "parent", "source": of.canaries.business}],
}


def targets(operation: Operation, of: Tenant) -> list[str]:
    """Return the operation's path with each of the ids that ``of`` has for it."""
    paths, names = [operation.path], operation.parameters("path")
    ids = dict(of.paths)
    if operation.method == "DELETE":
        ids |= {name: of.removable[name] for name in names[-1:] if name in of.removable}
    for name in names:
        assert name in ids, f"add ids for {{{name}}} to tests/security/naming.py"
        paths = [path.replace(f"{{{name}}}", value) for path in paths for value in ids[name]]
    return paths


def bodies(operation: Operation, of: Tenant) -> list[Json | None]:
    """Return valid bodies that name what ``of`` has; [None] if the operation takes no body."""
    if operation.model is None:
        return [None]
    assert operation.model in BODIES, f"add {operation.model} to BODIES in tests/security/naming.py"
    made = BODIES[operation.model](of)
    return [{"items": made}] if operation.is_batch else list(made)
