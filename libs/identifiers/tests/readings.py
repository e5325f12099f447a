"""Short ways to normalise, for tables of spellings."""

from identifiers import IdentifierKey, Outcome, Rules, Unusable, UnusableReason, Usable, normalise


def read(kind: str, value: str, scope: str | None = "s", region: str | None = None) -> Outcome:
    return normalise(kind, value, scope, Rules(region=region))


def usable(outcome: Outcome) -> Usable:
    assert isinstance(outcome, Usable), outcome
    return outcome


def unusable(outcome: Outcome) -> Unusable:
    assert isinstance(outcome, Unusable), outcome
    return outcome


def key(kind: str, value: str, scope: str | None = "s", region: str | None = None) -> IdentifierKey:
    return usable(read(kind, value, scope, region)).key


def reason(kind: str, value: str, scope: str | None = "s") -> UnusableReason:
    return unusable(read(kind, value, scope)).reason
