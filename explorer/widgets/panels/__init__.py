"""Panels about one query, one cell or one comparison."""
