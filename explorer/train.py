"""`explorer train`: train a GPT on text files or on the built-in corpus."""

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from data.corpus import Corpus
    from model.trainer import Trainer

BUILT_IN_CHARACTERS = 4_000_000
"""How much of the built-in corpus is written when no file is given."""

SAMPLE_TOKENS = 120
"""How much a finished model writes for its card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """The command's options; sizes are those of `model.config.GPTConfig`."""

    files: tuple[Path, ...]
    out: Path
    resume: bool
    tokenizer: str
    vocab_size: int
    layers: int
    heads: int
    width: int
    context: int
    steps: int
    batch_size: int
    optimizer: str
    learning_rate: float
    muon_learning_rate: float
    weight_decay: float
    dropout: float
    warmup: int
    cooldown: float
    seed: int
    precision: str
    threads: int | None
    storyteller: int | None
    split_stories: bool
    clean: bool
    validation: float
    evaluate_every: int
    checkpoint_every: int
    sample_every: int
    prompt: str


_OPTIONS = (
    click.argument("files", nargs=-1, type=click.Path(path_type=Path)),
    click.option(
        "--out", required=True, type=click.Path(path_type=Path), help="Directory for the run (new, or --resume)."
    ),
    click.option("--resume", is_flag=True, help="Continue the run in --out exactly where it was saved."),
    click.option("--tokenizer", type=click.Choice(["char", "bpe"]), default="bpe", show_default=True),
    click.option("--vocab-size", default=4096, show_default=True, help="Tokens of a BPE vocabulary."),
    click.option("--layers", default=4, show_default=True),
    click.option("--heads", default=8, show_default=True),
    click.option("--width", default=128, show_default=True, help="n_embd; a head has width / heads of it."),
    click.option("--context", default=128, show_default=True, help="Tokens read at once."),
    click.option("--steps", default=2000, show_default=True),
    click.option("--batch-size", default=32, show_default=True, help="Windows of --context tokens a step."),
    click.option("--optimizer", type=click.Choice(["muon", "adamw"]), default="muon", show_default=True),
    click.option("--learning-rate", default=3e-3, show_default=True, help="AdamW's."),
    click.option("--muon-learning-rate", default=0.02, show_default=True, help="Muon's, for the block matrices."),
    click.option("--weight-decay", default=0.0, show_default=True),
    click.option("--dropout", default=0.0, show_default=True),
    click.option("--warmup", default=20, show_default=True, help="Steps of rising learning rate."),
    click.option("--cooldown", default=0.5, show_default=True, help="Share of the run with falling learning rate."),
    click.option("--seed", default=1337, show_default=True),
    click.option("--precision", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto", show_default=True),
    click.option("--threads", type=click.IntRange(1, 256), help="Processor threads; torch's choice by default."),
    click.option(
        "--storyteller",
        type=click.IntRange(1),
        help="Characters of the built-in corpus to train on besides the files; without files it is all there is.",
    ),
    click.option("--split-stories", is_flag=True, help="Split files of many stories at the stories' beginnings."),
    click.option("--clean", is_flag=True, help="Mend broken encoding; straighten quotes, dashes and spaces."),
    click.option("--validation", default=0.1, show_default=True, help="Share of the text held out."),
    click.option("--evaluate-every", default=250, show_default=True, help="Steps between validation losses."),
    click.option("--checkpoint-every", default=250, show_default=True, help="Steps between checkpoints."),
    click.option("--sample-every", default=500, show_default=True, help="Steps between samples; 0 for none."),
    click.option("--prompt", default="\n", help="What a sample begins with.", show_default="a new line"),
)


def _options(command: Any) -> Any:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(name="train")
@_options
def train(**values: Any) -> None:
    """Train a GPT on FILES (UTF-8 text), or on the built-in corpus when there are none.

    Checkpoints go into the run directory --out; `explorer --model OUT` opens it, also while it trains. Ctrl-C saves
    and stops.
    """
    options = TrainOptions(**values)
    import torch

    from explorer.train_display import TrainDisplay

    if options.threads:
        torch.set_num_threads(options.threads)
    trainer, notes = _resumed(options) if options.resume else _started(options)
    display = TrainDisplay(trainer, options.sample_every, options.prompt)
    with _interrupts() as interrupted, display:
        for metrics in trainer.steps():
            display.step(metrics)
            notes["seconds"] = notes.get("seconds", 0.0) + metrics.seconds
            if metrics.validation_loss is not None:
                notes["validation_losses"] = [
                    *notes.get("validation_losses", []),
                    [metrics.step, metrics.validation_loss],
                ]
            notes["last_loss"] = metrics.loss
            if metrics.step % options.checkpoint_every == 0 or interrupted:
                trainer.save(options.out, notes)
            if interrupted:
                break
    if interrupted:
        again = shlex.join(["explorer", "train", "--out", str(options.out), "--resume"])
        display.say(f"stopped and saved at step {trainer.done}; go on with: {again}")
        sys.exit(130)
    if trainer.done % options.checkpoint_every:
        trainer.save(options.out, notes)
    final = _finish(trainer, options, notes)
    display.say(f"done; open it with: explorer --model {shlex.quote(str(final))}")


def _started(options: TrainOptions) -> "tuple[Trainer, dict[str, Any]]":
    """A trainer at step 0 and the notes that its model card will be written from."""
    from data.corpus import split
    from model import runs
    from model import tokenizer as tokenizers
    from model.batches import TrainingData
    from model.config import GPTConfig
    from model.optim import OptimizerSettings
    from model.trainer import Trainer, TrainerSettings

    optimizer = OptimizerSettings(
        name=options.optimizer,
        learning_rate=options.learning_rate,
        muon_learning_rate=options.muon_learning_rate,
        weight_decay=options.weight_decay,
    )
    settings = TrainerSettings(
        steps=options.steps,
        batch_size=options.batch_size,
        seed=options.seed,
        warmup=options.warmup,
        cooldown=options.cooldown,
        dropout=options.dropout,
        precision=options.precision,
        evaluate_every=options.evaluate_every,
        optimizer=optimizer,
    )
    # Sizes are checked before any text is read: with a vocabulary of 1 as long as the tokenizer is not trained.
    sizes = GPTConfig(
        vocab_size=1,
        n_positions=options.context,
        n_embd=options.width,
        n_layer=options.layers,
        n_head=options.heads,
    )
    runs.prepare(options.out)
    corpus = _corpus(options)
    parts = split(corpus, options.validation)
    if options.tokenizer == "char":
        tokenizer = tokenizers.train_char(corpus.documents)
    else:
        tokenizer = tokenizers.train_bpe(parts.train, options.vocab_size)
    end = tokenizer.token_to_id(tokenizers.END_OF_TEXT)
    config = replace(sizes, vocab_size=tokenizers.vocab_size(tokenizer), bos_token_id=end, eos_token_id=end)
    data = TrainingData.of(tokenizer, parts.train, parts.validation, options.context)
    trainer = Trainer.start(config, tokenizer, data, settings)
    notes = {
        "command": shlex.join(["explorer", *_portable_arguments(options)]),
        "files": [str(path.resolve()) for path in options.files],
        "storyteller": _storyteller_characters(options),
        "split_stories": options.split_stories,
        "clean": options.clean,
        "validation": options.validation,
        "sources": [[source.name, source.sha256, source.characters] for source in corpus.sources],
    }
    return trainer, notes


def _resumed(options: TrainOptions) -> "tuple[Trainer, dict[str, Any]]":
    """The trainer of an earlier run, on the same text and with the same settings as then."""
    from data.corpus import split
    from model import runs
    from model import tokenizer as tokenizers
    from model.batches import TrainingData
    from model.trainer import Trainer, read_state

    directory = runs.latest(options.out)
    saved = read_state(directory)
    notes = saved["notes"]
    again = replace(
        options,
        files=options.files or tuple(map(Path, notes.get("files", []))),
        storyteller=notes.get("storyteller") or None,
        split_stories=bool(notes.get("split_stories")),
        clean=bool(notes.get("clean")),
        validation=float(notes.get("validation", options.validation)),
    )
    parts = split(_corpus(again), again.validation)
    data = TrainingData.of(tokenizers.load(directory), parts.train, parts.validation, int(saved["context"]))
    return Trainer.resume(options.out, data), notes


def _corpus(options: TrainOptions) -> "Corpus":
    """The files' text and, where asked for or alone, the built-in corpus."""
    from data import storyteller
    from data.corpus import corpus_of, read_corpus

    characters = _storyteller_characters(options)
    told = (
        corpus_of(f"storyteller, seed {options.seed}", storyteller.documents(options.seed, characters))
        if characters
        else None
    )
    if not options.files:
        assert told is not None
        return told
    read = read_corpus(options.files, split_stories=options.split_stories, clean=options.clean)
    return read + told if told else read


def _storyteller_characters(options: TrainOptions) -> int:
    return options.storyteller or (0 if options.files else BUILT_IN_CHARACTERS)


def _portable_arguments(options: TrainOptions) -> list[str]:
    """The command line as it was given, with files by their name alone: a card names no path of a machine."""
    names = {str(path): path.name for path in (*options.files, options.out)}
    return [names.get(argument, argument) for argument in sys.argv[1:]]


def _finish(trainer: "Trainer", options: TrainOptions, notes: dict[str, Any]) -> Path:
    """Write the trained model in half precision with its card, beside the checkpoints."""
    import torch

    from explorer.model_card import model_card
    from explorer.train_display import sample
    from model import checkpoint

    final = options.out / "final"
    checkpoint.save(final, trainer.gpt, trainer.tokenizer, dtype=torch.float16, replace=True)
    opened = checkpoint.load(final)
    written = sample(opened.gpt, opened.tokenizer, options.prompt, SAMPLE_TOKENS, options.seed)
    card = model_card(trainer, opened, notes, written)
    checkpoint.save(final, trainer.gpt, trainer.tokenizer, dtype=torch.float16, extra={"README.md": card}, replace=True)
    return final


@contextmanager
def _interrupts() -> Iterator[list[bool]]:
    """Ctrl-C and SIGTERM fill the list instead of raising, so that a step is never cut in two."""
    asked: list[bool] = []

    def note(_signal: int, _frame: object) -> None:
        asked.append(True)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
