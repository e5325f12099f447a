"""The order in which the examples of the API happen, and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

_DAY = "2026-11-23"
_STORY = """
08:00:00     read_version identity
             read_version interactions
             read_version sla
             list_identifier_types none
             put_identifier_type new
             list_identifier_types whole
             read_identifier_type card
             put_identifier_type changed
             read_identifier_type renamed
             list_calendars none
             list_policies none
             put_calendar_by_name weekdays
             list_calendars whole
             read_calendar generated_id
             put_calendar new
             put_calendar unchanged_since
             put_calendar_by_name with_exceptions
             read_calendar own_id
08:10:00     create_policy gold
             create_policy everybody
             list_policies whole
             read_policy first_version
             resolve_identifiers_batch nobody
             resolve_identifiers_batch three_customers
09:29:58.417 resolve_identifiers new_customer
             resolve_identifiers look_up
09:30:00.140 record_interaction message
             record_interaction repeated
             record_interactions repeated
             read_conversation waiting
             list_changes one
09:30:00.230 -
09:30:20     receive_webhook message
             receive_webhook status_report
09:30:40     resolve_identifiers another_identifier
09:31:00     patch_conversation assign
09:32:00     patch_conversation escalate
09:45:00     resolve_identifiers attribute
09:45:00.150 -
10:15:00.180 -
10:16:00     list_alerts warning
             list_alerts no_breach
             stream_alerts missed
             stream_alerts too_many
             list_clocks of_conversation
             list_clocks nothing_late
             read_clock running
             read_context two_parts
             read_timeline chats
             read_timeline nothing
             lookup_context by_email
             lookup_context by_number
10:18:19     read_context partial          (sla is silent)
10:25:00.180 -
10:30:00.312 -                             (interactions is silent)
10:30:10     -                             (interactions is silent)
10:30:20     -                             (interactions is silent)
10:30:30.312 -                             (interactions is silent)
10:34:00     record_interactions answer_and_note (interactions is silent)
10:34:00.022 read_clock met
10:40:00     patch_conversation wait
10:40:00.150 -
11:05:00     record_interaction follow_up
11:05:00.160 -
11:06:00     record_interaction unresolved (identity is away)
             list_changes end
11:07:00     -
11:30:00     patch_conversation resolve
             read_conversation resolved
11:30:00.170 -
12:00:00     patch_conversation reopen
12:30:00     patch_conversation close
12:45:00     resolve_identifiers proved
             read_customer canonical
             read_customer absorbed
             read_customer_graph canonical
             read_customer_graph absorbed
             explain_customer proved
             explain_customer by_way_of_another
             list_customers of_tier
             list_customers nobody
             search_customers by_name
             search_customers by_prefix
             search_customers by_identifier
             read_attributes now
             read_attributes at_a_time
             read_attribute_history tier
             read_attribute_history nothing
12:48:00     export_customer named
             export_customer number
12:50:00     merge_customers preview
             merge_customers merge
             merge_customers again
12:52:00     patch_customer set
12:53:00     patch_customer clear
12:55:00     resolve_identifiers claim
13:00:00     resolve_identifiers another_person
             put_policy replace
             put_policy unchanged_since
             read_policy disabled
13:10:00     list_groups whole
             save_group household
             save_group account
             list_groups accounts
             look_up_groups by_landline
             look_up_groups by_external_id
13:11:00     save_group_member parent
             save_group_member absorbed
13:12:00     save_group again
             read_group household
             read_group account
             list_group_members household
             list_group_members present
             list_customer_groups present
             list_customer_groups nowhere
13:13:00     remove_group_member one_role
             remove_group_member no_member
13:14:00     remove_group unchanged_since
             remove_group again
13:20:00     erase_customer preview
             erase_customer erase
             erase_customer again
             read_erasure under_way
13:30:00     read_erasure complete
             read_receipt signed
             read_receipt later
             list_receipt_keys present
             list_receipt_keys unchanged
             suppress_contact_point address
             suppress_contact_point again
13:40:00     lift_suppression lift
             lift_suppression again
             sign_up back
             sign_up new
13:41:00     resolve_identifiers_batch shared_by_many
13:42:00     merge_customers readers
13:43:00     undo_merge preview
             undo_merge undo
             undo_merge again
13:44:00     list_customer_merges of_the_engine
             list_customer_merges undone
             list_customer_decisions undone
             list_customer_decisions none
13:45:00     keep_customers_apart two_persons
             keep_customers_apart again
13:46:00     split_customer preview
             split_customer split
13:47:00     unlink_identifier preview
             unlink_identifier unlink
13:48:00     withdraw_decision preview
             withdraw_decision withdraw
13:49:00     release_identifier release
             release_identifier again
13:50:00     list_match_candidates nothing
             resolve_identifiers_batch look_alikes
13:51:00     list_match_candidates open
             read_match_candidate open
13:52:00     decide_match_candidate different
             decide_match_candidate again
             read_match_candidate decided
13:55:00     read_rules settings
             list_rules none
             list_rules_runs none
             save_rules first
             save_rules again
             list_rules whole
             read_rules_version draft
             read_rules_version settings
13:56:00     simulate_rules first
             read_rules_run running
13:57:00     read_rules_run done
             list_rules_effects blocked
             apply_rules first
             list_rules_effects none
             list_rules_runs whole
             read_rules in_force
13:58:00     simulate_rules settings
13:59:00     apply_rules back
"""


@dataclass(frozen=True)
class Step:
    """An example, or None where the services only go on, and the time if it is another one."""

    at: datetime | None
    example: str | None
    silent: str | None
    """A service of which the others hear nothing."""
    away: bool
    """Whether identity does not answer."""


def steps() -> Iterator[Step]:
    for line in _STORY.strip().splitlines():
        at, named = line[:12].strip(), line[12:]
        example, _, condition = named.strip().rstrip(")").partition("(")
        service, _, state = condition.partition(" is ")
        yield Step(
            at=datetime.fromisoformat(f"{_DAY}T{at}Z") if at else None,
            example=None if example.strip() == "-" else example.strip(),
            silent=service if state == "silent" else None,
            away=state == "away",
        )
