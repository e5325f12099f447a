"""Answers: JSON, ETags, cursors, masks, event streams."""

from common.web.responses.answers import encoded, json_answer
from common.web.responses.cursors import CursorSigner, Part
from common.web.responses.etags import check_if_match, not_modified, strong_etag
from common.web.responses.masking import HIDDEN, Masker
from common.web.responses.sse import StreamEvent, Streams

__all__ = [
    "HIDDEN",
    "CursorSigner",
    "Masker",
    "Part",
    "StreamEvent",
    "Streams",
    "check_if_match",
    "encoded",
    "json_answer",
    "not_modified",
    "strong_etag",
]
