"""What happened and where it belongs: conversations, interactions, the vault, the change feed."""

from alembic import op

from common.migrations import schema

revision = "2026_11_23_0001"
down_revision = None
branch_labels = None
depends_on = None

HASH_PARTITIONS = 16

_CONVERSATION = """
CREATE TABLE conversation (
    tenant_id          text        NOT NULL,
    conversation_id    uuid        NOT NULL,
    -- The customer as first known, for ever; the nil UUID while nobody knows.
    origin_customer_id uuid        NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    -- The identifier that the contact came with, so that an unresolved contact finds its thread.
    contact_key        text,
    channel            text        NOT NULL,
    channel_account    text,
    status             text        NOT NULL,
    priority           text,
    team               text,
    assignee           text,
    tags               text[]      NOT NULL DEFAULT '{}',
    language           text,
    brand              text,
    customer_tier      text,
    subject            text,
    -- The number of the last event told about this conversation.
    version            bigint      NOT NULL,
    opened_at          timestamptz NOT NULL,
    last_activity_at   timestamptz NOT NULL,
    last_inbound_at    timestamptz,
    last_outbound_at   timestamptz,
    -- The oldest public message of the customer that nobody has answered.
    waiting_since      timestamptz,
    first_response_at  timestamptz,
    interaction_count  integer     NOT NULL DEFAULT 0,
    reopen_count       integer     NOT NULL DEFAULT 0,
    resolved_at        timestamptz,
    closed_at          timestamptz,
    -- The conversation that this one goes on from, because that one was closed or not the sender's.
    follows_id         uuid,
    attributes         jsonb       NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, conversation_id)
)
"""

_INTERACTION = """
CREATE TABLE interaction (
    tenant_id           text        NOT NULL,
    -- The customer it arrived with, for ever; the nil UUID until identity has said who it was.
    origin_customer_id  uuid        NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    interaction_id      uuid        NOT NULL,
    conversation_id     uuid        NOT NULL,
    sequence            bigint      NOT NULL,
    xid                 xid8        NOT NULL DEFAULT pg_current_xact_id(),
    channel             text        NOT NULL,
    kind                text        NOT NULL,
    direction           text        NOT NULL,
    author_type         text        NOT NULL,
    author_id           text,
    author_name         text,
    private             boolean     NOT NULL DEFAULT false,
    automated           boolean     NOT NULL DEFAULT false,
    subject             text,
    text                text,
    data                jsonb       NOT NULL DEFAULT '{}',
    attachments         jsonb       NOT NULL DEFAULT '[]',
    identifiers         jsonb       NOT NULL DEFAULT '[]',
    provider_name       text,
    provider_account    text,
    provider_message_id text,
    in_reply_to         text,
    occurred_at         timestamptz NOT NULL,
    received_at         timestamptz NOT NULL,
    recorded_at         timestamptz NOT NULL,
    time_source         text        NOT NULL,
    -- The time that was claimed, when it could not be believed.
    time_claim          text,
    backfill            boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, origin_customer_id, interaction_id)
) PARTITION BY HASH (origin_customer_id)
"""

_PROVIDER_MESSAGE = """
CREATE TABLE provider_message (
    tenant_id          text        NOT NULL,
    provider_name      text        NOT NULL,
    provider_account   text        NOT NULL,
    message_id         text        NOT NULL,
    interaction_id     uuid        NOT NULL,
    origin_customer_id uuid        NOT NULL,
    -- Digest of the content, to notice another message under the same id.
    fingerprint        bytea       NOT NULL,
    recorded_at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, provider_name, provider_account, message_id)
) PARTITION BY HASH (message_id)
"""

_RAW_DELIVERY = """
CREATE TABLE raw_delivery (
    tenant_id    text        NOT NULL,
    received_at  timestamptz NOT NULL,
    delivery_id  uuid        NOT NULL,
    provider     text        NOT NULL,
    account      text        NOT NULL,
    headers      jsonb       NOT NULL,
    body         bytea       NOT NULL,
    state        text        NOT NULL CHECK (state IN ('received', 'processed', 'quarantined')),
    reason       text,
    attempts     integer     NOT NULL DEFAULT 0,
    leased_until timestamptz,
    finished_at  timestamptz,
    PRIMARY KEY (tenant_id, received_at, delivery_id)
) PARTITION BY RANGE (received_at)
"""

