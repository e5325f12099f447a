"""Compares two profiles field by field: each field gives a level, or nothing where one is missing.

A level says how well the field agrees, 0 best; the weights of levels are the model's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from identity.matching.domain.likeness.contacts import compare_emails, compare_phones
from identity.matching.domain.likeness.dates import DateLikeness, compare_dates
from identity.matching.domain.likeness.words import Likeness, compare_given_names, compare_words
from identity.matching.domain.profiles import Profile

T = TypeVar("T", bound=int)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the comparison.

    ``levels`` are the names of its levels, the best first. ``matches`` and ``strangers`` are how
    often two records of one person, and of two, reach each level, before anything is learned.
    ``sharing`` is how often two people of one household agree on it as one person would.
    """

    name: str
    levels: tuple[str, ...]
    matches: tuple[float, ...]
    strangers: tuple[float, ...]
    sharing: float


_WORD = ("same", "nickname", "close", "initial", "similar", "different")
_VALUE = ("same", "close", "different")
_SWAPPED = "swapped"
DIFFERENT = "different"
"""Every field has a level of this name: it speaks for two people."""
GIVEN = Field(
    "given_name",
    (*_WORD, _SWAPPED),
    matches=(0.78, 0.05, 0.08, 0.02, 0.02, 0.03, 0.02),
    strangers=(0.005, 0.004, 0.003, 0.03, 0.02, 0.93, 0.0005),
    sharing=0.01,
)
# Where both names are swapped, the second follows from the first: what is rare is the agreement.
SURNAME = Field(
    "surname",
    ("same", "close", "similar", "different", _SWAPPED),
    matches=(0.82, 0.08, 0.02, 0.06, 0.02),
    strangers=(0.002, 0.002, 0.015, 0.98, 0.0001),
    sharing=0.9,
)
MIDDLE = Field(
    "middle_name",
    ("same", "different"),
    matches=(0.95, 0.05),
    strangers=(0.07, 0.93),
    sharing=0.02,
)
BIRTH = Field(
    "birth_date",
    ("same", "typo", "partly", "different"),
    matches=(0.88, 0.07, 0.03, 0.02),
    strangers=(0.0001, 0.001, 0.01, 0.9889),
    sharing=0.01,
)
STREET = Field(
    "street",
    ("same", "other_number", "close", "other_street", "different"),
    matches=(0.6, 0.08, 0.1, 0.04, 0.18),
    strangers=(0.0002, 0.002, 0.0003, 0.01, 0.9875),
    sharing=0.95,
)
UNIT = Field("unit", _VALUE, (0.7, 0.15, 0.15), (0.01, 0.01, 0.98), sharing=0.9)
CITY = Field("city", _VALUE, (0.8, 0.08, 0.12), (0.02, 0.005, 0.975), sharing=0.95)
POSTCODE = Field("postcode", _VALUE, (0.8, 0.08, 0.12), (0.01, 0.02, 0.97), sharing=0.95)
SEX = Field("sex", ("same", "different"), (0.97, 0.03), (0.5, 0.5), sharing=0.0)
EMAIL = Field("email", _VALUE, (0.6, 0.15, 0.25), (0.0001, 0.001, 0.9989), sharing=0.1)
PHONE = Field("phone", _VALUE, (0.6, 0.1, 0.3), (0.0001, 0.0005, 0.9994), sharing=0.5)
NUMBER = Field(
    "customer_number", ("same", "different"), (0.9, 0.1), (0.00001, 0.99999), sharing=0.0
)
FIELDS = (GIVEN, SURNAME, MIDDLE, BIRTH, STREET, UNIT, CITY, POSTCODE, SEX, EMAIL, PHONE, NUMBER)
NAMED = {field.name: field for field in FIELDS}
OTHER = Field(
    "other", ("same", "close", "different"), (0.7, 0.1, 0.2), (0.1, 0.05, 0.85), sharing=0.9
)
"""Each attribute without a meaning of its own is a field like this, under its own name."""

Vector = Mapping[str, int]
"""The level of each field that both profiles have."""

_SURNAME_LEVELS = {
    Likeness.SAME: 0,
    Likeness.CLOSE: 1,
    Likeness.SIMILAR: 2,
    Likeness.INITIAL: 2,
    Likeness.DIFFERENT: 3,
}
_OTHER_LEVELS = {Likeness.SAME: 0, Likeness.CLOSE: 1, Likeness.DIFFERENT: 2}
_DIFFERENT_GIVEN, _SWAPPED_GIVEN = GIVEN.levels.index("different"), GIVEN.levels.index(_SWAPPED)
_SWAPPED_SURNAME = SURNAME.levels.index(_SWAPPED)
ABOUT_A_DAY = (Likeness.SAME, Likeness.NICKNAME, Likeness.CLOSE)


def field_of(name: str) -> Field:
    """Return the field with this name."""
    return NAMED.get(name, OTHER)


