"""What writes the log of alerts."""
