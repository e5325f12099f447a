"""Text as people and programs write it, in one form."""

import re
import unicodedata

_INVISIBLE = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb]"
)
"""Control, zero-width, filler and direction characters: never part of an identifier."""

_LINE_ENDS = re.compile("[\t-\r\u0085\u2028\u2029]")
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u301c\ufe58"), "-")


def clean(text: str) -> str:
    """Return the text in Unicode's compatibility form, without invisible characters.

    Line ends and tabs count as spaces: what they separate stays apart.
    """
    text = _LINE_ENDS.sub(" ", text)
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)))
    return unicodedata.normalize("NFKC", visible).strip()


def fold(text: str) -> str:
    """Return the text in lower case, the two small sigmas as one.

    Full case folding would also join ``ß`` and ``ss``, which are different mailboxes. Repeats,
    because folding can undo normalisation.
    """
    while (folded := unicodedata.normalize("NFKC", text.lower().replace("ς", "σ"))) != text:
        text = folded
    return text


def with_ascii_dashes(text: str) -> str:
    """Return the text with every kind of dash as a hyphen."""
    return text.translate(_DASHES)


def with_ascii_digits(text: str) -> str:
    """Return the text with the decimal digits of every script as those of ASCII."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