def compare(left: Profile, right: Profile) -> dict[str, int]:
    """Return the level of each field that both profiles have."""
    vector = _compare_names(left, right)
    if left.middle and right.middle:
        vector["middle_name"] = _middle_level(left.middle, right.middle)
    if left.birth and right.birth:
        vector["birth_date"] = int(compare_dates(left.birth, right.birth))
    _compare_addresses(vector, left, right)
    if left.sex and right.sex:
        vector["sex"] = int(left.sex != right.sex)
    _compare_contacts(vector, left, right)
    _compare_others(vector, left, right)
    return vector


def _middle_level(left: str, right: str) -> int:
    if len(left) == 1 or len(right) == 1:
        return int(left[0] != right[0])
    return int(compare_words(left, right) > Likeness.SIMILAR)


def _compare_contacts(vector: dict[str, int], left: Profile, right: Profile) -> None:
    if left.emails and right.emails:
        vector["email"] = _best(compare_emails, left.emails, right.emails)
    if left.phones and right.phones:
        vector["phone"] = _best(compare_phones, left.phones, right.phones)
    for name, number in left.numbers.items():
        other = right.numbers.get(name)
        if other:
            is_other = int(number != other)
            vector["customer_number"] = max(vector.get("customer_number", 0), is_other)


def _compare_others(vector: dict[str, int], left: Profile, right: Profile) -> None:
    for name, value in left.others.items():
        other = right.others.get(name)
        if other:
            vector[name] = _other_level(value, other)


def has_other_number(vector: Vector) -> bool:
    """Return whether the two have different customer numbers of one source."""
    return vector.get("customer_number") == 1


def is_contradiction(vector: Vector) -> bool:
    """Return whether first name and birth date both speak for two people."""
    birth = vector.get("birth_date")
    if birth is None or birth < DateLikeness.PARTLY:
        return False
    return vector.get("given_name") == _DIFFERENT_GIVEN


def _compare_names(left: Profile, right: Profile) -> dict[str, int]:
    vector: dict[str, int] = {}
    given = surname = None
    if left.given and right.given:
        given = compare_given_names(left.given, right.given)
        vector["given_name"] = int(given)
    if left.surname and right.surname:
        surname = _SURNAME_LEVELS.get(compare_words(left.surname, right.surname), 2)
        vector["surname"] = surname
    if not vector or (given in ABOUT_A_DAY) or surname == 0:
        return vector
    return _compare_swapped(left, right) or vector


def _compare_swapped(left: Profile, right: Profile) -> dict[str, int] | None:
    """Return the levels of names of which one has them in the other's places, None if neither."""
    crosses = [
        compare_words(one, other)
        for one, other in ((left.given, right.surname), (left.surname, right.given))
        if one and other
    ]
    if not crosses or any(cross > Likeness.CLOSE for cross in crosses):
        return None
    is_whole = len(crosses) > 1
    vector = {"given_name": _SWAPPED_GIVEN}
    return vector | ({"surname": _SWAPPED_SURNAME} if is_whole else {})


def _compare_addresses(vector: dict[str, int], left: Profile, right: Profile) -> None:
    if left.street and right.street:
        vector["street"] = _street_level(left, right)
    if left.unit and right.unit:
        vector["unit"] = _other_level(left.unit, right.unit)
    if vector.get("street", 0) > 2 or vector.get("unit") == 2:  # noqa: PLR2004
        _compare_swapped_lines(vector, left, right)
    if left.city and right.city:
        vector["city"] = _other_level(left.city, right.city)
    if left.postcode and right.postcode:
        vector["postcode"] = _other_level(left.postcode, right.postcode)


def _street_level(left: Profile, right: Profile) -> int:
    likeness = compare_words(left.street, right.street)
    if not (left.number and right.number) or left.number != right.number:
        return 1 if likeness <= Likeness.CLOSE else 4
    if likeness == Likeness.SAME:
        return 0
    return 2 if likeness in _ALIKE else 3


def _compare_swapped_lines(vector: dict[str, int], left: Profile, right: Profile) -> None:
    """Raise the levels of street and unit if one of the two has the lines the other way round."""
    crosses = [
        compare_words(one, other) in _SURELY_ALIKE
        for one, other in ((left.street, right.unit), (left.unit, right.street))
        if one and other
    ]
    if not any(crosses):
        return
    vector["street"] = 2 if left.number == right.number else 1
    if all(crosses) and len(crosses) > 1:
        vector["unit"] = 1


def _other_level(left: str, right: str) -> int:
    if left == right:
        return 0
    return 1 if compare_words(left, right) in _ALIKE else 2


_ALIKE = frozenset({Likeness.CLOSE, Likeness.SIMILAR})
_SURELY_ALIKE = frozenset({Likeness.SAME, Likeness.CLOSE})


def _best(
    compare_two: Callable[[str, str], T], lefts: Iterable[str], rights: tuple[str, ...]
) -> int:
    return min(int(compare_two(left, right)) for left in lefts for right in rights)
