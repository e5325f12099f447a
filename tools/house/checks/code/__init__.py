"""Checks of the code of the packages: what it imports, names, holds and calls."""
