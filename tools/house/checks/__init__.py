"""The checks, by what they look at: each module has ``check(tree)``, which yields the breaks."""
