"""The base class of all errors that bad input can cause in `model`."""


class ModelError(ValueError):
    """Bad input. The message is one line that says what is wrong and what to do."""


class SettingError(ModelError):
    """A size or setting called `name` is out of range."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


class NumericOverflowError(ModelError):
    """A model's numbers have become infinite or NaN, for example because of a large scale."""

    def __init__(self, model: str = "the model") -> None:
        super().__init__(f"the numbers of {model} overflow here: choose a smaller scale or another model")
