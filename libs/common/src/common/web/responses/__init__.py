"""Answers: JSON, ETags, cursors, masks, event streams."""

from common.etags import strong_etag
from common.web.responses.answers import json_answer
from common.web.responses.cursors import CursorSigner, Part
from common.web.responses.etags import expected_etag, not_modified
from common.web.responses.masking import HIDDEN, Masker
from common.web.responses.sse import StreamEvent, Streams

__all__ = [
    "HIDDEN",
    "CursorSigner",
    "Masker",
    "Part",
    "StreamEvent",
    "Streams",
    "expected_etag",
    "json_answer",
    "not_modified",
    "strong_etag",
]
