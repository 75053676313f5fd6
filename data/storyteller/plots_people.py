"""x."""
PLOTS = ""
