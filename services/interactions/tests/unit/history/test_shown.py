"""One description of a row gives its SQL, its type and its mask."""

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import pytest

from common.web.responses import Masker
from interactions.history import (
    OPEN,
    ConversationRow,
    ShortenedInteraction,
    ShownInteraction,
    ShownRow,
)
from interactions.history.domain.conversation import Conversation

BLIND = Masker(sees_pii=False)
PHONE = {"type": "phone", "value": "+442079460018", "raw": "020 7946 0018", "scope": None}
INTERACTION: dict[str, Any] = {
    "author": {"type": "customer", "id": "+442079460018", "name": "Anna Berg"},
    "subject": "Order 118",
    "text": "Where is it?",
    "data": {"order": "118", "items": [7, True, None]},
    "attachments": [{"media_type": "image/png", "size": 12, "url": "https://a.test/anna.png"}],
    "identifiers": [PHONE | {"level": "claimed"}],
    "provider": {"name": "twilio", "account": "+15005550006", "message_id": "SM1"},
    "in_reply_to": "SM0",
    "channel": "sms",
}


def test_names_in_free_json_are_shown_only_if_they_are_plain_words():
    data = {"order_id": 1, "anna@a.test": {"+442079460018": 1}, "call 5551234": 2, "n1234567": 3}
    masked = ShownInteraction.masked(INTERACTION | {"data": data}, BLIND)["data"]
    assert masked == {"order_id": "***", "***2": {"***1": "***"}, "***3": "***", "***4": "***"}


def test_an_attachment_shows_only_a_media_type_and_a_size():
    attachment = {
        "type": "anna@a.test",
        "media_type": "image/png",
        "size": "+4420",
        "size_bytes": 7,
    }
    [masked] = ShownInteraction.masked(INTERACTION | {"attachments": [attachment]}, BLIND)[
        "attachments"
    ]
    assert masked == {"type": "***", "media_type": "image/png", "size": "***", "size_bytes": 7}


def test_a_text_without_a_mask_is_refused():
    with pytest.raises(TypeError, match=r"Note\.text needs a mask"):

        class Note(ShownRow):
            text: str | None


def test_free_json_without_a_mask_is_refused():
    with pytest.raises(TypeError, match="needs a mask"):

        class Note(ShownRow):
            data: dict[str, Any]


def test_numbers_times_and_ids_need_no_mask():
    class Note(ShownRow):
        note_id: UUID
        size: int | None
        written_at: datetime

    assert Note.masked({"note_id": 1, "size": 2, "written_at": 3}, BLIND) == {
        "note_id": 1,
        "size": 2,
        "written_at": 3,
    }


def test_the_sql_reads_the_column_of_each_fields_name():
    class Note(ShownRow):
        note_id: UUID
        label: Annotated[str | None, OPEN]

    assert Note.sql("n") == (
        """concat('{"note_id":', '"', n.note_id, '"', """
        """',"label":', coalesce(to_json(n.label)::text, 'null'), '}')"""
    )


@pytest.mark.parametrize("model", [ConversationRow, ShownInteraction, ShortenedInteraction])
def test_the_sql_writes_every_field_in_order(model):
    names = re.findall(r"""[{,]"(\w+)":'""", model.sql("r"))
    nested = {"author": ["type", "id", "name"], "provider": ["name", "account", "message_id"]}
    expected = [[name, *nested.get(name, [])] for name in model.model_fields]
    assert names == [name for group in expected for name in group]


def test_a_masked_interaction_keeps_its_shape():
    assert ShownInteraction.masked(INTERACTION, BLIND) == {
        "author": {"type": "customer", "id": "***", "name": "A***"},
        "subject": "***",
        "text": "***",
        "data": {"order": "***", "items": ["***", True, None]},
        "attachments": [{"media_type": "image/png", "size": 12, "url": "***"}],
        "identifiers": [{"type": "phone", "value": "***18", "scope": None, "level": "claimed"}],
        "provider": {"name": "twilio", "account": "+15005550006", "message_id": None},
        "in_reply_to": None,
        "channel": "sms",
    }


def test_the_id_of_an_agent_is_not_masked():
    author = {"type": "agent", "id": "agent-17", "name": "Bob"}
    masked = ShownInteraction.masked(INTERACTION | {"author": author}, BLIND)
    assert masked["author"] == {"type": "agent", "id": "agent-17", "name": "B***"}


def test_what_an_interaction_lacks_stays_absent():
    absent = dict.fromkeys(("subject", "text", "data", "provider", "in_reply_to"))
    masked = ShownInteraction.masked(INTERACTION | absent, BLIND)
    assert {name: masked[name] for name in absent} == absent


def test_a_conversation_is_shown_by_the_fields_it_has():
    assert set(ConversationRow.model_fields) <= set(Conversation._fields)
