"""The application's widgets, one file each."""
