"""People decide about candidates over REST."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from common.service import Service
from identity.customers.domain.identifiers import Level, PresentedIdentifier
from services.identity.tests.harness import assert_sound, client
from services.identity.tests.integration.matching.test_match_customers import (
    MARGARET,
    MAYBE,
    Matcher,
)

PATH = "/v1/match-candidates"
KEEP_APART = """
    INSERT INTO link (tenant_id, low_type, low_scope, low_value, high_type, high_scope, high_value,
                      rule, first_seen_at, last_seen_at)
    SELECT DISTINCT tenant_id, 'record', '', '1', 'record', '', '2', 'cannot-link', now(), now()
    FROM identifier
"""


@pytest.fixture
def matcher(service: Service) -> Matcher:
    return Matcher(service)


async def the_candidate(api: httpx.AsyncClient, matcher: Matcher) -> dict[str, Any]:
    await matcher.register(MARGARET, MAYBE)
    await matcher.match()
    response = await api.get(PATH)
    assert response.status_code == 200, response.text
    [candidate] = response.json()["items"]
    body: dict[str, Any] = candidate
    return body


async def decide(api: httpx.AsyncClient, candidate: dict[str, Any], decision: str) -> Any:
    return await api.post(
        f"{PATH}/{candidate['candidate_id']}/decision",
        json={"decision": decision, "reason": "looked at both"},
    )


async def test_a_candidate_shows_its_evidence(api, matcher):
    candidate = await the_candidate(api, matcher)
    assert candidate["state"] == "open"
    assert 0 < candidate["probability"] < 1
    given = next(each for each in candidate["evidence"] if each["field"] == "given_name")
    assert (given["level"], given["values"]) == ("same", ["margaret", "margaret"])
    single = await api.get(f"{PATH}/{candidate['candidate_id']}")
    assert single.json() == candidate


async def test_personal_values_are_masked(service, api, matcher):
    candidate = await the_candidate(api, matcher)
    async with client(service, scopes=("identity:admin",)) as masked:
        response = await masked.get(f"{PATH}/{candidate['candidate_id']}")
    assert "argaret" not in response.text
    assert "erth" not in response.text


async def test_one_person_is_merged_at_once(api, matcher):
    candidate = await the_candidate(api, matcher)
    response = await decide(api, candidate, "same")
    assert response.status_code == 200, response.text
    body = response.json()
    assert body["state"] == "same"
    assert len(set(body["customer_ids"])) == 1
    assert (body["reason"], body["decided_by"][:4]) == ("looked at both", "key:")
    [merge] = await matcher.rows("SELECT rule, actor FROM merge_log")
    assert (merge.rule, merge.actor) == ("review.v1", body["decided_by"])
    [event] = await matcher.events("candidate.decided")
    assert (event["sequence"], event["data"]["decision"]) == (2, "same")
    await assert_sound(matcher)


async def test_two_people_are_never_merged_by_the_engine(api, matcher):
    candidate = await the_candidate(api, matcher)
    response = await decide(api, candidate, "different")
    assert response.json()["state"] == "different"
    await matcher.tell(2, birth_date="1984-05-06", street="12 Main Street", postcode="6000")
    await matcher.register(MARGARET | {"email": "peggy@nordlys.se"})
    await matcher.match()
    canonical = await matcher.canonical(*map(UUID, candidate["profile_ids"]))
    assert canonical[0] != canonical[1]


@pytest.mark.parametrize(("answer", "kind"), [("same", "must-link"), ("different", "cannot-link")])
async def test_an_answer_is_a_decision_that_the_partition_obeys(
    api: httpx.AsyncClient, matcher: Matcher, answer: str, kind: str
):
    candidate = await the_candidate(api, matcher)
    body = (await decide(api, candidate, answer)).json()
    [decision] = await matcher.rows(
        "SELECT decision_id, kind, actor, reason, merge_id FROM decision"
    )
    assert str(decision.decision_id) == candidate["candidate_id"]
    assert (decision.kind, decision.reason) == (kind, "looked at both")
    assert decision.actor == body["decided_by"]
    merges = [merge.merge_id for merge in await matcher.rows("SELECT merge_id FROM merge_log")]
    assert merges == ([decision.merge_id] if answer == "same" else [])
    shown = [PresentedIdentifier("record", each, None, Level.VERIFIED) for each in ("1", "2")]
    met = await matcher.meet(*shown)
    assert met.split == ()
    assert len(set(body["customer_ids"])) == (1 if answer == "same" else 2)
    canonical = await matcher.canonical(*map(UUID, candidate["profile_ids"]))
    assert len(set(canonical)) == len(set(body["customer_ids"]))
    await assert_sound(matcher)


async def test_a_decision_made_elsewhere_outweighs_an_answer(api, matcher):
    candidate = await the_candidate(api, matcher)
    await matcher.change(KEEP_APART)
    response = await decide(api, candidate, "same")
    assert response.status_code == 409
    assert response.json()["type"].endswith("customers-kept-apart")


async def keep_one_identifier(api: httpx.AsyncClient) -> None:
    """Put rules into force by which a customer has one identifier."""
    saved = await api.post("/v1/identities/rules", json={"max_identifiers": 1})
    body = {"version": saved.json()["version"]}
    response = await api.post("/v1/identities/rules/applications", json=body)
    assert response.status_code == 202, response.text


async def test_an_answer_obeys_the_tenants_own_rules(api, matcher):
    candidate = await the_candidate(api, matcher)
    await keep_one_identifier(api)
    response = await decide(api, candidate, "same")
    assert response.status_code == 409
    assert response.json()["type"].endswith("customer-too-large")


async def test_the_engine_obeys_the_tenants_own_rules(api, matcher):
    await matcher.register(MARGARET, MARGARET | {"street": "12 Main Stret"})
    await keep_one_identifier(api)
    await matcher.match()
    assert await matcher.rows("SELECT 1 FROM merge_log") == []


async def test_the_engine_obeys_decisions_made_elsewhere(api, matcher):
    await matcher.register(MARGARET, MARGARET | {"street": "12 Main Stret"})
    await matcher.change(KEEP_APART)
    await matcher.match()
    assert await matcher.rows("SELECT 1 FROM merge_log") == []
    assert (await api.get(PATH)).json()["items"] == []
    [candidate] = (await api.get(PATH, params={"state": "expired"})).json()["items"]
    assert candidate["refusal"] == "kept_apart"


async def test_what_was_taken_back_may_be_asked_again(api, matcher):
    candidate = await the_candidate(api, matcher)
    await decide(api, candidate, "different")
    await matcher.change("UPDATE decision SET withdrawn_at = now()")
    await matcher.change("DELETE FROM link WHERE rule = 'cannot-link'")
    await matcher.tell(2, postcode="6000")
    await matcher.match()
    [question] = (await api.get(PATH)).json()["items"]
    assert question["candidate_id"] != candidate["candidate_id"]
    assert question["profile_ids"] == candidate["profile_ids"]


async def test_a_repeated_decision_changes_nothing(api, matcher):
    candidate = await the_candidate(api, matcher)
    first = await decide(api, candidate, "different")
    again = await decide(api, candidate, "different")
    assert again.status_code == 200
    assert again.json() == first.json()
    assert len(await matcher.events("candidate.decided")) == 1


async def test_a_settled_candidate_cannot_be_decided_otherwise(api, matcher):
    candidate = await the_candidate(api, matcher)
    await decide(api, candidate, "same")
    response = await decide(api, candidate, "different")
    assert response.status_code == 409
    assert response.json()["type"].endswith("candidate-settled")


async def test_a_candidate_of_another_tenant_is_unknown(service, api, matcher):
    candidate = await the_candidate(api, matcher)
    async with client(service, tenant="other") as other:
        assert (await other.get(PATH)).json()["items"] == []
        assert (await decide(other, candidate, "same")).status_code == 404
        path = f"{PATH}/{candidate['candidate_id']}"
        assert (await other.get(path)).status_code == 404


async def test_a_question_that_a_merge_answered_is_not_listed(api, matcher):
    candidate = await the_candidate(api, matcher)
    source, target = candidate["customer_ids"]
    await api.post("/v1/merges", json={"source_id": source, "target_id": target})
    assert (await api.get(PATH)).json()["items"] == []


async def test_candidates_come_in_pages(api, matcher):
    for surname in ("Ashcroft", "Lindqvist", "Moreau"):
        name = {"surname": surname}
        await matcher.register(MARGARET | name, MAYBE | name)
    await matcher.match()
    first = (await api.get(PATH, params={"limit": 2})).json()
    rest = (await api.get(PATH, params={"limit": 2, "cursor": first["next"]})).json()
    items = [*first["items"], *rest["items"]]
    assert len({each["candidate_id"] for each in items}) == 3
    assert rest["next"] is None
    odds = [each["probability"] for each in items]
    assert odds == sorted(odds, reverse=True)
