"""The base class of all errors that bad input can cause in `model`."""


class ModelError(ValueError):
    """Bad input. The message is one line that says what is wrong and what to do."""
