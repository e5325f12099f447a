"""Providers of channels: how each signs, what it sends, what it expects as an answer."""
