"""How fast the product is, beside what the machine could do at most: ``make bench``."""
