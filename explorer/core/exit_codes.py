"""Exit codes of the commands, also used by a training process to report its end to the application."""

ERROR = 2
"""Any error, described in one line on standard error."""

INTERRUPTED = 130
"""Stopped by Ctrl-C or on request; a training run has been saved."""
