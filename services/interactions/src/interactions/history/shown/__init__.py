"""How rows are shown: the type, the SQL and the mask of each field, in one place."""
