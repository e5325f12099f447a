"""One request, one write: transactions, group commit, Idempotency-Key."""

from common.web.writes.group_commit import GroupCommit
from common.web.writes.idempotency import MAX_KEY, PROMISED_HOURS, purge
from common.web.writes.writer import Writer, get_writer

__all__ = [
    "MAX_KEY",
    "PROMISED_HOURS",
    "GroupCommit",
    "Writer",
    "get_writer",
    "purge",
]
