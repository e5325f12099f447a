"""Placeholders: values that stand for nobody. Linking one would merge strangers.

They come from forms, imports, templates that nobody filled, and networks that withhold a number.
"""

import re

_QUOTES = "\"'`\\\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"

_NOBODY = frozenset({
    "null", "none", "nil", "nul", "undefined", "undef", "nan", "nat", "na", "unknown", "unbekannt",
    "inconnu", "desconocido", "anonymous", "anon", "anonym", "anonyme", "guest", "blank", "empty",
    "void", "missing", "invalid", "nobody", "noone", "tbd", "tba", "tbc", "unavailable", "withheld",
    "restricted", "private", "blocked", "unidentified", "unspecified", "unassigned", "dummy",
    "placeholder", "nothing", "nvt", "deleted", "removed", "redacted", "erased", "anonymised",
    "anonymized", "unauthenticated", "unregistered", "hidden", "desconhecido", "sconosciuto",
    "onbekend", "okänd", "ukjent", "ukendt", "tuntematon", "nieznany", "neznámý", "bilinmiyor",
    "неизвестно", "неизвестный", "нет", "аноним", "なし", "不明", "匿名", "未知", "无", "無",
    "没有",
    "없음", "익명", "مجهول", "ninguno", "nenhum", "nessuno", "aucun", "brak",
})  # fmt: skip
"""Words that say that there is no value."""

_NEGATIONS = frozenset({
    "no", "not", "non", "without", "kein", "keine", "keiner", "sans", "sin", "sem", "não", "ikke",
    "inte", "niet", "geen", "не", "logged", "signed",
})  # fmt: skip
_FILLERS = frozenset({
    "user", "customer", "client", "contact", "person", "visitor", "caller", "sender", "member",
    "email", "mail", "e", "phone", "telephone", "mobile", "number", "name", "id", "value",
    "address",
    "given", "provided", "available", "set", "applicable", "authenticated", "specified", "entered",
    "known", "found", "defined", "supplied", "present", "in", "out", "login", "yet", "the", "data",
    "object", "type", "record", "field", "a", "n", "angabe", "angaben", "info", "checkout",
    "account",
    "vorhanden", "bekannt", "angegeben", "renseigné", "communiqué", "disponible", "informado",
    "informada", "datos", "aplica", "dato", "указан", "указано", "указана", "номер",
})  # fmt: skip
"""Words that, beside one of the two sets above, add nothing."""
_EMPTY_WORDS = _NOBODY | _NEGATIONS | _FILLERS

_ALONE = frozenset({
    "-1", "true", "false", "yes", "no", "object", "test", "user", "customer", "email", "phone",
    "id",
    "distinct_id", "user_id", "userid", "customer_id", "client_id", "example.com", "0x0", "xxx",
    "xxxx", "n.v.t.", "k.a.", "s/o", "n", "y", "default", "admin", "me", "self", "inf", "-inf",
    "infinity", "-infinity", "loggedout", "signedout", "noid", "noname", "noemail", "nophone",
    "string", "asdf", "qwerty", "foo", "bar", "foobar", "test user", "testuser", "test_user",
    "default_user", "object object", "to be determined", "to be confirmed", "s/n", "s/d", "n.n.",
    "b/d", "keine", "ffffffff-ffff-ffff-ffff-ffffffffffff", "email@example.com", "user@example.com",
    "name@example.com", "you@example.com", "your.email@example.com", "youremail@example.com",
    "your@email.com", "name@domain.com", "user@domain.com", "email@domain.com",
})  # fmt: skip
"""Values that are placeholders as they stand."""

_COOKIES = frozenset({
    "deleted", "optout", "opt-out", "opt_out", "expired", "rejected", "denied", "declined",
    "revoked", "cleared", "removed", "disabled", "session", "cookie", "optedout", "opted-out",
    "opted_out", "opt out", "dnt", "do-not-track", "donottrack", "consent", "no-consent",
})  # fmt: skip
"""What a browser or a consent manager leaves in place of a visitor's id."""

