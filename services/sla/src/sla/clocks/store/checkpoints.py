"""Folds of long conversations: the head of each, and the checkpoints on the way to it."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import text

from common.db import Columns, Transaction
from sla.clocks.domain.checkpoints.checkpoint import Checkpoint
from sla.clocks.domain.checkpoints.sides import changes_nothing, go_on, same_side
from sla.clocks.domain.conversations import ConversationKey
from sla.clocks.domain.facts import BEGINNING, Place
from sla.clocks.store.keys import KEYS, key_values

_FOLD = Columns(
    {
        "tenant_id": "text",
        "conversation_id": "uuid",
        "revision": "bigint",
        "sequence": "bigint",
        "head": "text",
    }
)
_CHECKPOINT = Columns(
    {
        "tenant_id": "text",
        "conversation_id": "uuid",
        "start_at": "bigint",
        "start_rank": "int",
        "start_sequence": "bigint",
        "state": "text",
        "seen": "bigint",
        "size": "int",
        "digest": "text",
        "facts": "text",
        "side": "text",
    }
)
_KEY = ("tenant_id", "conversation_id", "start_at", "start_rank", "start_sequence")

_FIND_FOLDS = text(
    f"""
    SELECT {_FOLD.of("f")}
    FROM {KEYS}
    JOIN fold f ON f.tenant_id = k.tenant_id AND f.conversation_id = k.conversation_id
    """
)
_SAVE_FOLDS = text(_FOLD.upsert("fold", "folds", key=("tenant_id", "conversation_id")))
_DELETE_CHECKPOINTS = text(
    f"""
    DELETE FROM checkpoint c USING {KEYS}
    WHERE c.tenant_id = k.tenant_id AND c.conversation_id = k.conversation_id
    """
)
_SAVE_CHECKPOINTS = text(_CHECKPOINT.upsert("checkpoint", "checkpoints", key=_KEY))
_RESTATED = Columns({name: _CHECKPOINT.types[name] for name in (*_KEY, "state")})
_SAVE_STATES = text(
    f"""
    UPDATE checkpoint c SET state = r.state FROM {_RESTATED.table("states")}
    WHERE {" AND ".join(f"c.{name} = r.{name}" for name in _KEY)}
    """
)
_OF_CONVERSATION = "tenant_id = :tenant_id AND conversation_id = :conversation_id"
_START = "(start_at, start_rank, start_sequence)"
_HAS_OTHER_SIDE = "(side IS NULL OR side <> ALL(cast(:skipped AS text[])))"
_PLACE = "(:start_at, :start_rank, :start_sequence)"
_FIND_BEFORE = text(
    f"""
    SELECT start_at, start_rank, start_sequence, state, seen, size, digest, facts, side
    FROM checkpoint
    WHERE {_OF_CONVERSATION} AND {_START} <= {_PLACE}
    ORDER BY start_at DESC, start_rank DESC, start_sequence DESC LIMIT 1
    """
)
_STORED = """
    start_at, start_rank, start_sequence, state, seen, size, digest,
    CASE WHEN digest IS NULL THEN facts END AS facts, side
