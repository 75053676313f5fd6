"""Widgets that show every head at once."""
