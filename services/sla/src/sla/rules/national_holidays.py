"""National holidays as dates, looked up when a calendar is saved and kept with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from common.errors import FieldError, InvalidError

YEARS_BACK, YEARS_AHEAD = 1, 10


@dataclass(frozen=True, slots=True)
class Nation:
    """ISO 3166 codes: a country, and a subdivision with holidays of its own."""

    country: str
    subdivision: str | None = None


def holidays_of(nations: Sequence[Nation], *, today: date) -> list[dict[str, str]]:
    """Return the dates and names from last year to ten years ahead.

    Raises:
        InvalidError: naming the country or subdivision that is not known.
    """
    if not nations:
        return []
    import holidays  # takes a third of a second, which only saving a calendar should cost

    years = range(today.year - YEARS_BACK, today.year + YEARS_AHEAD + 1)
    found: dict[str, str] = {}
    for index, nation in enumerate(nations):
        try:
            dates = holidays.country_holidays(
                nation.country, subdiv=nation.subdivision, years=years
            )
        except NotImplementedError:
            field = (
                "country"
                if nation.country not in holidays.utils.list_supported_countries()
                else "subdivision"
            )
            where = f"/national_holidays/{index}/{field}"
            raise InvalidError(
                "the calendar is not valid",
                errors=[FieldError(where, "no holidays are known for it")],
            ) from None
        found |= {day.isoformat(): name for day, name in sorted(dates.items())}
    return [{"date": day, "name": found[day]} for day in sorted(found)]
