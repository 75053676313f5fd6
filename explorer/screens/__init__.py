"""The application's screens, one file and one stylesheet each."""
