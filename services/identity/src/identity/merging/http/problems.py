"""The types of problem that only merges and other decisions have."""

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
    ProblemType(
        "kept-apart",
        409,
        "A person decided that the two customers are not one.",
        "Read the preview for the decisions; withdraw them, or send ``override_decisions``.",
        "a decision keeps the two apart: withdraw it, or send override_decisions",
    ),
    ProblemType(
        "one-customer",
        409,
        "Both ids lead to one customer, which cannot be kept apart from itself.",
        "Undo the merge that united them, or split the customer.",
        "both ids lead to one customer: undo the merge that united them, or split it",
    ),
    ProblemType(
        "no-identifiers",
        409,
        "One of the customers has no identifier that could be kept apart from the other's.",
        "Nothing needs to be done: without identifiers, the engine merges nobody.",
        "one of the customers has no identifier to keep apart from the other's",
    ),
)
