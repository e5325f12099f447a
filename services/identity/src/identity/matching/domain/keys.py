"""Blocking keys: two profiles are compared only if they have one in common.

Each error that people make leaves some of the keys as they are. A key is a hash: what is stored
for it shows no personal data.
"""

from collections.abc import Iterator
from hashlib import blake2b

from identity.matching.domain.likeness.contacts import mailbox_of
from identity.matching.domain.likeness.words import root_name, sound
from identity.matching.domain.profiles import Profile

MAX_BLOCK = 50
"""A key that more profiles have says too little: it leads to none of them."""
MAX_KEYS = 32
_TELLING = 8
"""An attribute of this length with a digit, such as the number of a card, is a key by itself."""
_LONG_ENOUGH = 6
"""An attribute shorter than this, such as a flag, makes no key."""


def blocking_keys(profile: Profile, *, tenant_id: str) -> tuple[int, ...]:
    """Return the profile's keys as signed 64-bit integers, sorted; other tenants have others."""
    distinct = list(dict.fromkeys(_texts(profile)))[:MAX_KEYS]
    return tuple(sorted(_hash(f"{tenant_id} {text}") for text in distinct))


def _texts(profile: Profile) -> Iterator[str]:
    for email in profile.emails:
        name = email.partition("@")[0]
        yield f"email {mailbox_of(email)}"
        yield f"mailbox {name}"
    for phone in profile.phones:
        yield f"phone {phone[-7:]}"
    for name, value in profile.numbers.items():
        yield f"number {name} {value}"
    yield from _of_names(profile)
    yield from _of_places(profile)
    for name, value in profile.others.items():
        if len(value) >= _TELLING and any(c.isdecimal() for c in value):
            yield f"other {name} {value}"
        if len(value) >= _LONG_ENOUGH:
            yield f"other {name} {value} {profile.given[:1]}"


def _of_names(profile: Profile) -> Iterator[str]:
    given, surname, birth = profile.given, profile.surname, profile.birth
    names = sorted(sound(root_name(word)) for word in (given, surname) if word)
    if len(names) > 1:
        yield f"names {' '.join(names)}"
    if birth:
        yield f"birth {birth}"
        for name in names:
            yield f"name and year {name} {birth[:4]}"
            yield f"name and day {name} {''.join(sorted(birth[4:]))}"


def _of_places(profile: Profile) -> Iterator[str]:
    given, surname, postcode = profile.given, profile.surname, profile.postcode
    words = {sound(root_name(word)) for word in (given, surname) if word}
    places = {place for place in (postcode, sound(profile.city)) if place}
    for word in sorted(words):
        for place in sorted(places):
            yield f"name and place {word} {place}"
    if profile.number:
        for word in sorted(words):
            yield f"name and number {word} {profile.number} {profile.city[:2]}"
    if profile.street and profile.number:
        yield f"street {profile.number} {sound(profile.street)}"
        if profile.birth:
            yield f"house and year {profile.number} {profile.birth[:4]}"
    elif profile.street and words:
        yield f"street and name {sound(profile.street)} {min(words)}"


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), signed=True)
