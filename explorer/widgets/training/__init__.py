"""Widgets that draw a training run."""
