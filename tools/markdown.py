"""Text of the generated documents."""

from textwrap import fill


def wrap(text: str, *, indent: str = "") -> str:
    """Return a paragraph in lines of at most 100 characters; ``indent`` goes before all but one.

    Words, paths and code are never broken.
    """
    return fill(
        text, width=100, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
