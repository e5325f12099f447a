"""Customers who are one person though no identifier says so, on a real Postgres."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from common.db import Transaction
from common.jsons import dumps_text
from common.service import Service
from identity.customers.domain.identifiers import Level, PresentedIdentifier
from identity.matching.domain.learning import LEAST_AUTO
from identity.matching.domain.model import Bands, Model
from identity.matching.store.profile_json import model_to_json
from identity.matching.timers.match_changed import MatchChanged
from identity.matching.usecases import learn_model
from identity.resolution.domain.requests import ResolutionRequest
from services.identity.tests.harness import Actor, assert_sound, email
from services.identity.tests.people import census, contacts

MARGARET = {
    "given_name": "Margaret", "surname": "Ashcroft", "birth_date": "1984-05-06",
    "street": "12 Main Street", "city": "Perth", "postcode": "6000",
}  # fmt: skip
PEGGY = MARGARET | {"given_name": "Peggy", "street": "12 Main Stret"}
PETER = MARGARET | {"given_name": "Peter", "birth_date": "1961-11-23"}
NAMELESS = {"surname": "Ashcroft", "street": "12 Main Street", "city": "Perth", "postcode": "6000"}
MAYBE = {"given_name": "Margaret", "surname": "Ashcroft", "city": "Perth"}

STATES = "SELECT state, refusal FROM match_candidate ORDER BY state"


class Matcher(Actor):
    """Registers people without identifiers in common, and matches them."""

    number = 0

    async def register(
        self, *people: Mapping[str, str], level: Level = Level.CHANNEL_PROVED
    ) -> list[UUID]:
        requests = []
        for attributes in people:
            self.number += 1
            shown = PresentedIdentifier("record", str(self.number), None, level)
            requests.append(
                ResolutionRequest((shown,), dict(attributes), True, self.clock.now())  # noqa: FBT003
            )
        resolved = await self.resolve(*requests)
        return [each.customer_id for each in resolved if each.customer_id is not None]

    async def tell(self, number: int, **attributes: str) -> None:
        """Report attributes of the customer that was registered as number so and so."""
        shown = PresentedIdentifier("record", str(number), None, Level.CHANNEL_PROVED)
        await self.resolve(
            ResolutionRequest((shown,), attributes, create=True, observed_at=self.clock.now())
        )

    async def match(self) -> int:
        """Match until nothing is left; return in how many rounds."""
        work = MatchChanged(self.database, self.limits, clock=self.clock)
        rounds = 0
        while await work():
            rounds += 1
        return rounds

    async def change(self, statement: str, **parameters: object) -> None:
        """Write past the service, as another part of it would."""

        async def execute(tx: Transaction) -> None:
            await tx.execute(text(statement), parameters)

        await self.database.run(execute)

    async def canonical(self, *ids: UUID) -> list[UUID]:
        rows = await self.rows("SELECT origin_id, canonical_id FROM customer_alias")
        known = {row.origin_id: row.canonical_id for row in rows}
        return [known[each] for each in ids]


@pytest.fixture
def matcher(service: Service) -> Matcher:
    return Matcher(service)


async def states(matcher: Matcher) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await matcher.rows(STATES)]


async def test_a_nickname_and_a_slip_are_one_customer(matcher: Matcher):
    ids = await matcher.register(MARGARET, PEGGY)
    await matcher.match()
    assert len(set(await matcher.canonical(*ids))) == 1
    [merge] = await matcher.rows("SELECT rule, actor, evidence FROM merge_log")
    assert (merge.rule, merge.actor) == ("matching.v1", "engine")
    levels = {each["field"]: each["level"] for each in merge.evidence[1:]}
    assert levels["given_name"] == "nickname"
    assert "Margaret" not in str(merge.evidence)
    assert await states(matcher) == [("merged", None)]
    await assert_sound(matcher)


@pytest.mark.parametrize("other", [PETER, NAMELESS], ids=["other first name", "no first name"])
async def test_a_household_is_not_one_customer(matcher: Matcher, other: dict[str, str]):
    ids = await matcher.register(MARGARET, other)
    await matcher.match()
    assert await matcher.canonical(*ids) == ids


async def test_what_is_neither_here_nor_there_is_asked_once(matcher: Matcher):
    await matcher.register(MARGARET, MAYBE)
    await matcher.match()
    assert await states(matcher) == [("open", None)]
    [found] = await matcher.events("candidate.found")
    assert found["sequence"] == 1
    assert {each["field"] for each in found["data"]["evidence"]} == {
        "given_name", "surname", "city",
    }  # fmt: skip
    await matcher.match()
    assert len(await matcher.events("candidate.found")) == 1


async def test_a_question_expires_when_its_evidence_changes(matcher: Matcher):
    await matcher.register(MARGARET, MAYBE)
    await matcher.match()
    await matcher.tell(2, birth_date="1931-01-30", given_name="Charlotte")
    await matcher.match()
    assert await states(matcher) == [("expired", "evidence_changed")]
    [expired] = await matcher.events("candidate.expired")
    assert (expired["sequence"], expired["data"]["reason"]) == (2, "evidence_changed")


async def test_better_evidence_answers_a_question(matcher: Matcher):
    ids = await matcher.register(MARGARET, MAYBE)
    await matcher.match()
    await matcher.tell(2, birth_date="1984-05-06", street="12 Main Street")
    await matcher.match()
    assert len(set(await matcher.canonical(*ids))) == 1
    await assert_sound(matcher)


async def test_an_unchanged_customer_is_not_compared_again(matcher: Matcher):
    await matcher.register(MARGARET, PETER)
    await matcher.match()
    await matcher.tell(1, tier="gold")
    await matcher.match()
    assert await matcher.rows("SELECT 1 FROM match_queue") == []
    assert await matcher.rows("SELECT 1 FROM match_profile WHERE model < 0") == []


async def test_what_likeness_joined_stays_one_customer(matcher: Matcher):
    """A request that brings new evidence computes whose identifiers are whose again."""
    ids = await matcher.register(MARGARET, PEGGY)
    await matcher.match()
    [merge] = await matcher.rows("SELECT survivor_id FROM merge_log")
    met = await matcher.meet(
        PresentedIdentifier("record", "2", None, Level.CHANNEL_PROVED),
        PresentedIdentifier("email", "peggy@nordlys.se", None, Level.CHANNEL_PROVED),
    )
    assert (met.customer_id, met.split) == (merge.survivor_id, ())
    assert len(set(await matcher.canonical(*ids))) == 1
    assert {row.rule for row in await matcher.rows("SELECT rule FROM link")} == {
        "alike", "together",
    }  # fmt: skip
    await assert_sound(matcher)


async def test_what_turned_out_to_be_anothers_is_compared_as_the_others(matcher: Matcher):
    """Of an absorbed customer, too: its profile was of before."""
    number = PresentedIdentifier("phone", "+46701740605", None, Level.CHANNEL_PROVED)
    absorbed = (await matcher.meet(number)).customer_id
    whole = await matcher.meet(email("anna", Level.VERIFIED), name="Anna Berg")
    assert absorbed
    assert whole.customer_id
    await matcher.match()
    await matcher.merge(absorbed, whole.customer_id)
    await matcher.match()
    await matcher.meet(
        replace(number, level=Level.VERIFIED),
        PresentedIdentifier("external_id", "7", "shop", Level.VERIFIED),
    )
    await matcher.meet(
        email("anna", Level.VERIFIED),
        PresentedIdentifier("external_id", "8", "shop", Level.VERIFIED),
    )
    await matcher.match()
    owner = (await matcher.meet(replace(number, level=Level.VERIFIED))).customer_id
    rows = await matcher.rows("SELECT customer_id, profile FROM match_profile")
    with_number = {row.customer_id for row in rows if "phones" in row.profile}
    canonical = await matcher.canonical(*with_number)
    assert set(canonical) == {owner}
    assert await states(matcher) == []


async def test_numbers_of_two_people_split_what_likeness_joined(matcher: Matcher):
    ids = await matcher.register(MARGARET, PEGGY)
    await matcher.match()
    for number in ("1", "2"):
        await matcher.meet(
            PresentedIdentifier("record", number, None, Level.VERIFIED),
            PresentedIdentifier("external_id", number, "shop", Level.VERIFIED),
        )
    first, second = [
        (await matcher.meet(PresentedIdentifier("record", number, None, Level.VERIFIED)))
        for number in ("1", "2")
    ]
    assert first.customer_id != second.customer_id
    assert {first.customer_id, second.customer_id} & set(ids)
    await assert_sound(matcher)


@pytest.mark.parametrize(
    ("level", "refusal"),
    [(Level.VERIFIED, "needs_verification"), (Level.CLAIMED, "unproved")],
)
async def test_likeness_to_somebody_lets_nobody_in(matcher: Matcher, level: Level, refusal: str):
    """Anybody can say what a verified person is called, and what a claim says opens nothing."""
    ids = await matcher.register(MARGARET)
    ids += await matcher.register(PEGGY, level=level)
    await matcher.match()
    assert await matcher.canonical(*ids) == ids
    assert await states(matcher) == [("open", refusal)]


async def test_spellings_of_one_mailbox_suggest_one_person(matcher: Matcher):
    name = {"given_name": "Margaret", "surname": "Ashcroft"}
    ids = await matcher.register(
        name | {"email": "margaret.ashcroft@gmail.com"},
        name | {"email": "margaretashcroft+shop@googlemail.com"},
    )
    await matcher.match()
    [candidate] = await matcher.rows("SELECT evidence FROM match_candidate")
    assert {each["field"]: each["level"] for each in candidate.evidence}["email"] == "close"
    assert ids[0] != ids[1]


async def test_other_weights_answer_a_question(matcher: Matcher):
    """What is sure once the tenant has learned is merged, with its question's id."""
    ids = await matcher.register(MARGARET, MAYBE)
    await matcher.match()
    [question] = await matcher.rows("SELECT candidate_id FROM match_candidate WHERE state = 'open'")
    await matcher.change(
        "UPDATE match_tenant SET model_version = 1, model = cast(:model AS jsonb),"
        " is_pending = true",
        model=dumps_text(
            model_to_json(replace(Model.unlearned(1_000), bands=Bands(auto=LEAST_AUTO)))
        ),
    )
    await matcher.match()
    [expired] = await matcher.events("candidate.expired")
    assert (expired["subject_id"], expired["sequence"]) == (str(question.candidate_id), 2)
    assert expired["data"]["reason"] == "merged"
    assert len(set(await matcher.canonical(*ids))) == 1
    await assert_sound(matcher)


