"""One request, one write: transactions, group commit, Idempotency-Key."""

from common.web.writes.group_commit import GroupCommit
from common.web.writes.idempotency import purge
from common.web.writes.writer import Writer, get_writer

__all__ = [
    "GroupCommit",
    "Writer",
    "get_writer",
    "purge",
]
