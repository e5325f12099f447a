"""National holidays as dates, looked up when a calendar is saved and stored with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from common.errors import ErrorCode, FieldError, InvalidError, did_you_mean, nearest

YEARS_BACK, YEARS_AHEAD = 1, 10


@dataclass(frozen=True, slots=True)
class Nation:
    """ISO 3166 codes of a country and, where it has its own holidays, a subdivision."""

    country: str
    subdivision: str | None = None


def list_holidays(nations: Sequence[Nation], *, today: date) -> list[dict[str, str]]:
    """Return the dates and names from last year to ten years ahead.

    Raises InvalidError, naming the field, for an unknown country or subdivision.
    """
    if not nations:
        return []
    import holidays  # Takes a third of a second, which only saving a calendar should cost.
    from holidays.registry import EntityLoader

    # The library takes a country for a name in its module, so only countries reach it.
    countries = set(EntityLoader.get_country_codes())
    years = range(today.year - YEARS_BACK, today.year + YEARS_AHEAD + 1)
    names: dict[str, str] = {}
    for index, nation in enumerate(nations):
        if nation.country not in countries:
            raise _unknown(index, "country", nation.country, countries)
        try:
            dates = holidays.country_holidays(
                nation.country, subdiv=nation.subdivision, years=years
            )
        except NotImplementedError:
            known = getattr(holidays, nation.country).subdivisions
            raise _unknown(index, "subdivision", nation.subdivision, known) from None
        names |= {day.isoformat(): name for day, name in sorted(dates.items())}
    return [{"date": day, "name": names[day]} for day in sorted(names)]


def _unknown(index: int, field: str, code: str | None, known: Iterable[str]) -> InvalidError:
    allowed = tuple(sorted(known))
    near = nearest(code, allowed)
    wrong = FieldError(
        f"/national_holidays/{index}/{field}",
        ErrorCode.NOT_ALLOWED,
        f"no holidays are known for this {field}{did_you_mean(near)}",
        allowed,
        near,
    )
    return InvalidError("the calendar is invalid", errors=[wrong])
