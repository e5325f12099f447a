"""Checks the API as outsiders meet it: its description, and clients generated from it."""
