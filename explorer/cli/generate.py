"""`explorer generate`: let a model go on with a text, token by token."""

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from data import bundled
from explorer.cli.main import given_text, heads_option
from explorer.core.formatting import visible
from model.errors import ModelError
from model.settings import AttentionSettings

if TYPE_CHECKING:
    from model.checkpoint import Checkpoint

_AS_THEY_ARE = " \n\t"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    model: str
    tokens: int
    temperature: float
    top_k: int | None
    top_p: float | None
    seed: int
    past_end: bool
    scale: float | None
    no_scale: bool
    no_mask: bool
    ablate: frozenset[tuple[int, int]]

    @property
    def settings(self) -> AttentionSettings:
        """The switches, which act on the whole model here."""
        if self.no_scale and self.scale is not None:
            raise click.UsageError("--scale and --no-scale contradict each other, give one of them")
        return AttentionSettings(
            causal=False if self.no_mask else None, scale=1.0 if self.no_scale else self.scale, ablated=self.ablate
        )


@click.command(name="generate")
@click.argument("text")
@click.option("--model", default=bundled.DEFAULT, show_default=True, help="A bundled model or a directory.")
@click.option("--tokens", type=click.IntRange(1), default=200, show_default=True, help="The most tokens to write.")
@click.option(
    "--temperature", default=0.8, show_default=True, help="0 always takes the most likely token; 1 is the model's own."
)
@click.option("--top-k", type=int, help="Choose among the k most likely tokens only.")
@click.option("--top-p", type=float, help="Choose among the fewest tokens that reach this probability together.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1337, show_default=True)
@click.option("--past-end", is_flag=True, help="Go on after the end-of-text token.")
@click.option("--scale", type=float, help="What scores are multiplied by, in the whole model.")
@click.option("--no-scale", is_flag=True, help="The same as --scale 1.")
@click.option("--no-mask", is_flag=True, help="Let every query see all keys, in the whole model.")
@click.option(
    "--ablate",
    multiple=True,
    callback=heads_option,
    metavar="LAYER.HEAD",
    help="Replace a head's mixed values by zeros; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end and nothing else.")
def generate(text: str, as_json: bool, **values: Any) -> None:
    """Continue TEXT with a model, printing tokens as they come; - reads standard input.

    The same seed writes the same text. Control characters that a model writes are shown as marks.
    """
    options = _Options(**values)
    settings = options.settings
    text = given_text(text)
    from explorer.cli.show import report_unknown
    from explorer.core.catalog import open_model
    from model import tokenizer as tokenizers

    model = open_model(options.model)
    settings.normalized(model.config)
    encoding = tokenizers.encode(model.tokenizer, text)
    report_unknown(encoding, model.name)
    written = _written(model, list(encoding.ids), options, settings)
    if as_json:
        _print_json(model, encoding.text, list(written), options)
    else:
        _stream(model, list(encoding.ids), written)


def _written(model: "Checkpoint", ids: list[int], options: _Options, settings: AttentionSettings) -> Iterator[int]:
    """The new tokens. Raises ModelError at once for options out of range or nothing to continue."""
    import torch

    from model import tokenizer as tokenizers
    from model.generate import Sampling, generate

    if not ids:
        raise ModelError("there is nothing to continue: type at least one character that the model knows")
    sampling = Sampling(options.temperature, options.top_k, options.top_p)
    generator = torch.Generator().manual_seed(options.seed)
    end = None if options.past_end else model.config.eos_token_id
    known = tokenizers.vocab_size(model.tokenizer)

    def run() -> Iterator[int]:
        for token in generate(model.gpt, ids, options.tokens, generator, sampling, settings, known=known):
            if token == end:
                return
            yield token

    return run()


def _stream(model: "Checkpoint", ids: list[int], written: Iterator[int]) -> None:
    """Print the text and what is written after it, each token as soon as it is known."""
    from model import tokenizer as tokenizers
    from model.generate import TextStream

    safe = SafeText()
    stream = TextStream(model.tokenizer, ids)
    try:
        _print(safe.show(tokenizers.decode(model.tokenizer, ids)))
        for token in written:
            _print(safe.show(stream.feed(token)))
        _print(safe.show(stream.rest()) + "\n")
    except (KeyboardInterrupt, ModelError):
        _print("\n")  # what comes after begins on a line of its own
        raise


def _print(text: str) -> None:
    if text:
        print(text, end="", flush=True)


def _print_json(model: "Checkpoint", prompt: str, ids: list[int], options: _Options) -> None:
    from model import tokenizer as tokenizers

    told = {
        "model": model.name,
        "prompt": prompt,
        "text": tokenizers.decode(model.tokenizer, ids) if ids else "",
        "tokens": list(tokenizers.token_texts(model.tokenizer, ids)),
        "token_ids": ids,
        "temperature": options.temperature,
        "top_k": options.top_k,
        "top_p": options.top_p,
        "seed": options.seed,
    }
    print(json.dumps(told))


class SafeText:
    """Shows text that comes piece by piece: line ends, tabs and spaces as they are, the rest as `visible` shows it."""

    def __init__(self) -> None:
        self._last = ""  # what a combining character at the beginning of the next piece stands on

    def show(self, piece: str) -> str:
        """The piece, safe for a terminal."""
        shown = []
        for character in piece:
            if character in _AS_THEY_ARE:
                shown.append(character)
                self._last = ""
            elif self._last and unicodedata.combining(character):
                shown.append(visible(self._last + character)[len(visible(self._last)) :])
            else:
                shown.append(visible(character))
                self._last = "" if shown[-1] != character else character
        return "".join(shown)
