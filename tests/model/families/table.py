"""The table of families in the README: `python -m tests.model.families.table` writes it anew.

Each line that says "works" is a family that the tests open and compare with `transformers`, each "not" one that they
see refused.
"""

from dataclasses import replace
from pathlib import Path

from tests.model.families.making import PARTLY, REFUSED, WORKS, Family

README = Path(__file__).parents[3] / "README.md"
BEGIN, END = "<!-- families: written by python -m tests.model.families.table -->", "<!-- end of families -->"
OLDEST = (4, 56)


def lines() -> list[str]:
    """The lines of the table."""
    native = "| GPT-2 | `gpt2` | works | natively, without `transformers`; an output of its own as well |"
    return [
        f"<details><summary>{len(WORKS) + 1} families work, {len(PARTLY)} partly, {len(REFUSED)} are refused</summary>",
        "",
        "| family | `model_type` | | |",
        "| --- | --- | --- | --- |",
        native,
        *(f"| {each.label} | `{each.model_type}` | works | {_note(each)} |" for each in WORKS),
        *(f"| {each.label} | `{each.model_type}` | partly | {_others(each)} |" for each in PARTLY),
        *(f"| {each.label} | `{each.model_type}` | not | its code bypasses the interface |" for each in REFUSED),
        "",
        "</details>",
    ]


def _note(each: Family) -> str:
    since = "" if each.since == OLDEST else f"from transformers {each.since[0]}.{each.since[1]} on"
    return "; ".join(part for part in (each.shows, since) if part)


def _others(each: Family) -> str:
    since = _note(replace(each, shows=""))
    return "; ".join(part for part in (f"the layers with attention, not those with {each.shows}", since) if part)


def written(readme: str) -> str:
    """The README with the table in its place."""
    before, _, rest = readme.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"there is no place for the table: {BEGIN} … {END}")
    return "\n".join([before + BEGIN, "", *lines(), "", END]) + after


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
