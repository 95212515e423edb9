"""The cards that come before the desk, or lie on it for a moment."""
