"""Generated clients at work (docs/how-to/generate-a-client.md)."""
