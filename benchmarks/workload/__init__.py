"""Who calls, with what, and how much of it."""
