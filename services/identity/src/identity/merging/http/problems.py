"""The types of problem that only merges have."""

from common.web.problems import ProblemType

PROBLEM_TYPES = (
    ProblemType(
        "too-many-identifiers",
        409,
        "The merged customer would have more identifiers than one customer may have.",
        "Check whether the two are one person; a customer with so many identifiers rarely is.",
        "the merged customer would have more than 200 identifiers",
    ),
    ProblemType(
        "too-many-attributes",
        409,
        "The merged customer would have more attributes than one customer may have.",
        "Clear attributes of either customer that nobody reads.",
        "the merged customer would have more than 100 attributes",
    ),
)
