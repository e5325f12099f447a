"""Erases one person from a service's database, in steps that can be repeated."""

from common.erasing.eraser import Eraser, Finish
from common.erasing.steps import Erasure, Progress, Step, needles_of
from common.erasing.store.plumbing import (
    bytes_contain_needle,
    contains_needle,
    plumbing_steps,
)
from common.erasing.store.work import Finished, begin_erasure, list_erased

__all__ = [
    "Eraser",
    "Erasure",
    "Finish",
    "Finished",
    "Progress",
    "Step",
    "begin_erasure",
    "bytes_contain_needle",
    "contains_needle",
    "list_erased",
    "needles_of",
    "plumbing_steps",
]
