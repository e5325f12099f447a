"""Twilio's webhooks for messages: SMS, MMS and WhatsApp.

Twilio signs the URL that it called, followed by the sorted fields of the form. It sends no time.
"""

import base64
import binascii
import hashlib
import hmac
import re
from urllib.parse import parse_qs, parse_qsl, urlsplit

from interactions.channels.kit.adapter import (
    Delivery,
    Headers,
    Signed,
    UnreadableError,
    only_header,
)
from interactions.history import (
    Author,
    AuthorType,
    Direction,
    Draft,
    Identifier,
    Kind,
    Level,
    ProviderKey,
    with_scope,
)

SIGNATURE_HEADER = "x-twilio-signature"
MAX_FIELDS = 1_000

_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{27}=")
"""Base64 of the 20 bytes of an HMAC-SHA1."""
_FIELD = re.compile(r"[A-Za-z0-9_]{1,64}")
_DEFAULT_PORTS = {"https": 443, "http": 80}
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_MIN_BASE64 = 60
_MOSTLY = 0.95
_CHANNELS = {"whatsapp": "whatsapp", "messenger": "messenger", "rcs": "phone"}
"""The channels that Twilio names before the sender, with the type of their identifiers."""


class Twilio:
    """Verifies and reads Twilio's calls."""

    name = "twilio"
    max_bytes = 65_536
    answer = ("text/xml", b'<?xml version="1.0" encoding="UTF-8"?><Response/>')

    def looks_signed(self, headers: Headers) -> bool:
        return _SIGNATURE.fullmatch(only_header(headers, SIGNATURE_HEADER) or "") is not None

    def is_genuine(self, call: Signed, secret: str) -> bool:
        """Compare signatures over the URL with and without its port: Twilio uses either."""
        given = (call.header(SIGNATURE_HEADER) or "").encode()
        signed = _signed_fields(call)
        genuine = False
        for url in _with_and_without_port(call.url):
            expected = signature(secret, url, signed or []).encode()
            genuine |= len(given) == len(expected) and hmac.compare_digest(given, expected)
        return genuine and signed is not None

    def delivery_key(self, call: Signed) -> str | None:
        """Return the signature: it covers the URL and the fields, unlike Twilio's own token."""
        return call.header(SIGNATURE_HEADER)

    def read(self, delivery: Delivery) -> list[Draft]:
        """Return the message, or nothing for a status report on an outbound message."""
        fields = _fields(delivery.body)
        if fields is None:
            raise UnreadableError("not_a_form")
        first = {name: value.replace("\0", "") for name, value in reversed(fields)}
        if first.get("MessageStatus", first.get("SmsStatus", "received")) != "received":
            return []
        message_id, sender = first.get("MessageSid") or first.get("SmsSid"), first.get("From")
        if not message_id or not sender:
            raise UnreadableError("no_message_id" if sender else "no_sender")
        channel = _channel(sender, delivery)
        return [
            Draft(
                channel=channel,
                kind=Kind.MESSAGE,
                direction=Direction.INBOUND,
                author=Author(AuthorType.CUSTOMER, name=first.get("ProfileName")),
                received_at=delivery.received_at,
                channel_account=delivery.account,
                identifiers=(_identifier(sender, delivery),),
                text=_text(first.get("Body", "")),
                data=_data(first),
                attachments=_attachments(first),
                provider=ProviderKey(self.name, delivery.account, message_id),
            )
        ]


def signature(secret: str, url: str, fields: list[tuple[str, str]]) -> str:
    """Return the base64 of HMAC-SHA1 over the URL and the distinct fields, sorted."""
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _signed_fields(call: Signed) -> list[tuple[str, str]] | None:
    """Return the signed fields, or None if the body cannot be Twilio's.

    A body that is not a form is not signed itself; its digest is part of the signed URL.
    """
    stated = parse_qs(urlsplit(call.url).query).get("bodySHA256", [])
    content_type = (call.header("content-type") or "").partition(";")[0].strip().lower()
    if content_type == "application/x-www-form-urlencoded":
        return _fields(call.body)
    actual = hashlib.sha256(call.body).hexdigest()
    return (
        [] if len(stated) == 1 and hmac.compare_digest(_bytes(stated[0]), _bytes(actual)) else None
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _fields(body: bytes) -> list[tuple[str, str]] | None:
    try:
        fields = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        return None
    # Names and values are signed without boundaries, so a name must at least look like one.
    return fields if all(_FIELD.fullmatch(name) for name, _ in fields) else None


def _with_and_without_port(url: str) -> list[str]:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    bare = host if host.endswith("]") else re.sub(r":[0-9]+$", "", host)
    port = host[len(bare) + 1 :] or str(_DEFAULT_PORTS.get(parts.scheme, ""))
    # Joined by hand, because a URL library would normalise the text that Twilio signed.
    start, rest = f"{parts.scheme}://", url[len(f"{parts.scheme}://{parts.netloc}") :]
    return [f"{start}{bare}{rest}", f"{start}{bare}:{port}{rest}"]


def _channel(sender: str, delivery: Delivery) -> str:
    """Return the channel that the sender names, or that of the account's plain messages."""
    scheme, _, _ = sender.partition(":")
    return scheme if scheme in _CHANNELS else delivery.channel


def _identifier(sender: str, delivery: Delivery) -> Identifier:
    """Return the channel-proved sender; ids that are no numbers are unique within the account."""
    scheme, named, value = sender.partition(":")
    kind = _CHANNELS.get(scheme) if named else "phone"
    identifier = Identifier(
        kind or "phone",
        value if named and kind else sender,
        level=Level.CHANNEL_PROVED,
        region=delivery.region,
    )
    return with_scope(identifier, account=delivery.account)


def _text(body: str) -> str:
    """Return the text; a long text may arrive as base64 and is decoded if it clearly is."""
    if len(body) < _MIN_BASE64 or len(body) % 4 or not _BASE64.fullmatch(body):
        return body
    try:
        decoded = base64.b64decode(body, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return body
    plain = sum(c.isascii() and (c.isprintable() or c in "\r\n\t") for c in decoded)
    return decoded if plain >= _MOSTLY * len(decoded) else body


def _data(fields: dict[str, str]) -> dict[str, str]:
    kept = {"to": "To", "country": "FromCountry", "city": "FromCity", "opt_out": "OptOutType"}
    return {name: fields[field] for name, field in kept.items() if fields.get(field)}


def _attachments(fields: dict[str, str]) -> list[dict[str, str]]:
    count = fields.get("NumMedia", "0")
    urls = range(min(int(count), 10) if count.isascii() and count.isdigit() else 0)
    return [
        {"url": fields[f"MediaUrl{n}"], "media_type": fields.get(f"MediaContentType{n}", "")}
        for n in urls
        if f"MediaUrl{n}" in fields
    ]
