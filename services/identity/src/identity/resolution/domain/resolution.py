"""Who a request is about, and what it teaches us about them. One item or a thousand: the same.

Items are planned one after another on a roster; each sees what the ones before it changed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from common.errors import FieldError, InvalidError, ServiceError
from identity.customers.domain.attributes import Json
from identity.customers.domain.customers import contradict
from identity.customers.domain.facts import Cause
from identity.customers.domain.identifiers import (
    Dropped,
    DropReason,
    Identifier,
    Key,
    Level,
    Presented,
)
from identity.resolution.domain.clusters import Cluster, Rules, choose_cluster, match
from identity.resolution.domain.questions import Prepared
from identity.resolution.domain.roster import Roster

ENGINE = "engine"
MERGE_RULE = "proved-identifiers.v1"


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer. ``customer_id`` is None only when a look-up found nobody."""

    customer_id: UUID | None
    version: int | None = None
    created: bool = False
    linked: tuple[Identifier, ...] = ()
    """Identifiers that are new to the customer, or better proved than before."""
    merged: tuple[UUID, ...] = ()
    """Ids that answer with this customer now and did not before."""
    dropped: tuple[Dropped, ...] = ()


Answer = Resolution | ServiceError


@dataclass(frozen=True, slots=True)
class Context:
    """What planning needs from outside, so that it stays a function of its arguments."""

    rules: Rules
    now: datetime
    new_id: Callable[[], UUID]


def resolve(roster: Roster, item: Prepared, context: Context) -> Resolution:
    """Answer one question on the roster, changing it as the answer requires.

    Raises InvalidError, before anything is changed, when the customer would hold too many
    attributes.
    """
    matches = match(roster, item.identifiers)
    cluster = choose_cluster(matches, item.identifiers, context.rules)
    dropped = item.dropped + tuple(
        _dropped(identifier, cluster.refused[one.customer.id])
        for one in matches
        if one.customer.id in cluster.refused
        for identifier in one.presented
    )
    if not item.create:
        return _looked_up(cluster, dropped)
    _check_attributes(cluster, item, context.rules)
    if not cluster.members:
        return _created(roster, item, context, dropped)
    return _recognised(roster, item, context, cluster, dropped)


def _looked_up(cluster: Cluster, dropped: tuple[Dropped, ...]) -> Resolution:
    if not cluster.members:
        return Resolution(None, dropped=dropped)
    return Resolution(cluster.survivor.id, cluster.survivor.version, dropped=dropped)


def _check_attributes(cluster: Cluster, item: Prepared, rules: Rules) -> None:
    names = cluster.attribute_names.union(told.name for told in item.observations)
    if item.observations and len(names) > rules.max_attributes:
        raise InvalidError(
            f"a customer holds at most {rules.max_attributes} attributes",
            errors=[FieldError("/attributes", "too many for this customer")],
        )


def _created(
    roster: Roster, item: Prepared, context: Context, dropped: tuple[Dropped, ...]
) -> Resolution:
    fresh = [one for one in item.identifiers if roster.owner(one.key) is None]
    admitted, refused = _admit({}, fresh, context.rules)
    customer = roster.create(context.new_id(), admitted, item.observations, now=context.now)
    return Resolution(
        customer.id,
        customer.version,
        created=True,
        linked=admitted,
        dropped=dropped + refused,
    )


def _recognised(
    roster: Roster,
    item: Prepared,
    context: Context,
    cluster: Cluster,
    dropped: tuple[Dropped, ...],
) -> Resolution:
    customer = cluster.survivor
    merged = _merge(roster, cluster, context)
    ours = {identifier.key for one in cluster.members for identifier in one.presented}
    offered = [
        replace(one, level=Level.CLAIMED) if cluster.guarded else one
        for one in item.identifiers
        if one.key in ours or roster.owner(one.key) is None
    ]
    admitted, refused = _admit(roster.get(customer.id).identifiers, offered, context.rules)
    for identifier in admitted:
        roster.link(customer.id, identifier)
    roster.observe(customer.id, item.observations)
    return Resolution(
        customer.id,
        roster.get(customer.id).version,
        linked=admitted,
        merged=merged,
        dropped=dropped + refused,
    )


def _merge(roster: Roster, cluster: Cluster, context: Context) -> tuple[UUID, ...]:
    survivor = cluster.survivor
    others = sorted(one.customer.id for one in cluster.members if one.customer.id != survivor.id)
    if not others:
        return ()
    cause = Cause("proved to be one person", MERGE_RULE, ENGINE, _evidence(cluster))
    return roster.merge(survivor.id, others, merge_id=context.new_id(), cause=cause).absorbed_ids


def _evidence(cluster: Cluster) -> tuple[Mapping[str, Json], ...]:
    """Return which identifier of the request proved which customer."""
    shown = [
        (one.customer.id, identifier) for one in cluster.members for identifier in one.presented
    ]
    return tuple(
        {
            "customer_id": str(customer_id),
            "type": identifier.key.type,
            "scope": identifier.key.scope or None,
            "value": identifier.key.value,
            "level": identifier.level.label,
        }
        for customer_id, identifier in sorted(shown, key=lambda pair: pair[1].key)
        if identifier.level > Level.CLAIMED
    )


def _admit(
    held: Mapping[Key, Identifier], offered: Iterable[Identifier], rules: Rules
) -> tuple[tuple[Identifier, ...], tuple[Dropped, ...]]:
    """Return what a customer that holds ``held`` gains from ``offered``, and what it may not.

    The best proved come first, so that a full customer keeps those.
    """
    after = dict(held)
    admitted: list[Identifier] = []
    refused: list[Dropped] = []
    for identifier in sorted(offered, key=lambda one: (-one.level, one.key)):
        known = after.get(identifier.key)
        if known is not None and known.level >= identifier.level:
            continue
        better = identifier if known is None else replace(known, level=identifier.level)
        objection = _reason_against(after, better, rules)
        if objection is not None:
            refused.append(_dropped(identifier, objection))
            continue
        after[better.key] = better
        admitted.append(better)
    return tuple(admitted), tuple(refused)


def _reason_against(
    held: Mapping[Key, Identifier], better: Identifier, rules: Rules
) -> DropReason | None:
    if better.proves_a_person and contradict([*held.values(), better]):
        return DropReason.CONFLICTING_STRONG_IDENTIFIERS
    if better.key not in held and len(held) >= rules.max_identifiers:
        return DropReason.TOO_MANY_IDENTIFIERS
    return None


def _dropped(identifier: Identifier, reason: DropReason) -> Dropped:
    presented = Presented(
        identifier.key.type, identifier.raw, identifier.key.scope or None, identifier.level
    )
    return Dropped(presented, reason)


def answer_all(roster: Roster, items: Sequence[Prepared], context: Context) -> tuple[Answer, ...]:
    """Answer the items in their order; one that breaks a rule spoils only itself."""
    return tuple(_answer(roster, item, context) for item in items)


def _answer(roster: Roster, item: Prepared, context: Context) -> Answer:
    try:
        return resolve(roster, item, context)
    except ServiceError as error:
        return error
