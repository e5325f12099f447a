"""Measures how fast the product is, next to the limits of the machine: ``make bench``."""
