"""The types of problem that only candidates have."""

from common.web.problems import ProblemType

PROBLEM_TYPES = (
    ProblemType(
        "candidate-settled",
        409,
        "The candidate needs no decision any more: it expired, was merged, or somebody decided"
        " otherwise.",
        "List the open candidates again. To take a merge back, undo it.",
        "the candidate is expired, so there is nothing to decide; list the open ones",
    ),
    ProblemType(
        "customers-kept-apart",
        409,
        "A person decided that the two customers of a candidate, or others that they have become"
        " part of, are two people.",
        "Withdraw that decision first if it was wrong.",
        "a person decided that the two are two people; withdraw that decision first",
    ),
    ProblemType(
        "customer-too-large",
        409,
        "The two customers of a candidate together would have more identifiers or attributes than"
        " one customer may have.",
        "Check whether the two are one person; a customer with so many identifiers rarely is.",
        "the merged customer would have more identifiers or attributes than one may have",
    ),
)
