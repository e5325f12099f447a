"""The copies that contexts are read from say what their owners say."""

from collections.abc import Iterator

from common.jsons import loads
from tests.drills.invariants.evidence import Evidence

CLOCK = ("version", "metric", "cycle", "state", "due_at", "breached_at")


def customers_are_copied(evidence: Evidence) -> Iterator[str]:
    """Say which customers interactions knows otherwise than identity does."""
    identity, copy = evidence.rows["identity"], evidence.rows["interactions"]
    profiles = {(row["tenant_id"], row["customer_id"]): row for row in copy["profile"]}
    owned: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for row in identity["identifier"]:
        found = owned.setdefault((row["tenant_id"], row["customer_id"]), set())
        found.add((row["type"], row["scope"] or "", row["value"], row["level"]))
    for row in identity["customer"]:
        key = row["tenant_id"], row["id"]
        profile = profiles.get(key)
        if profile is None:
            yield f"customer {key[1]} has no copy"
        elif row["merged_into"] is None:
            if _attributes(row["attributes"]) != _attributes(profile["attributes"]):
                yield f"customer {key[1]} has other attributes in the copy"
            if owned.get(key, set()) != _identifiers(profile["identifiers"]):
                yield f"customer {key[1]} has other identifiers in the copy"
    for alias in set(map(tuple, identity["alias"])) ^ set(map(tuple, copy["alias"])):
        yield f"an id leads elsewhere in the copy: {alias[1]} to {alias[2]}"


def clocks_are_copied(evidence: Evidence) -> Iterator[str]:
    """Say which clocks interactions knows otherwise than sla does."""
    copies = {row["clock_id"]: row for row in evidence.rows["interactions"]["clock"]}
    for row in evidence.rows["sla"]["clock"]:
        copy = copies.pop(row["clock_id"], None)
        if copy is None:
            yield f"clock {row['clock_id']} has no copy"
        elif any(row[name] != copy[name] for name in CLOCK):
            yield f"clock {row['clock_id']} is {row['state']}, and {copy['state']} in the copy"
    yield from (f"clock {clock_id} is a copy of none" for clock_id in copies)


def _attributes(text: str) -> dict[str, object]:
    """Return what holds, without where it came from."""
    found = loads(text)
    return {n: v.get("value") if isinstance(v, dict) else v for n, v in found.items()}


def _identifiers(text: str) -> set[tuple[str, ...]]:
    return {(i["type"], i.get("scope") or "", i["value"], i["level"]) for i in loads(text)}
