"""Measurements of the code: coverage, mutants, walks across files."""
