"""The checks: each module has ``check(tree)``, which yields what breaks its rule."""
