"""What the ids and numbers of the story are in the services that play it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from common.web.requests import ConsistencyToken

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CREDENTIAL = re.compile(r"^key:[0-9A-Za-z]+$")
_OF_A_KEY = {"key_id", "kid", "x"}
"""Members whose values depend on the secrets of an installation, as a signature does."""
_CHANGES = "changes"
_ALERTS = "alerts"


def _feed_of(member: str, owner: Mapping[str, Any]) -> str | None:
    """Return the feed in which a member is a place, or None if it is none."""
    if member in {"alert_id", "Last-Event-ID"} or (member == "id" and "event" in owner):
        return _ALERTS
    if member in {"after", "interaction_sequence"}:
        return _CHANGES
    if member in {"sequence", "next"} and isinstance(owner[member], int):
        return None if owner.keys() & {"clock_id", "subject_id"} else _CHANGES
    return None


def _readable(text: str) -> str:
    """Return a token as the id and the version in it, and any other text as it is."""
    try:
        token = ConsistencyToken.decode(text)
    except ValueError:
        return text
    return f"{token.subject_id} {token.version}"


class Counterparts:
    """Pairs what examples show with what services answered: one to one, numbers in their order."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._numbers: dict[str, dict[int, int]] = {_CHANGES: {}, _ALERTS: {}}

    def translate(self, shown: Any) -> Any:
        """Return a value of an example as the services know it."""
        if isinstance(shown, Mapping):
            return {name: self._translate_member(name, shown) for name in shown}
        if isinstance(shown, list | tuple):
            return [self.translate(item) for item in shown]
        if isinstance(shown, str):
            return _ID.sub(lambda match: self._ids.get(match[0], match[0]), shown)
        return shown

    def _translate_member(self, name: str, owner: Mapping[str, Any]) -> Any:
        """A number that no answer has shown is the one before the next, if that was shown."""
        feed, shown = _feed_of(name, owner), owner[name]
        if feed is None:
            return self.translate(shown)
        known, number = self._numbers[feed], int(shown)
        translated = known[number] if number in known else known.get(number + 1, 1) - 1
        return type(shown)(translated)

    def compare(self, shown: Any, answered: Any, at: str = "") -> Iterator[str]:
        """Yield where an answer differs from an example, and pair their ids and numbers."""
        if isinstance(shown, dict) and isinstance(answered, dict):
            yield from self._compare_members(shown, answered, at)
        elif isinstance(shown, list) and isinstance(answered, list) and len(shown) == len(answered):
            for index, pair in enumerate(zip(shown, answered, strict=True)):
                yield from self.compare(*pair, f"{at}/{index}")
        elif not self._agree(shown, answered):
            yield f"{at} is {answered!r} instead of {shown!r}"

    def compare_event(
        self, shown: Mapping[str, Any], published: Iterable[Mapping[str, Any]]
    ) -> Iterator[str]:
        """Yield where an event's example differs from the same event among those published."""
        wanted, names = self.translate(shown), ["type", "sequence"]
        if shown["subject_id"] in self._ids:
            names.append("subject_id")
        same = [e for e in published if all(e[name] == wanted[name] for name in names)]
        if len(same) == 1:
            yield from self.compare(shown, same[0])
        else:
            yield f"{len(same)} events have its {', '.join(names)}"

    def _compare_members(
        self, shown: Mapping[str, Any], answered: Mapping[str, Any], at: str
    ) -> Iterator[str]:
        for name in sorted(shown.keys() ^ answered.keys()):
            owner, value = ("example", shown) if name in shown else ("answer", answered)
            yield f"only the {owner} has {at}/{name}: {value[name]!r}"
        for name in shown.keys() & answered.keys():
            feed, one, other = _feed_of(name, shown), shown[name], answered[name]
            if name in _OF_A_KEY or (name == "value" and "algorithm" in shown):
                continue
            if feed is None:
                yield from self.compare(one, other, f"{at}/{name}")
            elif type(one) is not type(other) or not self._pair_places(feed, int(one), int(other)):
                yield f"{at}/{name} is {other!r}, which is not the place of {one!r}"

    def _agree(self, shown: Any, answered: Any) -> bool:
        """Return whether two values are equal but for their ids, which mean the same."""
        if isinstance(answered, str) and _CREDENTIAL.match(answered):
            return isinstance(shown, str) and bool(_CREDENTIAL.match(shown))
        if type(shown) is not type(answered) or not isinstance(shown, str):
            return type(shown) is type(answered) and bool(shown == answered)
        shown, answered = _readable(shown), _readable(answered)
        ids, real = _ID.findall(shown), _ID.findall(answered)
        return (
            _ID.sub("", shown) == _ID.sub("", answered)
            and len(ids) == len(real)
            and all(map(self._pair_ids, ids, real))
        )

    def _pair_ids(self, shown: str, answered: str) -> bool:
        if shown not in self._ids and answered in self._ids.values():
            return False
        return self._ids.setdefault(shown, answered) == answered

    def _pair_places(self, feed: str, shown: int, answered: int) -> bool:
        pairs = self._numbers[feed]
        pairs.setdefault(shown, answered)
        ordered = [pairs[number] for number in sorted(pairs)]
        return pairs[shown] == answered and ordered == sorted(set(ordered))
