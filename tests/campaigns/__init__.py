"""Campaigns of hostile use: seeded random tries of the promises in `docs/trust.md`.

`pytest -m slow` runs a few tries of each. Many, or one again:

    python -m tests.campaigns NAME [--seed 1] [--tries 1000] [--first 0]

Each try has dice of its own, from the seed and its number: `--first 77 --tries 1` repeats one alone.
"""
