"""Two commits, measured in turns on one machine: ``make bench-compare BASE=<rev>``."""
