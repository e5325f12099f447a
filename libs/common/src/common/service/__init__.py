"""A service as a value, and the housekeeping that every service needs."""

from common.service.maintenance import Maintenance, Retention
from common.service.parts import STEADY_PLANS, Foundation, Part, assemble
from common.service.service import Service

__all__ = [
    "STEADY_PLANS",
    "Foundation",
    "Maintenance",
    "Part",
    "Retention",
    "Service",
    "assemble",
]