"""
"""The columns of a checkpoint, without the facts that its digest stands for."""
_LIST_AFTER = text(
    f"""
    SELECT {_STORED}
    FROM checkpoint
    WHERE {_OF_CONVERSATION} AND {_START} > {_PLACE}
    ORDER BY start_at, start_rank, start_sequence LIMIT :count
    """
)
_FIND_SIDE_BEFORE = text(
    f"""
    SELECT side, start_at, start_rank, start_sequence FROM checkpoint
    WHERE {_OF_CONVERSATION} AND {_START} < {_PLACE} AND {_HAS_OTHER_SIDE}
    ORDER BY start_at DESC, start_rank DESC, start_sequence DESC LIMIT 1
    """
)
_LIST_SIDES = text(
    f"""
    SELECT DISTINCT ON (side) side, start_at, start_rank, start_sequence FROM checkpoint
    WHERE {_OF_CONVERSATION} AND {_START} > {_PLACE}
      AND {_START} < (:end_at, :end_rank, :end_sequence)
    ORDER BY side, start_at, start_rank, start_sequence
    """
)
_FIND_STATE_AFTER = text(
    f"""
    SELECT state FROM checkpoint WHERE {_OF_CONVERSATION} AND {_START} > {_PLACE}
    ORDER BY start_at, start_rank, start_sequence LIMIT 1
    """
)
_FIND_AFTER_SIDES = text(
    f"""
    SELECT {_STORED}
    FROM checkpoint
    WHERE {_OF_CONVERSATION} AND {_START} > {_PLACE} AND {_HAS_OTHER_SIDE}
    ORDER BY start_at, start_rank, start_sequence LIMIT 1
    """
)
_FIND_FACTS = text(f"SELECT facts FROM checkpoint WHERE {_OF_CONVERSATION} AND {_START} = {_PLACE}")

_BEFORE_ALL: Place = (BEGINNING[0], -1, 0)
MOST_READ = 500
"""How many checkpoints are read at once, at most."""


@dataclass(frozen=True, slots=True)
class StoredFold:
    """The head of a fold. It has read all facts up to ``sequence``, by the rules of ``revision``.

    Without a revision no policy has covered the conversation.
    """

    key: ConversationKey
    revision: int | None
    sequence: int
    head: str


async def find_folds(
    tx: Transaction, keys: Sequence[ConversationKey]
) -> dict[ConversationKey, StoredFold]:
    if not keys:
        return {}
    rows = await tx.execute(_FIND_FOLDS, key_values(keys))
    folds = (
        StoredFold((row.tenant_id, row.conversation_id), row.revision, row.sequence, row.head)
        for row in rows
    )
    return {fold.key: fold for fold in folds}


async def save_folds(tx: Transaction, folds: Sequence[StoredFold]) -> None:
    if folds:
        await tx.execute(_SAVE_FOLDS, {"folds": _FOLD.values([_fold_row(fold) for fold in folds])})


async def delete_checkpoints(tx: Transaction, keys: Sequence[ConversationKey]) -> None:
    """Delete all checkpoints of the conversations."""
    if keys:
        await tx.execute(_DELETE_CHECKPOINTS, key_values(keys))


async def save_checkpoints(
    tx: Transaction, checkpoints: Mapping[ConversationKey, Sequence[Checkpoint]]
) -> None:
    """Insert or overwrite checkpoints, each with its facts."""
    rows = [_row(key, checkpoint) for key, own in checkpoints.items() for checkpoint in own]
    if rows:
        await tx.execute(_SAVE_CHECKPOINTS, {"checkpoints": _CHECKPOINT.values(rows)})


async def save_states(
    tx: Transaction, checkpoints: Mapping[ConversationKey, Sequence[Checkpoint]]
) -> None:
    """Overwrite only the states of checkpoints."""
    rows = [
        {**_place_values(key, checkpoint.start), "state": checkpoint.state}
        for key, own in checkpoints.items()
        for checkpoint in own
    ]
    if rows:
        await tx.execute(_SAVE_STATES, {"states": _RESTATED.values(rows)})


class _Side(NamedTuple):
    """The side of the checkpoint that starts at a place."""

    start: Place
    side: str | None


class Checkpoints:
    """Reads the checkpoints of a conversation: one by one, the further the more at a time."""

    def __init__(self, tx: Transaction, key: ConversationKey) -> None:
        self._tx = tx
        self._key = key
        self._ahead: deque[Checkpoint] = deque()
        self._count = 1
        self._is_last = False

    async def before(self, place: Place) -> Checkpoint:
        """Return the last checkpoint that is not after a place, with its facts and its run."""
        values = _place_values(self._key, place)
        checkpoint = _checkpoint((await self._tx.execute(_FIND_BEFORE, values)).one())
        self._begin_again()
        previous = await self._side_before(checkpoint.start, skipped=())
        if previous is None or previous.side is None:
            return checkpoint
        run, state = await self._run(checkpoint, previous)
        return checkpoint.in_run(run, state)

    async def _run(self, checkpoint: Checkpoint, previous: "_Side") -> tuple[str, str]:
        """Return the run before a checkpoint and the state there, from where it was kept right.

        That is behind the last checkpoint that added something to the run.
        """
        counting: _Side | None = previous
        if not previous.side:
            counting = await self._side_before(checkpoint.start, skipped=("",))
        before = counting
        if counting is not None and counting.side:
            before = await self._side_before(checkpoint.start, skipped=same_side(counting.side))
        place = _BEFORE_ALL if before is None else before.start
        run = ""
        for added in await self._sides(place, checkpoint.start):
            if not changes_nothing(run, added.side):
                run, place = go_on(run, added.side) or "", added.start
        values = _place_values(self._key, place)
        state: str = (await self._tx.execute(_FIND_STATE_AFTER, values)).scalar_one()
        return run, state

    async def _side_before(self, place: Place, *, skipped: Sequence[str]) -> "_Side | None":
        """Return the side of the last checkpoint before a place that has none of ``skipped``."""
        values = {**_place_values(self._key, place), "skipped": list(skipped)}
        row = (await self._tx.execute(_FIND_SIDE_BEFORE, values)).one_or_none()
        return None if row is None else _side(row)

    async def _sides(self, after: Place, before: Place) -> Sequence["_Side"]:
        """Return where each side comes first between two checkpoints, in order."""
        end = dict(zip(("end_at", "end_rank", "end_sequence"), before, strict=True))
        rows = await self._tx.execute(_LIST_SIDES, {**_place_values(self._key, after), **end})
        return sorted((_side(row) for row in rows), key=lambda side: side.start)

    def _begin_again(self) -> None:
        self._ahead.clear()
        self._count, self._is_last = 1, False

    async def after_sides(
        self, checkpoint: Checkpoint, sides: Collection[str]
    ) -> Checkpoint | None:
        """Return the first one after a checkpoint that has none of the sides, as it is stored."""
        self._begin_again()
        values = {**_place_values(self._key, checkpoint.start), "skipped": list(sides)}
        row = (await self._tx.execute(_FIND_AFTER_SIDES, values)).one_or_none()
        return None if row is None else _checkpoint(row)

    async def after(self, checkpoint: Checkpoint) -> Checkpoint | None:
        """Return the one after the checkpoint that was returned last, as it is stored."""
        if not self._ahead and not self._is_last:
            values = {**_place_values(self._key, checkpoint.start), "count": self._count}
            rows = (await self._tx.execute(_LIST_AFTER, values)).all()
            self._ahead.extend(_checkpoint(row) for row in rows)
            self._is_last = len(rows) < self._count
            self._count = min(self._count * 8, MOST_READ)
        return self._ahead.popleft() if self._ahead else None

    async def with_facts(self, checkpoint: Checkpoint) -> Checkpoint:
        """Return the checkpoint with its facts."""
        if checkpoint.facts is not None:
            return checkpoint
        values = _place_values(self._key, checkpoint.start)
        return replace(checkpoint, facts=(await self._tx.execute(_FIND_FACTS, values)).scalar_one())


def _fold_row(fold: StoredFold) -> dict[str, Any]:
    tenant_id, conversation_id = fold.key
    return {
        "tenant_id": tenant_id,
        "conversation_id": conversation_id,
        "revision": fold.revision,
        "sequence": fold.sequence,
        "head": fold.head,
    }


def _row(key: ConversationKey, checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        **_place_values(key, checkpoint.start),
        "state": checkpoint.state,
        "seen": checkpoint.seen,
        "size": checkpoint.size,
        "digest": checkpoint.digest,
        "facts": checkpoint.facts,
        "side": checkpoint.side,
    }


def _place_values(key: ConversationKey, place: Place) -> dict[str, Any]:
    tenant_id, conversation_id = key
    start_at, start_rank, start_sequence = place
    return {
        "tenant_id": tenant_id,
        "conversation_id": conversation_id,
        "start_at": start_at,
        "start_rank": start_rank,
        "start_sequence": start_sequence,
    }


def _checkpoint(row: Any) -> Checkpoint:
    return Checkpoint(
        start=(row.start_at, row.start_rank, row.start_sequence),
        state=row.state,
        seen=row.seen,
        size=row.size,
        digest=row.digest,
        facts=row.facts,
        side=row.side,
    )


def _side(row: Any) -> _Side:
    return _Side((row.start_at, row.start_rank, row.start_sequence), row.side)
