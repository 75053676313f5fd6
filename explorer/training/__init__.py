"""Training runs started, watched and steered from the command line or the application."""
