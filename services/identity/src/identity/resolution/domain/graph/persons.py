"""Persons who share a contact point, told apart by the names and birth dates that they give.

Whoever writes from a contact point and gives both has an identifier of its own beside it. Two of
them are two persons if neither their names nor their birth dates agree.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any, Self

from identifiers import IdentifierKey
from identity.customers.domain.identifiers import Identifier
from identity.customers.domain.type_rules import PERSON_TYPE

BIRTH_DATE_NAMES = ("birth_date", "birthdate", "birthday", "date_of_birth", "dob")
_WHOLE_NAMES = ("name", "full_name", "display_name")
_GIVEN_NAMES = ("first_name", "given_name", "firstname")
_FAMILY_NAMES = ("last_name", "family_name", "surname", "lastname")
NAME_NAMES = (*_WHOLE_NAMES, *_GIVEN_NAMES, *_FAMILY_NAMES)
"""The attributes that say what a person is called."""
MAX_NAME_LENGTH = 80
_DATE_LENGTH = len("2000-01-01")


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says of himself: a birth date in ISO 8601 and a folded name, "" if unknown."""

    birth_date: str
    name: str

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Self:
        """Return what attributes say; of several birth dates the earliest."""
        return cls(min(birth_dates_of(attributes), default=""), _name(attributes))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what has this ``text``."""
        return cls(text[:_DATE_LENGTH], text[_DATE_LENGTH + 1 :])

    @property
    def text(self) -> str:
        """What ``parse`` reads."""
        return f"{self.birth_date} {self.name}".rstrip()

    def key_at(self, contact: IdentifierKey) -> IdentifierKey | None:
        """Return the key of who says this at a contact point, None if it is not enough.

        It does not contain the contact point, which may be another person's and be erased.
        """
        if not self.birth_date or not self.name:
            return None
        place = blake2b("\x00".join(contact).encode(), digest_size=8).hexdigest()
        return IdentifierKey(PERSON_TYPE, contact.type, f"{self.text} at {place}")

    def contradicts(self, other: Self) -> bool:
        """Return whether both names and both birth dates are known, and neither agree."""
        return (
            bool(self.birth_date and other.birth_date and self.name and other.name)
            and self.birth_date != other.birth_date
            and not names_agree(self.name, other.name)
        )


NOTHING_SAID = Said("", "")


@dataclass(frozen=True, slots=True)
class KnownSayings:
    """What was said of a customer before, wherever a birth date was."""

    sayings: frozenset[Said] = frozenset()

    @classmethod
    def of(cls, identifiers: Iterable[Identifier]) -> Self:
        texts = (text for identifier in identifiers for text in identifier.birth_dates)
        return cls(frozenset(map(Said.parse, texts)))

    def conflicts_with(self, said: Said) -> tuple[str, ...]:
        """Return which of the two, birth date and name, cannot be the same person's."""
        dates = {known.birth_date for known in self.sayings}
        names = {known.name for known in self.sayings} - {""}
        conflicts = {
            "birth_date": said.birth_date and dates and said.birth_date not in dates,
            "name": said.name and names and not any(names_agree(said.name, name) for name in names),
        }
        return tuple(name for name, is_conflict in conflicts.items() if is_conflict)

    def refused_by(self, said: Said) -> frozenset[str]:
        """Return the attributes that are not to be taken from who says this.

        Of one who gives another name, or another birth date without the name, nobody knows whether
        it is the same person. The same name with another birth date corrects it.
        """
        conflicts = self.conflicts_with(said)
        has_agreeing_date = bool(said.birth_date) and "birth_date" not in conflicts
        has_agreeing_name = bool(said.name) and "name" not in conflicts
        if not conflicts or has_agreeing_date or has_agreeing_name:
            return frozenset()
        return frozenset({*BIRTH_DATE_NAMES, *NAME_NAMES})


def are_different(some: Iterable[Said], others: Iterable[Said]) -> bool:
    """Return whether all that is said on one side contradicts all on the other."""
    pairs = [(one, other) for one in some for other in others]
    return bool(pairs) and all(one.contradicts(other) for one, other in pairs)


def names_agree(one: str, other: str) -> bool:
    """Return whether two folded names can be one person's.

    That is so if each word of the shorter is one of the other, or begins one as an initial.
    """
    words, others = sorted((one.split(), other.split()), key=len)
    remaining = list(others)
    for word in sorted(words, key=len, reverse=True):
        match = next((rest for rest in remaining if _are_alike(word, rest)), None)
        if match is None:
            return False
        remaining.remove(match)
    return True


def _are_alike(word: str, other: str) -> bool:
    shorter, longer = sorted((word, other), key=len)
    return word == other or (len(shorter) == 1 and longer.startswith(shorter))


def _name(attributes: Mapping[str, Any]) -> str:
    whole = _first_text(attributes, _WHOLE_NAMES)
    parts = (_first_text(attributes, names) for names in (_GIVEN_NAMES, _FAMILY_NAMES))
    return _folded(" ".join(filter(None, parts)) or whole)


def _first_text(attributes: Mapping[str, Any], names: Iterable[str]) -> str:
    values = (attributes.get(name) for name in names)
    return next((value for value in values if isinstance(value, str) and value.strip()), "")


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name[: 4 * MAX_NAME_LENGTH]).casefold()
    words = re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c)))
    return " ".join(words)[:MAX_NAME_LENGTH].rstrip()


def birth_dates_of(attributes: Mapping[str, Any]) -> frozenset[str]:
    """Return the birth dates among the attributes that can be read as dates of ISO 8601."""
    dates: set[str] = set()
    for name in BIRTH_DATE_NAMES:
        value = attributes.get(name)
        if isinstance(value, str):
            with suppress(ValueError):
                dates.add(date.fromisoformat(value.strip()[:_DATE_LENGTH]).isoformat())
    return frozenset(dates)
