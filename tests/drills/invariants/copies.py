"""The copies from which contexts are read equal the originals in identity and sla."""

from collections.abc import Iterator

from common.jsons import loads
from tests.drills.invariants.evidence import Evidence

ERASED = "identity.customer.erased"
CLOCK = ("version", "metric", "cycle", "state", "due_at", "breached_at")


def customers_are_copied(evidence: Evidence) -> Iterator[str]:
    """Yield the differences between identity's customers and their copies in interactions."""
    identity, copy = evidence.rows["identity"], evidence.rows["interactions"]
    profiles = {(row["tenant_id"], row["customer_id"]): row for row in copy["profile"]}
    owned: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for row in identity["identifier"]:
        identifiers = owned.setdefault((row["tenant_id"], row["customer_id"]), set())
        identifiers.add((row["type"], row["scope"] or "", row["value"], row["level"]))
    for row in identity["customer"]:
        key = row["tenant_id"], row["id"]
        profile = profiles.get(key)
        if profile is None:
            yield f"customer {key[1]} has no copy"
        elif row["merged_into"] is None:
            if _attributes(row["attributes"]) != _attributes(profile["attributes"]):
                yield f"customer {key[1]} has different attributes in the copy"
            if owned.get(key, set()) != _identifiers(profile["identifiers"]):
                yield f"customer {key[1]} has different identifiers in the copy"
    for alias in set(map(tuple, identity["alias"])) ^ set(map(tuple, copy["alias"])):
        yield f"an id leads to another customer in the copy: {alias[1]} to {alias[2]}"


def clocks_are_copied(evidence: Evidence) -> Iterator[str]:
    """Yield the differences between sla's clocks and their copies in interactions."""
    copies = {row["clock_id"]: row for row in evidence.rows["interactions"]["clock"]}
    erased = _conversations_of_erased(evidence)
    for row in evidence.rows["sla"]["clock"]:
        copy = copies.pop(row["clock_id"], None)
        if copy is None:
            if row["conversation_id"] not in erased:
                yield f"clock {row['clock_id']} has no copy"
        elif any(row[name] != copy[name] for name in CLOCK):
            yield f"clock {row['clock_id']} is {row['state']}, and {copy['state']} in the copy"
    yield from (f"clock {clock_id} is a copy without an original" for clock_id in copies)


def _conversations_of_erased(evidence: Evidence) -> set[str]:
    """Return the conversations of erased customers, of which interactions keeps no clocks."""
    erased: set[str] = set()
    for event in evidence.events["identity.customers"]:
        if event.body is not None and event.body["type"] == ERASED:
            erased |= set(event.body["data"]["customer_ids"])
    return {
        event.body["subject_id"]
        for event in evidence.events["interactions.conversations"]
        if event.body is not None and event.body["data"].get("customer_id") in erased
    }


def _attributes(text: str) -> dict[str, object]:
    """Return the values of the attributes, without their provenance."""
    attributes = loads(text)
    return {n: v.get("value") if isinstance(v, dict) else v for n, v in attributes.items()}


def _identifiers(text: str) -> set[tuple[str, ...]]:
    return {(i["type"], i.get("scope") or "", i["value"], i["level"]) for i in loads(text)}
