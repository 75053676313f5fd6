"""The one base class of what can be wrong with what a person or a file brings to `model`."""


class ModelError(ValueError):
    """Bad input: its message is one line that says what is wrong and what to do."""
