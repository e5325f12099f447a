"""The ids of the story that all examples tell, those of the API and those of events.

Services share nothing else, and an id must mean the same thing in the examples of each. Every id is
a UUIDv7 of the moment in the story at which it is made. ``tests/examples`` plays the story.
"""

ANNA = "01a207bd-a391-7b52-9c1f-3a5d0e7b4c21"
ANNA_BY_PHONE = "01a20774-6bc0-7e8a-8f60-91c2d4e6a803"
"""A customer who turns out to be Anna."""
BO = "01a20774-6bc0-7d20-8b3e-0c6f1a2b3d47"
BO_BY_PHONE = "01a20774-6bc0-7a11-9f00-5b4c3d2e1f68"
"""A customer who turns out to be Bo."""
NEIGHBOUR = "01a2087d-ec80-7b1e-8d20-7a8b9c0d1e2f"
"""Whose the telephone is that Anna once called from."""

LINDQVISTS = "01a20887-1440-7e31-8d2c-4b5a69788796"
"""Anna's household."""
NORDLYS = "01a20887-1440-7b64-9c3d-5e4f60718293"
"""The company that Anna works for, an account."""

CONVERSATION = "01a207bd-aa4c-7a52-9c3d-1e2f3a4b5c6d"
"""Anna asks about her order, in a chat."""
QUESTION = "01a207bd-aa4c-7b52-8e0e-6d2f6f3b9c01"
ANSWER = "01a207f8-41c0-7b52-8e0e-6d2f6f3b9c03"
NOTE = "01a207f8-41c0-7b52-8e0e-6d2f6f3b9c04"
FOLLOW_UP = "01a20814-a360-7b52-8e0e-6d2f6f3b9c05"
CALL_BACK = "01a20815-8dc0-7b52-8e0e-6d2f6f3b9c02"
"""An interaction whose customer is unknown at first, and its conversation."""
CALL_BACK_CONVERSATION = "01a20815-8dc0-7a52-9c3d-1e2f3a4b5c6e"
SEQUENCE = 4711
"""The place of the question in the change feed."""

GOLD_POLICY = "01a20774-6bc0-7c0d-8e0f-101112131415"
OTHER_POLICY = "01a20774-6bc0-7c0d-8e0f-101112131416"
STOCKHOLM = "01a2076b-4400-7c0d-8e0f-101112131417"
"""A calendar whose id the service chose."""
FIRST_RESPONSE = "01a207bd-aaa6-7d0e-8b1f-4a5b6c7d8e9f"
RESOLUTION = "01a207bd-aaa6-7d0e-8b1f-4a5b6c7d8ea0"
NEXT_RESPONSE = "01a20814-a400-7d0e-8b1f-4a5b6c7d8ea1"
"""The clocks of the conversation, by their metric."""

ANNAS_MERGE = "01a20870-30e0-7c44-b3d8-5e2a6f0c9b17"
BOS_MERGE = "01a20874-c4c0-7c4d-9a10-6b7c8d9e0f12"
BOS_ERASURE = "01a2087d-ec80-7e5a-8c11-7a8b9c0d1e2f"
"""Bo leaves, and is forgotten."""
SUPPRESSION = "01a20887-1440-7f6b-9d22-8b9c0d1e2f30"
"""A contact point that must not be processed."""
KIOSK_USERS = tuple(f"01a208a3-75e0-7e66-8182-9e0f1a2b3{n:03x}" for n in range(12))
"""People who share one address."""
READERS_MERGE = "01a208a4-6040-7c4d-9a10-6b7c8d9e0f13"
READERS_UNDO = "01a208a5-4aa0-7e11-8c3d-4f5a6b7c8d9e"
"""The decision that undoes it."""
NEIGHBOURS_DECISION = "01a208a7-1f60-7e22-9d4e-5a6b7c8d9e0f"
"""That Anna and her neighbour are two persons."""
UNLINKING = "01a208a8-f420-7e33-8e5f-6b7c8d9e0f1a"
SPLITTING = "01a208a8-09c0-7e44-9f60-7c8d9e0f1a2b"
LODGER = "01a208a8-09c0-7e55-8071-8d9e0f1a2b3c"
"""Whose the telephone is after all."""
RELEASE = "01a208aa-c8e0-7e77-8293-af1b2c3d4e5f"
