"""How the values of each type are written, a file per family of types."""
