"""Mailboxes by what stands before the @: nobody's, a group's, and one mailbox's other spellings."""

import re

_SEPARATORS = re.compile(r"[^a-z0-9]+")

_UNREAD = re.compile(
    r"(?:(?:no|do?not|dont|never|non|not)(?:to)?repl(?:y|ies)|norespon[ds]e?|donotrespond|unattended)"
)
"""Beginning at a word: nobody reads the answers."""
_ROBOT = re.compile(
    r"(?:auto(?:mated|matic)?(?:reply|response|responder|confirm|mail(?:er)?|notification)s?"
    r"|mailer?daemon|postmaster|bounces?|undeliverable|notifications?|notify|listserv|majordomo)\d*"
)
"""The whole mailbox before any tag: a program writes from it."""
_BOUNCE = re.compile(r"bounces?(?:[^a-z]|$)")
"""A return path, with the recipient or a number encoded behind it."""
_NOBODY = frozenset({
    "test", "testing", "anonymous", "anon", "guest", "unknown", "null", "none", "undefined",
    "nobody", "noone", "example", "nomail", "noemail", "nomailaddress", "notanemail", "invalid",
    "dummy", "fake", "unavailable", "withheld", "xxx", "asdf", "daemon", "devnull", "blackhole",
})  # fmt: skip
_NOBODY_TWICE = frozenset({
    "na", "nan", "nil", "no", "abc", "private", "blank", "empty", "mail", "email", "user", "name",
})  # fmt: skip
"""Names of people and firms, too; before an equal domain, as in ``na@na.com``, they are nobody."""
_ONE_LETTER = re.compile(r"(.)\1{0,3}")
_GROUPS = frozenset({
    "info", "information", "sales", "support", "team", "office", "contact", "contacts", "contactus",
    "kontakt", "hello", "hi", "hallo", "hola", "bonjour", "admin", "administrator",
    "administration",
    "billing", "invoice", "invoices", "accounts", "accounting", "buchhaltung", "finance", "service",
    "services", "customerservice", "customercare", "kundenservice", "help", "helpdesk", "desk",
    "mail", "email", "post", "shop", "store", "order", "orders", "bestellung", "marketing", "hr",
    "jobs", "careers", "press", "presse", "media", "pr", "legal", "privacy", "security", "abuse",
    "webmaster", "hostmaster", "root", "reception", "frontdesk", "booking", "bookings",
    "reservations", "reservation", "enquiries", "enquiry", "inquiries", "inquiry", "feedback",
    "newsletter", "news", "all", "everyone", "staff", "it", "itsupport", "purchasing",
    "procurement",
    "einkauf", "vertrieb", "verkauf", "secretary", "sekretariat", "welcome", "members", "lists",
    "list", "users", "group", "community", "events", "facturacion", "ventas", "compras", "contacto",
    "contatti", "vendite", "commercial", "comptabilite",
})  # fmt: skip
"""Mailboxes that several people read and write from (RFC 2142 and the usual ones)."""

_DOTTED_AND_TAGGED = frozenset({"gmail.com", "googlemail.com"})
_TAGGED = frozenset({
    "outlook.com", "hotmail.com", "live.com", "icloud.com", "me.com", "mac.com", "proton.me",
    "protonmail.com", "pm.me", "fastmail.com", "fastmail.fm",
})  # fmt: skip
"""Providers that deliver ``anna+anything`` to ``anna``."""


def is_nobodys(local_part: str, domain: str) -> bool:
    """Return whether an address, folded, is no person's: unread, a robot's, a placeholder."""
    mailbox = _untagged(local_part)
    if mailbox == domain.partition(".")[0] and (
        mailbox in _NOBODY_TWICE or _ONE_LETTER.fullmatch(mailbox)
    ):
        return True
    joined = _SEPARATORS.sub("", mailbox)
    if joined in _NOBODY or _ROBOT.fullmatch(joined) or _BOUNCE.match(mailbox):
        return True
    starts = [match.end() for match in _SEPARATORS.finditer(mailbox)]
    return any(_UNREAD.match(_SEPARATORS.sub("", mailbox[start:])) for start in (0, *starts))


def is_groups(local_part: str) -> bool:
    """Return whether a folded local part names a group or a role instead of a person."""
    mailbox = _untagged(local_part)
    return (
        mailbox.startswith("owner-") or _SEPARATORS.sub("", mailbox).rstrip("0123456789") in _GROUPS
    )


def provider_mailbox(local_part: str, domain: str) -> str | None:
    """Return the mailbox that the provider delivers this address to, or None if it does not say.

    Gmail ignores dots and what follows a plus; the others listed ignore what follows a plus.
    """
    if domain in _DOTTED_AND_TAGGED:
        return f"{_untagged(local_part).replace('.', '')}@gmail.com"
    if domain in _TAGGED:
        return f"{_untagged(local_part)}@{domain}"
    return None


def _untagged(local_part: str) -> str:
    return local_part.partition("+")[0] or local_part
