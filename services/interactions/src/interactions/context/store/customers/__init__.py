"""What is kept of customers over time, beside their profiles as they are now."""
