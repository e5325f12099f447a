"""What this service knows of customers: which id leads to which, and who is erased."""
