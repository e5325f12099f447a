"""Values that occur nowhere else, so that finding one in an output proves a leak."""

import re
from dataclasses import dataclass, fields
from functools import cache


@dataclass(frozen=True)
class Canaries:
    """A tenant's canaries; all are personal except ``business``, which is confidential."""

    email: str
    phone: str
    name: str
    text: str
    subject: str
    business: str

    @property
    def personal(self) -> dict[str, str]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "business"}

    def everything(self) -> dict[str, str]:
        return self.personal | {"business": self.business}


def canaries_of(tenant: str, digits: str) -> Canaries:
    """Return a tenant's canaries; ``digits`` are the last seven of the telephone number."""
    return Canaries(
        email=f"canary-{tenant}-mail@example.test",
        phone=f"+4930{digits}",
        name=f"Canary{tenant.capitalize()}name Berg",
        text=f"canary-{tenant}-text said in confidence",
        subject=f"canary-{tenant}-subject of a quarrel",
        business=f"canary-{tenant}-business",
    )


def found_in(text: str, canaries: dict[str, str]) -> set[str]:
    """Return the names of the canaries in ``text``, ignoring case and a number's punctuation."""
    plain = text.casefold()
    return {
        name
        for name, value in canaries.items()
        if value.casefold() in plain or (name == "phone" and _spellings(value).search(text))
    }


@cache
def _spellings(number: str) -> re.Pattern[str]:
    """Return what finds the digits of a number, whatever punctuation is between them."""
    return re.compile(r"[\s().-]*".join(number.lstrip("+")))
