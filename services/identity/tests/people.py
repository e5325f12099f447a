"""People made up for the tests of matching: households, nicknames, slips of the pen, CRM noise."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from identity.matching.domain.profiles import Profile, read_profile

Record = dict[str, str]

_MEN = (
    "James Robert John Michael David William Richard Thomas Charles Daniel Matthew Anthony Mark"
    " Steven Andrew Joshua Kenneth Kevin Brian Timothy Ronald Edward Jason Jeffrey Ryan Jacob"
    " Nicholas Gary Eric Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel Gregory"
    " Alexander Patrick"
)
_WOMEN = (
    "Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Margaret Sandra"
    " Ashley Kimberly Emily Donna Michelle Dorothy Carol Amanda Melissa Deborah Stephanie Rebecca"
    " Sharon Laura Cynthia Kathleen Amy Angela Shirley Anna Brenda Pamela Emma Nicole Helen"
    " Samantha Katherine Christine"
)
_NICKNAMES = {
    "James": "Jim", "Robert": "Bob", "Michael": "Mike", "William": "Bill", "Richard": "Dick",
    "Thomas": "Tom", "Charles": "Chuck", "Daniel": "Dan", "Edward": "Ted", "Margaret": "Peggy",
    "Elizabeth": "Betty", "Patricia": "Pat", "Jennifer": "Jenny", "Katherine": "Kate",
    "Deborah": "Debbie", "Susan": "Sue", "Samuel": "Sam", "Benjamin": "Ben",
}  # fmt: skip
_SYLLABLES = "an bel cor dal en far gor hol in jas kel lor mar nor os pel ros sel tor ul van wes"
_STREETS = "Main Oak Pine Maple Cedar Elm Lake Hill Church Mill Park River Spring North"
_KINDS = ("Street", "Road", "Avenue", "Lane", "Drive")
_DOMAINS = ("example.com", "mail.example", "post.example", "nordlys.se")


@dataclass(frozen=True, slots=True)
class Person:
    """A person with all records that there are of it, and the household it lives in."""

    id: int
    household: int
    records: tuple[Record, ...]


def census(count: int, *, seed: int) -> list[Person]:
    """Return people in households; a third of them were recorded twice, with slips and nicknames.

    Some moved between the two, and twins and namesakes live in some of the households.
    """
    rng = random.Random(seed)  # noqa: S311
    people: list[Person] = []
    while len(people) < count:
        people += _household(rng, len(people))
    return people[:count]


def contacts(count: int, *, seed: int) -> list[Person]:
    """Return contacts of a CRM: up to four records, with noise in names, e-mail and telephone."""
    rng = random.Random(seed)  # noqa: S311
    people = []
    for number in range(count):
        given, surname = _given(rng)[0], _surname(rng)
        contact = {
            "first_name": given,
            "last_name": surname,
            "email": f"{given}.{surname}{rng.randrange(999)}@{rng.choice(_DOMAINS)}".lower(),
            "phone": f"+1 {rng.randrange(201, 989)} 555 {rng.randrange(10_000):04}",
            "company": f"{_surname(rng)} {rng.choice(('Ltd', 'Group', 'Partners'))}",
            "city": f"{_surname(rng)}ton",
        }
        copies = rng.choices((0, 1, 2, 3), (60, 25, 10, 5))[0]
        records = (contact, *(_noisy(rng, contact) for _ in range(copies)))
        people.append(Person(number, number, records))
    return people


def profiles_of(people: Sequence[Person]) -> list[Profile]:
    """Return the profile of each record."""
    return [read_profile(record) for person in people for record in person.records]


def _household(rng: random.Random, first_id: int) -> list[Person]:
    surname = _surname(rng)
    home = _address(rng)
    births = [
        f"{rng.randrange(1930, 2010)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
        for _ in range(rng.choices((1, 2, 3, 4, 5), (30, 30, 15, 15, 10))[0])
    ]
    if len(births) > 2 and rng.random() < 0.1:
        births[-1] = births[-2]
    members = []
    for number, birth in enumerate(births):
        given, sex = _given(rng)
        record = {
            "given_name": given, "surname": surname, "birth_date": birth, "sex": sex, **home,
        }  # fmt: skip
        records = [record]
        if rng.random() < 0.33:
            records.append(_recorded_again(rng, record))
        members.append(Person(first_id + number, first_id, tuple(records)))
    return members


def _recorded_again(rng: random.Random, record: Record) -> Record:
    again = dict(record)
    if rng.random() < 0.25:
        again["given_name"] = _NICKNAMES.get(record["given_name"], record["given_name"])
    if rng.random() < 0.05:
        again |= _address(rng)
    if rng.random() < 0.03:
        again |= {"given_name": record["surname"], "surname": record["given_name"]}
    for name in rng.sample(["given_name", "surname", "birth_date", "street", "city"], 2):
        if rng.random() < 0.4:
            again[name] = _slip(rng, again[name])
    if rng.random() < 0.08:
        del again[rng.choice(["birth_date", "street", "sex"])]
    return again


def _noisy(rng: random.Random, contact: Record) -> Record:
    noisy = dict(contact)
    changes: list[Callable[[], None]] = [
        lambda: noisy.update(email=_slip(rng, noisy["email"])),
        lambda: noisy.update(email=""),
        lambda: noisy.update(email=f"{noisy['email'][:3]}***@{noisy['email'].partition('@')[2]}"),
        lambda: noisy.update(phone=_slip(rng, noisy["phone"])),
        lambda: noisy.update(phone=noisy["phone"].replace(" ", "").replace("+1", "001")),
        lambda: noisy.update(phone=""),
        lambda: noisy.update(first_name=_NICKNAMES.get(noisy["first_name"], noisy["first_name"])),
        lambda: noisy.update(first_name=noisy["first_name"][:1]),
        lambda: noisy.update(last_name=_slip(rng, noisy["last_name"])),
        lambda: noisy.update(last_name=noisy["last_name"].upper()),
        lambda: noisy.update(company=_slip(rng, noisy["company"])),
    ]
    for change in rng.sample(changes, 3):
        change()
    return noisy


def _slip(rng: random.Random, text: str) -> str:
    place = rng.randrange(max(len(text) - 1, 1))
    before, one = text[:place], text[place : place + 1]
    two, after = text[place + 1 : place + 2], text[place + 2 :]
    letter = rng.choice("0123456789" if one.isdigit() else "aeioust")
    return before + rng.choice([letter + two, two, two + one]) + after


def _given(rng: random.Random) -> tuple[str, str]:
    sex = rng.choice("mf")
    names = (_MEN if sex == "m" else _WOMEN).split()
    return names[min(int(rng.expovariate(0.07)), len(names) - 1)], sex


def _surname(rng: random.Random) -> str:
    return "".join(rng.choice(_SYLLABLES.split()) for _ in range(rng.choice((2, 3)))).capitalize()


def _address(rng: random.Random) -> dict[str, Any]:
    road = rng.choice(_STREETS.split()) + rng.choice(_SYLLABLES.split())
    return {
        "street_number": str(rng.randrange(1, 300)),
        "street": f"{road} {rng.choice(_KINDS)}",
        "city": rng.choice(("Springfield", "Riverton", "Fairview", "Greenville", "Bristol")),
        "postcode": str(rng.randrange(10_000, 10_060)),
    }
