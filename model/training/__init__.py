"""The trainer and what it writes."""
