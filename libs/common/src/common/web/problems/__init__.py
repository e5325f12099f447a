"""Errors over HTTP: their bodies, and the catalogue of their types."""

from common.web.problems.catalogue import (
    PROBLEM_TYPES,
    ProblemType,
    describe_code,
    example_of,
)
from common.web.problems.problem import (
    MAX_ERRORS,
    MEDIA_TYPE,
    QUOTA_EXCEEDED,
    STATUS_OF,
    TITLES,
    TYPE_PREFIX,
    HttpError,
    Problem,
    RejectedItem,
    of_service_error,
    of_status,
    problem_dict,
)

__all__ = [
    "MAX_ERRORS",
    "MEDIA_TYPE",
    "PROBLEM_TYPES",
    "QUOTA_EXCEEDED",
    "STATUS_OF",
    "TITLES",
    "TYPE_PREFIX",
    "HttpError",
    "Problem",
    "ProblemType",
    "RejectedItem",
    "describe_code",
    "example_of",
    "of_service_error",
    "of_status",
    "problem_dict",
]
