"""Examples of providers' webhooks, for the API's document."""

from common.web import Example

_PATH = {"provider": "twilio", "account": "+15005550006"}
_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

RECEIVE = (
    Example(
        name="message",
        summary="Twilio delivers an SMS",
        path=_PATH,
        body={
            "MessageSid": "SM1f0e8ae6ade43cb3c0ce4525424e404f",
            "From": "+46701740607",
            "To": "+15005550006",
            "Body": "Are you open today?",
            "NumMedia": "0",
        },
        answer=_ANSWER,
    ),
    Example(
        name="status_report",
        summary="Twilio reports that a message arrived: nothing is recorded",
        path=_PATH,
        body={
            "MessageSid": "SM7b1c5d2e9f3a4b6c8d0e1f2a3b4c5d6e",
            "MessageStatus": "delivered",
            "From": "+15005550006",
            "To": "+46701740607",
        },
        answer=_ANSWER,
    ),
)
