"""Checks of what people read: documents, error texts, requirements, subjects of commits."""