_SPREADSHEET_ERROR = re.compile(r"#(?:n/?a|ref!?|value!?|name\??|null!?|num!?|div/0!?|error!?)")
_TEMPLATE = re.compile(
    r"\{\{.*\}\}|\{%.*%\}|\$\{.*\}|\{\$.*\}|#\{.*\}|<%.*%>|<<.*>>|%%.*%%|\[\[.*\]\]|\[%.*%\]"
    r"|\*\|.*\|\*|@@.*@@|##.*##|%\(.*\)s|\{\d*\}|%[sd]|\$\d"
    r"|%[a-z_.\-]{2,}%|__[a-z_]+__|\$[a-z_]+|:[a-z_]+|function ?\(.*",
    re.DOTALL,
)
"""A template's hole that nobody filled."""
_BRACKETED_WORDS = re.compile(r"[\[({<][^\d@]*[\])}>]")
"""Words in brackets, such as ``[email]`` and ``<NA>``. One with digits may be an id."""

_SENTINEL = re.compile(r"-(?:\d|9{2,})")
"""A negative number that some program writes for a missing one."""

_PATTERNS = (_SPREADSHEET_ERROR, _TEMPLATE, _BRACKETED_WORDS, _SENTINEL)

_SEPARATORS = re.compile(r"[\s_\-./,:;|@]+")
_ONE_DIGIT = re.compile(r"\+?(?:[\s().\-]*(\d))(?:[\s().\-]*\1){5,}[\s().\-]*")
"""One digit repeated at least six times, in any grouping: ``111 1111``."""
_ONE_AND_ZEROS = re.compile(r"\+?\d{1,3}(?:0{6,}|(\d)\1{8,})")
"""A country code followed by one digit only: ``+10000000000``, ``+1 555 555 5555``."""

_COUNTING = frozenset({
    "0123456789", "1234567890", "123456789", "12345678", "1234567", "123456", "9876543210",
    "987654321", "11234567890", "01234567890", "12345678901", "123456789012", "441234567890",
    "491234567890",
})  # fmt: skip

WITHHELD_NUMBERS = frozenset({
    "266696687", "7378742833", "2562533", "8566696", "8656696", "86282452253", "464",
})  # fmt: skip
"""Digits that networks send for a withheld caller: the letters of ANONYMOUS, RESTRICTED, BLOCKED,
UNKNOWN, UNAVAILABLE on a telephone's keys."""


_WITHHELD_WORDS = frozenset({
    "p", "o", "u", "hidden number", "out of area", "wireless caller", "caller id blocked",
    "unavailable caller", "payphone", "coinline", "unterdrückt", "nummer unterdrückt",
    "rufnummer unterdrückt", "masqué", "numéro masqué", "numéro privé", "número oculto", "oculto",
    "número privado", "privado", "numero privato", "privato", "numero nascosto", "anoniem",
    "skjult nummer", "hemligt nummer", "dolt nummer", "номер скрыт", "скрытый номер", "非通知",
    "非通知設定", "通知不可能", "表示圏外", "公衆電話", "未知来电", "隐藏号码",
})  # fmt: skip
"""What networks and exchanges write for a caller who withholds the number."""


def is_withheld(text: str) -> bool:
    """Return whether a caller's name or number says that it is withheld."""
    return text.casefold().strip(" ()[]<>.") in _WITHHELD_WORDS


def is_placeholder(text: str) -> bool:
    """Return whether a value of any type stands for nobody; case and quotes do not matter."""
    bare = _unquoted(text).casefold()
    return (
        bare in _ALONE
        or not any(map(str.isalnum, bare))
        or not bare.strip("0 ._-+*#/:()[]{}x")
        or (bare == "n" and "\\" in text)
        or any(pattern.fullmatch(bare) for pattern in _PATTERNS)
        or _says_nothing(bare)
    )


def is_placeholder_cookie(text: str) -> bool:
    """Return whether a cookie's or a device's id stands for no visitor."""
    return _unquoted(text).casefold() in _COOKIES


def is_placeholder_number(digits: str) -> bool:
    """Return whether a telephone number, in digits with or without a plus, belongs to nobody."""
    bare = digits.lstrip("+")
    return (
        not bare.strip("0")
        or bare in WITHHELD_NUMBERS
        or bare in _COUNTING
        or bool(_ONE_DIGIT.fullmatch(digits) or _ONE_AND_ZEROS.fullmatch(digits))
    )


def _says_nothing(bare: str) -> bool:
    words = [word for word in _SEPARATORS.split(bare.strip("()[]{}<>#!?*")) if word]
    if not words or not all(word in _EMPTY_WORDS for word in words):
        return False
    if any(word in _NOBODY for word in words):
        return True
    return len(words) > 1 and (words[0] in _NEGATIONS or words in (["n", "a"], ["k", "a"]))


def _unquoted(text: str) -> str:
    return text.strip().strip(_QUOTES + " \t\r\n")
