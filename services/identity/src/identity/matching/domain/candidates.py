"""Candidates: pairs of profiles that may be one person, and what became of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from identity.matching.domain.model import Evidence, Score


class CandidateState(StrEnum):
    PROPOSED = "proposed"
    """Scored; the engine has not decided yet."""
    OPEN = "open"
    """A person is to decide."""
    MERGED = "merged"
    """Both are one customer, without a decision on this pair."""
    EXPIRED = "expired"
    """The evidence has changed, or another candidate asks the same."""
    SAME = "same"
    """A person decided that they are one person."""
    DIFFERENT = "different"
    """A person decided that they are two people."""

    @property
    def is_decided(self) -> bool:
        """Whether a person has decided."""
        return self in {CandidateState.SAME, CandidateState.DIFFERENT}

    @property
    def is_waiting(self) -> bool:
        return self in {CandidateState.PROPOSED, CandidateState.OPEN}


@dataclass(frozen=True, slots=True)
class Candidate:
    """``left_id`` is the smaller one. ``refusal`` is why the engine did not merge by itself.

    ``sequence`` counts the events about it, 0 before the first.
    """

    id: UUID
    left_id: UUID
    right_id: UUID
    state: CandidateState
    log_odds: float
    evidence: tuple[Evidence, ...]
    model_version: int
    sequence: int
    found_at: datetime
    refusal: str | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str | None = None
    is_withdrawn: bool = False
    """The person's decision was taken back, or what it merged was taken apart again."""

    @property
    def is_asked(self) -> bool:
        """Whether somebody was told of the question, which has no answer yet."""
        return self.state.is_waiting and self.sequence > 0

    @property
    def stays(self) -> bool:
        """Whether a person's decision stands: nothing that is learned or changes outweighs it."""
        return self.state.is_decided and not self.is_withdrawn

    @property
    def pair(self) -> tuple[UUID, UUID]:
        return self.left_id, self.right_id

    @property
    def levels(self) -> tuple[tuple[str, str], ...]:
        """What the evidence says, without the weights, which change with the model."""
        return tuple((each.field, each.level) for each in self.evidence)

    def ended(self, state: CandidateState, refusal: str | None = None) -> "Candidate":
        """Return the candidate without a question to a person."""
        return replace(
            self, state=state, refusal=refusal or self.refusal, sequence=self.sequence + 1
        )


def propose(stored: Candidate | None, fresh: Candidate, *, is_automatic: bool) -> Candidate | None:
    """Return what to store of a pair that was scored, None if what a person decided stays.

    A question whose evidence is the same stays the same question, with its id; if other weights put
    it into the automatic band, the engine is to decide it after all.
    """
    if stored is None:
        return fresh
    if stored.stays:
        return None
    if stored.state.is_waiting and stored.levels == fresh.levels:
        return replace(
            stored,
            state=CandidateState.PROPOSED if is_automatic else stored.state,
            log_odds=fresh.log_odds,
            evidence=fresh.evidence,
            model_version=fresh.model_version,
        )
    return fresh


def new_candidate(
    candidate_id: UUID, pair: tuple[UUID, UUID], score: Score, *, model_version: int, now: datetime
) -> Candidate:
    """Return a candidate that was just scored."""
    return Candidate(
        id=candidate_id,
        left_id=pair[0],
        right_id=pair[1],
        state=CandidateState.PROPOSED,
        log_odds=score.log_odds,
        evidence=score.evidence,
        model_version=model_version,
        sequence=0,
        found_at=now,
    )


def keep_one_question(
    proposed: Iterable[Candidate],
    open_ones: Iterable[Candidate],
    canonical: Mapping[UUID, UUID],
) -> tuple[list[Candidate], list[Candidate]]:
    """Return the candidates that become questions, and those that end: one question per pair.

    ``canonical`` are the customers that the profiles belong to now. An open question stays.
    """
    asked: set[tuple[UUID, ...]] = set()
    questions: list[Candidate] = []
    ended: list[Candidate] = []
    for candidate in open_ones:
        customers = tuple(sorted(canonical.get(each, each) for each in candidate.pair))
        if customers[0] == customers[1]:
            ended.append(candidate.ended(CandidateState.MERGED))
        elif customers in asked:
            ended.append(candidate.ended(CandidateState.EXPIRED, "asked_already"))
        asked.add(customers)
    for candidate in sorted(proposed, key=lambda each: (-each.log_odds, each.pair)):
        customers = tuple(sorted(canonical.get(each, each) for each in candidate.pair))
        if customers[0] == customers[1]:
            ended.append(candidate.ended(CandidateState.MERGED))
        elif customers in asked:
            ended.append(candidate.ended(CandidateState.EXPIRED, "asked_already"))
        else:
            sequence = max(candidate.sequence, 1)
            questions.append(replace(candidate, state=CandidateState.OPEN, sequence=sequence))
        asked.add(customers)
    return questions, ended
