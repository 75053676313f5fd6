"""Readings and everything computed from them, without Textual."""
