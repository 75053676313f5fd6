"""Small modal screens."""