_STATEMENTS = (
    "CREATE SEQUENCE interaction_sequence",
    _CONVERSATION,
    (
        "CREATE INDEX conversation_customer ON conversation"
        " (tenant_id, origin_customer_id, last_activity_at DESC)"
    ),
    (
        "CREATE INDEX conversation_contact ON conversation"
        " (tenant_id, contact_key, channel, last_activity_at DESC) WHERE contact_key IS NOT NULL"
    ),
    _INTERACTION,
    (
        "CREATE INDEX interaction_timeline ON interaction"
        " (tenant_id, origin_customer_id, occurred_at DESC, sequence DESC)"
    ),
    (
        "CREATE INDEX interaction_conversation ON interaction"
        " (tenant_id, conversation_id, occurred_at DESC, sequence DESC)"
    ),
    _PROVIDER_MESSAGE,
    "CREATE INDEX provider_message_id ON provider_message (tenant_id, message_id)",
    _RAW_DELIVERY,
    "CREATE TABLE raw_delivery_default PARTITION OF raw_delivery DEFAULT",
    "CREATE INDEX raw_delivery_waiting ON raw_delivery (received_at) WHERE state = 'received'",
    (
        "CREATE INDEX raw_delivery_quarantined ON raw_delivery (tenant_id, received_at)"
        " WHERE state = 'quarantined'"
    ),
    # Apart from the vault, because a key must be unique over all of the vault's days.
    """
    CREATE TABLE raw_delivery_key (
        tenant_id    text        NOT NULL,
        provider     text        NOT NULL,
        account      text        NOT NULL,
        delivery_key text        NOT NULL,
        delivery_id  uuid        NOT NULL,
        received_at  timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, provider, account, delivery_key)
    )
    """,
    # The only table not led by the tenant: a provider's call names the account, and the account
    # is what tells the tenant.
    """
    CREATE TABLE channel_account (
        provider      text        NOT NULL,
        account       text        NOT NULL,
        tenant_id     text        NOT NULL,
        channel       text        NOT NULL,
        key_id        text        NOT NULL,
        sealed_secret bytea       NOT NULL,
        created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
        disabled_at   timestamptz,
        PRIMARY KEY (provider, account)
    )
    """,
    """
    CREATE TABLE known_identifier (
        tenant_id   text NOT NULL,
        type        text NOT NULL,
        scope       text NOT NULL DEFAULT '',
        lookup_key  text NOT NULL,
        customer_id uuid NOT NULL,
        level       text NOT NULL,
        PRIMARY KEY (tenant_id, type, scope, lookup_key)
    )
    """,
    "CREATE INDEX known_identifier_customer ON known_identifier (tenant_id, customer_id)",
    """
    CREATE TABLE customer_alias (
        tenant_id    text NOT NULL,
        origin_id    uuid NOT NULL,
        canonical_id uuid NOT NULL,
        PRIMARY KEY (tenant_id, origin_id)
    )
    """,
    "CREATE INDEX customer_alias_canonical ON customer_alias (tenant_id, canonical_id)",
    # Interactions that still wait for identity; a row leaves when its customer is known.
    """
    CREATE TABLE unresolved (
        tenant_id           text        NOT NULL,
        interaction_id      uuid        NOT NULL,
        conversation_id     uuid        NOT NULL,
        identifiers         jsonb       NOT NULL,
        claimed_customer_id uuid,
        observed_at         timestamptz NOT NULL,
        attempts            integer     NOT NULL DEFAULT 0,
        next_attempt_at     timestamptz NOT NULL,
        -- Why identity will never say who it was; such a row waits for a person.
        refused             text,
        PRIMARY KEY (tenant_id, interaction_id)
    )
    """,
    "CREATE INDEX unresolved_due ON unresolved (next_attempt_at) WHERE refused IS NULL",
    "CREATE INDEX unresolved_conversation ON unresolved (tenant_id, conversation_id)",
    """
    CREATE TABLE change (
        tenant_id       text        NOT NULL,
        sequence        bigint      NOT NULL,
        xid             xid8        NOT NULL DEFAULT pg_current_xact_id(),
        type            text        NOT NULL,
        recorded_at     timestamptz NOT NULL,
        conversation_id uuid        NOT NULL,
        customer_id     uuid,
        interaction_id  uuid,
        PRIMARY KEY (tenant_id, sequence)
    )
    """,
)

_TABLES = (
    "change",
    "unresolved",
    "customer_alias",
    "known_identifier",
    "channel_account",
    "raw_delivery_key",
    "raw_delivery",
    "provider_message",
    "interaction",
    "conversation",
    "idempotency",
    "api_key",
    "dead_letter",
    "consumer_progress",
    "inbox",
    "outbox",
)


def upgrade() -> None:
    for statement in (*schema.plumbing(), *_STATEMENTS):
        op.execute(statement)
    for table in ("interaction", "provider_message"):
        for part in range(HASH_PARTITIONS):
            op.execute(
                f"CREATE TABLE {table}_{part:02d} PARTITION OF {table}"
                f" FOR VALUES WITH (MODULUS {HASH_PARTITIONS}, REMAINDER {part})"
            )


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
    for sequence in ("interaction_sequence", "outbox_position"):
        op.execute(f"DROP SEQUENCE {sequence}")
