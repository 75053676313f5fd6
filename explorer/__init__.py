"""What a person sees or types: the command line and the Textual application."""

__version__ = "0.1.0"
