"""What a person sees or types: the command line and the Textual application."""
