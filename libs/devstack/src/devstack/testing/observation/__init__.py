"""What tests see of processes: their logs, what these must not tell, and the CPU they take."""