async def test_the_service_may_delete_what_matching_keeps(service: Service, matcher: Matcher):
    """Erasing a person does, as the role with which the service runs."""
    await matcher.register(MARGARET, MAYBE)
    await matcher.match()
    for table in ("match_candidate", "match_key", "match_profile", "match_queue"):
        await matcher.change(f"DELETE FROM {table}")
        assert await matcher.rows(f"SELECT 1 FROM {table}") == []


async def test_tenants_do_not_meet(service: Service, matcher: Matcher):
    other = Matcher(service, tenant="other")
    await matcher.register(MARGARET)
    await other.register(MARGARET)
    await matcher.match()
    assert await matcher.rows("SELECT 1 FROM match_candidate") == []
    assert await matcher.rows("SELECT 1 FROM merge_log") == []


async def test_verified_customer_numbers_stay_apart(matcher: Matcher):
    requests = [
        ResolutionRequest(
            (PresentedIdentifier("external_id", number, "shop", Level.VERIFIED),),
            MARGARET,
            create=True,
            observed_at=matcher.clock.now(),
        )
        for number in ("1", "2")
    ]
    resolved = await matcher.resolve(*requests)
    await matcher.match()
    ids = [each.customer_id for each in resolved if each.customer_id]
    assert await matcher.canonical(*ids) == ids
    assert await states(matcher) == [("open", "contradiction")]


