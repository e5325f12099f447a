"""What a run leaves behind: the table, the plans and the pages that show them."""
