"""The limits of the machine, and the meters that are read beside every measurement."""
