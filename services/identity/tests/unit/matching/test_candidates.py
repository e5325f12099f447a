"""What becomes of a pair that is scored again."""

from dataclasses import replace
from uuid import UUID

import pytest

from identity.matching.domain.candidates import (
    Candidate,
    CandidateState,
    keep_one_question,
    new_candidate,
    propose,
)
from identity.matching.domain.model import Evidence, Score
from services.identity.tests.unit.builders import NOW

LEFT, RIGHT = UUID(int=1), UUID(int=2)
ALIKE = (Evidence("given_name", "same", 5.0), Evidence("surname", "close", 3.0))


def scored(number: int, log_odds: float, evidence: tuple[Evidence, ...] = ALIKE) -> Candidate:
    return new_candidate(
        UUID(int=number), (LEFT, RIGHT), Score(log_odds, evidence), model_version=number, now=NOW
    )


def asked() -> Candidate:
    return replace(scored(10, 1.0), state=CandidateState.OPEN, sequence=1)


def test_other_weights_leave_a_question_the_same_question():
    after = propose(asked(), scored(11, 2.0), is_automatic=False)
    assert after == replace(asked(), log_odds=2.0, model_version=11)


def test_other_weights_may_put_a_question_before_the_engine():
    after = propose(asked(), scored(11, 9.0), is_automatic=True)
    assert after is not None
    assert (after.id, after.state, after.is_asked) == (UUID(int=10), CandidateState.PROPOSED, True)
    [question], ended = keep_one_question([after], [], {})
    assert (question.state, question.sequence, ended) == (CandidateState.OPEN, 1, [])
    [], [merged] = keep_one_question([after], [], {RIGHT: LEFT})
    assert (merged.state, merged.sequence) == (CandidateState.MERGED, 2)


def test_other_evidence_is_another_question():
    other = scored(11, 1.0, ALIKE[:1])
    assert propose(asked(), other, is_automatic=False) == other


@pytest.mark.parametrize("state", [CandidateState.SAME, CandidateState.DIFFERENT])
def test_what_a_person_decided_stays_until_it_is_taken_back(state: CandidateState):
    decided = asked().ended(state)
    fresh = scored(11, 9.0)
    assert propose(decided, fresh, is_automatic=True) is None
    assert propose(replace(decided, is_withdrawn=True), fresh, is_automatic=True) == fresh


def test_what_became_one_customer_otherwise_may_be_scored_again():
    merged = asked().ended(CandidateState.MERGED)
    assert propose(merged, scored(11, 1.0), is_automatic=False) == scored(11, 1.0)
