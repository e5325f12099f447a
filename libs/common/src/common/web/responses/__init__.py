"""Answers: JSON, ETags, cursors, masks, event streams."""

from common.etags import strong_etag
from common.web.responses.answers import json_answer
from common.web.responses.cursors import CursorSigner, Part
from common.web.responses.etags import IfMatch, IfNoneMatch, get_if_match, get_if_none_match
from common.web.responses.masking import HIDDEN, Masker
from common.web.responses.sse import StreamEvent, Streams, get_last_event_id

__all__ = [
    "HIDDEN",
    "CursorSigner",
    "IfMatch",
    "IfNoneMatch",
    "Masker",
    "Part",
    "StreamEvent",
    "Streams",
    "get_if_match",
    "get_if_none_match",
    "get_last_event_id",
    "json_answer",
    "strong_etag",
]
