"""Models of other architectures than GPT-2's, run by `transformers`, behind the interface of `model.interface`."""
