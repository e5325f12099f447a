"""E-mail addresses, in every form in which headers, forms and exports carry them.

Keys are for matching alone: mail goes to the spelling that arrived.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address

import idna

from identifiers import mailboxes
from identifiers.keys import IdentifierKey, Outcome, Unusable, UnusableReason, Usable
from identifiers.text import fold

MAX_LENGTH = 998
"""The longest line of a mail's header (RFC 5322, 2.1.1): a name may stand before the address."""
_MAX_ADDRESS_BYTES = 320
"""A local part may be longer than the 64 bytes of RFC 5321: return paths and tokens are."""
_MAX_DOMAIN = 253

_SCHEME = re.compile(r"(?:mailto|smtp|e-?mail):\s*", re.IGNORECASE)
_LINK = re.compile(r"\((mailto:[^)]+)\)", re.IGNORECASE)
_GROUP = re.compile(r"^[^@:\"<>]*:\s*(?=.*@)")
"""The name of a group of addresses (RFC 5322, 3.4)."""
_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_QUOTED_ADDRESS = re.compile(r'"(?:[^"\\]|\\.)+"@[^\s"<>(),;@]+')
_IN_QUOTES = re.compile(r"^(['\"])(.+)\1$")
_DOT_ATOM = re.compile(r"[^\s\"(),:;<>@\[\]\\]+")
"""What needs no quotes. Dots may stand anywhere: some carriers gave such addresses out."""
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_LITERAL = re.compile(r"\[(?:ipv6:)?([0-9a-f.:]+)\]", re.IGNORECASE)
_TRAILING = " \t;,.>"


@dataclass(frozen=True, slots=True)
class _Written:
    address: str
    name: str | None


def read_email(text: str) -> Outcome:
    """Return the key of an address in any header form, with the name that stands before it."""
    link = _LINK.search(text)
    written = _address_in(link[1] if link else text)
    if written is None:
        return _unparseable(text)
    if _has_several(written.address):
        return Unusable(UnusableReason.SEVERAL, fold(text))
    local_part, _, domain = written.address.rpartition("@")
    local = _local_part(local_part.strip())
    host = _domain(domain.strip())
    is_cut_off = not domain.strip()
    if local and (host or is_cut_off) and mailboxes.is_nobodys(local, host or ""):
        return Unusable(UnusableReason.BLOCKED)
    if local is None or host is None or len(f"{local}@{host}".encode()) > _MAX_ADDRESS_BYTES:
        return _unparseable(text)
    mailbox = mailboxes.provider_mailbox(local, host)
    return Usable(
        IdentifierKey("email", "", f"{local}@{host}"),
        weaker=None if mailbox is None else IdentifierKey("mailbox", "", mailbox),
        is_shared=mailboxes.is_groups(local),
        display_name=written.name,
    )


def _address_in(text: str) -> _Written | None:
    """Find the address in a header's value: in angle brackets, or what comments leave."""
    if _QUOTED_ADDRESS.fullmatch(text):
        return _Written(text, None)
    last = text.rpartition("<")[2]
    if len(last) < len(text) and ">" not in last and '"' not in last:
        text += ">"
    in_angles = [part.rpartition("<") for part in text.split(">")[:-1]]
    addresses = [inside for _, bracket, inside in in_angles if bracket and "@" in inside]
    if len(addresses) > 1:
        return _Written(", ".join(addresses), None)
    if addresses:
        return _Written(_unwrapped(addresses[0]), _name(text.partition(f"<{addresses[0]}>")[0]))
    comment = _COMMENT.search(text)
    bare = _unwrapped(_COMMENT.sub("", text))
    if "@" not in bare:
        return None
    return _Written(bare, _name(comment[0].strip("()")) if comment else None)


def _unwrapped(address: str) -> str:
    bare = address.strip().lstrip("<").rstrip(_TRAILING)
    scheme = _SCHEME.match(bare)
    if scheme:
        bare = bare[scheme.end() :].partition("?")[0]
    elif ":" in bare and not bare.startswith('"'):
        bare = _GROUP.sub("", bare, count=1)
    return _IN_QUOTES.sub(r"\2", bare)


def _name(text: str) -> str | None:
    name = " ".join(text.replace("\\", "").replace('"', "").strip(" \t',;").split())
    return name or None


def _has_several(address: str) -> bool:
    """Return whether a separator stands between two @, outside quotes."""
    unquoted = _QUOTED.sub("", address) if len(address) <= _MAX_ADDRESS_BYTES else address
    return any(c in part for part in unquoted.split("@")[1:-1] for c in ",; \t/|&")


def _local_part(written: str) -> str | None:
    """Return the folded local part, without quotes where it needs none."""
    quoted = _QUOTED.fullmatch(written)
    text = fold(re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else written)
    if not text:
        return None
    if _DOT_ATOM.fullmatch(text):
        return text
    if quoted is None:
        return None
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _domain(written: str) -> str | None:
    """Return the domain in its ASCII form (IDNA 2008 after UTS 46), or an address literal."""
    literal = _LITERAL.fullmatch(written)
    if literal:
        try:
            return f"[{ip_address(literal[1].lower()).compressed}]"
        except ValueError:
            return None
    host = written.rstrip(".").lower()
    if not host.isascii():
        host = _ascii(host)
    labels = host.split(".")
    is_domain = len(host) <= _MAX_DOMAIN and all(_LABEL.fullmatch(label) for label in labels)
    return host if is_domain and not labels[-1].isdecimal() else None


def _ascii(host: str) -> str:
    """Return a domain's ASCII form; of names that IDNA 2008 forbids, such as emoji, too."""
    try:
        return idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        labels = host.replace("\u3002", ".").split(".")
        return ".".join(
            label if label.isascii() else f"xn--{label.encode('punycode').decode()}"
            for label in labels
        )


def _unparseable(text: str) -> Unusable:
    return Unusable(UnusableReason.UNPARSEABLE, fold(text))
