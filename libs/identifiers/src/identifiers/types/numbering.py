"""Changes of national numbering plans: two spellings of one subscriber become one.

Networks and messengers keep sending the form of before, some of them for ever. Each rule here maps
both forms to one, and is right only because the plan gives no other subscriber the second form.
"""

import re
from collections.abc import Callable

_Replacement = str | Callable[[re.Match[str]], str]

_IVORIAN = dict.fromkeys("0123", "01") | dict.fromkeys("456", "05") | dict.fromkeys("789", "07")
"""The new digits of Ivory Coast's mobile operators, by the second of the old ones."""
_VIETNAMESE = {
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78", "123": "83", "124": "84",
    "125": "85", "127": "81", "129": "82", "162": "32", "163": "33", "164": "34", "165": "35",
    "166": "36", "167": "37", "168": "38", "169": "39", "186": "56", "188": "58", "199": "59",
}  # fmt: skip

_RULES: tuple[tuple[str, str, _Replacement], ...] = (
    # Until 2019, prefixes told mobile and distant numbers; WhatsApp still writes the 1 (IFT).
    ("+52", r"(?:0(?:1|44|45)|1)(\d{10})", r"\1"),
    # A 9 says "mobile" to callers from abroad; an area's blocks are mobile or fixed, not both.
    ("+54", r"9(\d{10})", r"\1"),
    # Mobile numbers, which begin with 6 to 9, got a ninth digit by 2016 (Anatel).
    ("+55", r"(\d{2})([6-9]\d{7})", r"\g<1>9\2"),
    # Mobile numbers of eleven digits became ten in 2018 (Circular 22/2014/TT-BTTTT).
    ("+84", rf"({'|'.join(_VIETNAMESE)})(\d{{7}})", lambda m: _VIETNAMESE[m[1]] + m[2]),
    # Mobile numbers got two digits on 31 January 2021, by their operator's old digits (ARTCI).
    ("+225", r"([^23]\d)(\d{6})", lambda m: _IVORIAN[m[1][1]] + m[0]),
    # All numbers got 01 in front on 30 November 2024 (ARCEP Bénin).
    ("+229", r"(\d{8})", r"01\1"),
    # Numbers of eight digits got a 2 (fixed) or a 6 (mobile) on 21 November 2014 (ART).
    ("+237", r"([23]\d{7})", r"2\1"),
    ("+237", r"([^23]\d{7})", r"6\1"),
)
_COMPILED = tuple((prefix, re.compile(old), new) for prefix, old, new in _RULES)


def one_form(e164: str) -> str:
    """Return the number in the form that stands for all its spellings, as E.164."""
    for prefix, old, new in _COMPILED:
        if e164.startswith(prefix):
            match = old.fullmatch(e164, len(prefix))
            if match:
                return prefix + (match.expand(new) if isinstance(new, str) else new(match))
    return e164
