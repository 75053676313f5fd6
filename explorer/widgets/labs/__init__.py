"""Widgets of the labs: pictures, code, parameters, and the question."""