async def test_a_common_value_leads_to_nobody(matcher: Matcher):
    """The cost of a customer is bounded: a block that is too large is left out."""
    crowd = [
        {"given_name": f"Name{number}", "surname": "Smith", "city": "Perth", "postcode": "6000"}
        for number in range(120)
    ]
    await matcher.register(*crowd)
    await matcher.match()
    assert await matcher.rows("SELECT 1 FROM merge_log") == []


@pytest.mark.parametrize("order", ["forwards", "backwards"])
async def test_a_tenant_learns_and_compares_all_again(matcher: Matcher, order: str):
    people = [record for person in census(150, seed=5) for record in person.records]
    await matcher.register(*(people if order == "forwards" else people[::-1]))
    await matcher.match()
    [tenant] = await matcher.rows("SELECT model_version, learned_from FROM match_tenant")
    assert tenant.model_version == 1
    assert tenant.learned_from == len(people) >= learn_model.FEWEST
    assert await matcher.rows("SELECT 1 FROM match_profile WHERE model <> 1") == []
    assert await matcher.rows("SELECT 1 FROM match_tenant WHERE is_pending") == []
    await assert_sound(matcher)


async def test_the_order_of_arrival_makes_no_difference(service: Service):
    people = [record for person in contacts(150, seed=6) for record in person.records]
    partitions = []
    for tenant, order in (("one", people), ("two", people[::-1])):
        matcher = Matcher(service, tenant=tenant)
        ids = await matcher.register(*order)
        await matcher.match()
        canonical = await matcher.canonical(*ids)
        groups: dict[UUID, set[str]] = {}
        for customer_id, record in zip(canonical, order, strict=True):
            groups.setdefault(customer_id, set()).add(str(record))
        partitions.append(sorted(sorted(group) for group in groups.values()))
    assert partitions[0] == partitions[1]
    assert any(len(group) > 1 for group in partitions[0])
