"""What matching compares of a customer: its names, birth date, address, contacts and the rest."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from identifiers import Unusable, normalise
from identity.matching.domain.likeness.contacts import read_email, read_phone
from identity.matching.domain.likeness.dates import read_date
from identity.matching.domain.likeness.words import MAX_LENGTH, fold, fold_name

PROFILE_VERSION = 1
"""Stored with each profile: a change of what is read makes the job read all again."""
MAX_VALUES = 5
"""Addresses and numbers of one kind that count, and other attributes."""

_TITLES = frozenset({
    "mr", "mrs", "ms", "miss", "dr", "prof", "sir", "herr", "frau", "mme", "mlle", "sr", "jr", "ii",
    "iii", "phd", "md",
})  # fmt: skip
_NAMES: Mapping[str, str] = {
    alias: member
    for member, aliases in {
        "name": "name full_name fullname display_name",
        "given": "given_name first_name firstname given forename fname",
        "middle": "middle_name middle_initial middlename middle",
        "surname": "surname last_name lastname family_name familyname lname",
        "birth": "birth_date date_of_birth birthdate dateofbirth dob birthday",
        "number": "street_number house_number street_no",
        "street": "street address_1 address1 address_line_1 address_line1 street_name"
        " street_address address",
        "unit": "address_2 address2 address_line_2 address_line2 unit_number unit apartment",
        "city": "city town suburb locality municipality",
        "postcode": "postcode postal_code postalcode zip zipcode zip_code",
        "email": "email emails email_address e_mail mail",
        "phone": "phone phones phone_number telephone mobile mobile_phone cell whatsapp sms",
        "sex": "sex gender",
    }.items()
    for alias in aliases.split()
}
"""The part of a profile that an attribute is, by the attribute's name."""
_IGNORED = frozenset({"language", "locale", "timezone", "tier", "tags", "age", "source"})
"""Attributes that say little of who somebody is, or change."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The folded values of one customer; an empty one is missing.

    ``numbers`` are customer numbers by type and scope, ``others`` attributes without a meaning of
    their own here, by name.
    """

    given: str = ""
    middle: str = ""
    surname: str = ""
    birth: str = ""
    number: str = ""
    street: str = ""
    unit: str = ""
    city: str = ""
    postcode: str = ""
    sex: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    numbers: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)

    def narrowed_to(self, whole: "Profile") -> "Profile":
        """Return the profile with those contacts and numbers only that ``whole`` has, too."""
        return replace(
            self,
            emails=tuple(each for each in self.emails if each in whole.emails),
            phones=tuple(each for each in self.phones if each in whole.phones),
            numbers={
                name: number
                for name, number in self.numbers.items()
                if whole.numbers.get(name) == number
            },
        )

    @property
    def says_nothing(self) -> bool:
        """Whether there is nothing by which to compare the customer."""
        return not (self.given or self.surname or self.emails or self.phones or self.birth)


def read_profile(
    attributes: Mapping[str, Any],
    identifiers: Iterable[tuple[str, str, str]] = (),
    numbers: Mapping[str, str] | None = None,
) -> Profile:
    """Return the profile of visible attributes, and of identifiers as (type, scope, value).

    ``numbers`` are customer numbers by their type and scope; two different ones tell people apart.
    """
    parts: dict[str, list[str]] = {}
    others: dict[str, str] = {}
    for name, value in _flatten(attributes):
        part = _NAMES.get(name.casefold())
        for text in _texts(value):
            if part is not None:
                parts.setdefault(part, []).append(text)
            elif name.casefold() not in _IGNORED and len(others) < MAX_VALUES:
                others[name.casefold()] = fold(text)
    for kind, _, value in identifiers:
        if kind in {"email", "phone"}:
            parts.setdefault(kind, []).append(value)
    return _profile(parts, numbers or {}, others)


def _profile(
    parts: Mapping[str, list[str]], numbers: Mapping[str, str], others: Mapping[str, str]
) -> Profile:
    first = {part: values[0] for part, values in parts.items()}
    given, middle, surname = _name(first)
    number, street = _street(first)
    return Profile(
        given=given,
        middle=middle,
        surname=surname,
        birth=read_date(first.get("birth", "")),
        number=number,
        street=street,
        unit=fold(first.get("unit", "")),
        city=fold(first.get("city", "")),
        postcode=fold(first.get("postcode", "")).replace(" ", ""),
        sex=fold(first.get("sex", ""))[:1],
        emails=_distinct(map(read_email, parts.get("email", ()))),
        phones=_distinct(map(read_phone, parts.get("phone", ()))),
        numbers=dict(numbers),
        others=dict(others),
    )


def _flatten(attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield names and values; an address or a name may be an object of its parts."""
    for name, value in attributes.items():
        if isinstance(value, Mapping):
            yield from ((str(inner), deeper) for inner, deeper in value.items())
        else:
            yield name, value


def _texts(value: Any) -> Iterator[str]:
    for each in value[:MAX_VALUES] if isinstance(value, list | tuple) else (value,):
        if isinstance(each, str | int | float) and not isinstance(each, bool):
            text = str(each)[:MAX_LENGTH].strip()
            if text and not _is_nobody(text):
                yield text


@lru_cache(maxsize=1 << 14)
def _is_nobody(text: str) -> bool:
    """Return whether the value is a placeholder such as ``n/a``."""
    return not text.isdecimal() and isinstance(normalise("value", text), Unusable)


def _name(first: Mapping[str, str]) -> tuple[str, str, str]:
    """Return given, middle and family name; a whole name is split unless its parts are there."""
    middle, surname = fold_name(first.get("middle", "")), fold_name(first.get("surname", ""))
    if "name" in first and not ("given" in first or surname):
        given, rest, surname = _split(first["name"])
        return given, middle or rest, surname
    words = fold_name(first.get("given", "")).split()
    if len(words) > 1 and not middle:
        return words[0], " ".join(words[1:]), surname
    return " ".join(words), middle, surname


def _split(name: str) -> tuple[str, str, str]:
    """Return the given, middle and family name of a whole one: Anna Berg, or Berg, Anna."""
    family, comma, rest = name.partition(",")
    words = fold_name(f"{rest} {family}" if comma else name).split()
    words = [word for word in words if word not in _TITLES] or words
    if len(words) < 2:  # noqa: PLR2004
        return " ".join(words), "", ""
    start = max(len(words) - (len(fold_name(family).split()) if comma else 1), 1)
    return words[0], " ".join(words[1:start]), " ".join(words[start:])


def _street(first: Mapping[str, str]) -> tuple[str, str]:
    """Return house number and street, which may come in one line."""
    number, words = (
        fold(first.get("number", "")).replace(" ", ""),
        fold(first.get("street", "")).split(),
    )
    if not number:
        if words and words[0][:1].isdecimal():
            number, words = words[0], words[1:]
        elif words and words[-1][:1].isdecimal():
            number, words = words[-1], words[:-1]
    return number, " ".join(words)


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))[:MAX_VALUES]
