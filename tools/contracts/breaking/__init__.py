"""Refuses changes of the contracts that would break a caller or a consumer of the last release."""
