"""Makes a trainer from the options of `explorer train`: for a new run, or for one that is resumed."""

import sys
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from operator import index
from pathlib import Path
from typing import Any

import torch

from data import storyteller
from data.corpus import Corpus, CorpusError, Source, corpus_of, read_corpus, split
from explorer.core.shell import shell_join
from explorer.training.options import TrainOptions
from model import tokenizer as tokenizers
from model.errors import ModelError
from model.training import runs, snapshots
from model.training.batches import TrainingData
from model.training.distributed import Group
from model.training.settings import CHANGEABLE
from model.training.trainer import Trainer


@dataclass(frozen=True, slots=True)
class Setup:
    """A run that is ready to train."""

    trainer: Trainer
    notes: dict[str, Any]  # for its checkpoints and its model card
    options: TrainOptions
    snapshot_steps: tuple[int, ...]
    claim: AbstractContextManager[Any]
    """To be held while the run trains: no other process can train there."""


def set_up(options: TrainOptions, given: set[str], device: torch.device, group: Group) -> Setup:
    """Prepare the run that the options describe, or resume it; `given` are the options named on the command line.

    In a group all processes do this, and either all go on or none does. Raises ModelError, CorpusError or UsageError.
    """
    if group.size == 1:
        return _set_up(options, given, device, group)
    ready, problem = None, ""
    try:
        ready = _set_up(options, given, device, group)
    except ValueError as error:
        problem = str(error)
    except OSError as error:
        problem = f"{error.filename}: {error.strerror}"
    group.agree(device, problem, ready.trainer.data.digest if ready else "")
    assert ready is not None
    group.broadcast_weights(ready.trainer.gpt)
    return ready


def _set_up(options: TrainOptions, given: set[str], device: torch.device, group: Group) -> Setup:
    steps = snapshots.parse_steps(options.snapshot_steps) if options.snapshot_steps is not None else None
    if options.resume:
        with ExitStack() as stack:
            if group.is_main:
                stack.enter_context(runs.locked_to_resume(options.out))
            trainer, notes, options = _resumed(options, given, device, group)
            claim: AbstractContextManager[Any] = stack.pop_all()
    else:
        trainer, notes = _new(options, device, group)
        claim = runs.locked_new(options.out) if group.is_main else nullcontext()
    trainer.probe_every = options.probe_every
    if steps is None:
        saved = options.snapshot_steps
        steps = snapshots.parse_steps(saved) if saved else snapshots.spaced_steps(trainer.settings.steps)
    return Setup(trainer, notes, options, steps if options.snapshots else (), claim)


def _new(options: TrainOptions, device: torch.device, group: Group) -> tuple[Trainer, dict[str, Any]]:
    """Return a trainer at step 0, and the notes from which its model card will be written."""
    settings, sizes = options.settings, options.config  # checked before any text is read
    with runs.new_run(options.out) if group.is_main else nullcontext():
        corpus = read_texts(options)
        parts = split(corpus, options.validation)
        if options.tokenizer == "char":
            tokenizer = tokenizers.train_char(corpus.documents)
        else:
            tokenizer = tokenizers.train_bpe(parts.train, options.vocab_size)
        end = tokenizer.token_to_id(tokenizers.END_OF_TEXT)
        config = replace(sizes, vocab_size=tokenizers.vocab_size(tokenizer), bos_token_id=end, eos_token_id=end)
        data = TrainingData.from_documents(tokenizer, parts.train, parts.validation, options.context)
        trainer = Trainer.start(config, tokenizer, data, settings, device, group)
    notes = {
        "command": shell_join(["explorer", *_portable_arguments(options)]),
        "options": options.as_notes(),
        "sources": [[source.name, source.sha256, source.characters] for source in corpus.sources],
    }
    return trainer, notes


def _resumed(
    options: TrainOptions, given: set[str], device: torch.device, group: Group
) -> tuple[Trainer, dict[str, Any], TrainOptions]:
    """Return the trainer of an earlier run, with the same texts and settings as then."""
    directory = runs.latest(options.out)
    with runs.suggesting_another(directory):
        saved = runs.read_state(directory)
    notes = saved["notes"]
    try:
        again = options.resumed(notes, given)
        again = replace(again, seed=index(saved["settings"]["seed"]))
        sources = [Source(*source) for source in notes["sources"]]
        if (context := index(saved["context"])) < 1:
            raise TypeError("context")
        corpus = read_texts(again)
        check_unchanged(sources, corpus.sources)
        parts = split(corpus, again.validation)
    except (TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"{str(directory)!r} was not written by this command: it cannot be resumed here") from error
    data = TrainingData.from_documents(tokenizers.load(directory), parts.train, parts.validation, context)
    changes: dict[str, Any] = {name: getattr(again, name) for name in CHANGEABLE if name in given}
    trainer = Trainer.resume(options.out, data, device, group, changes)
    # What is given now counts for the next time too, such as where the texts are by now.
    notes = {**notes, "options": again.as_notes()}
    if trainer.changed_from is not None:
        now = shell_join(["explorer", *_portable_arguments(options)])
        notes["command"] = f"{notes.get('command', '')} && {now} (after step {trainer.done})"
    return trainer, notes, again


def check_unchanged(before: list[Source], now: tuple[Source, ...]) -> None:
    """Raise CorpusError unless these are the texts that the run began with, by the SHA-256 of each."""
    for was, found in zip(before, now, strict=False):
        if was.sha256 != found.sha256:
            same = was.name == found.name
            what = "has changed since the run began" if same else f"is not {was.name!r}, which the run began with"
            raise CorpusError(
                f"{found.name!r} {what} (sha256 {found.sha256[:12]}…, not {was.sha256[:12]}…): "
                "put the old text back, or train into a new directory"
            )
    if len(before) != len(now):
        raise CorpusError(f"the run began with {len(before)} texts, not {len(now)}: give the same ones to resume")


def read_texts(options: TrainOptions) -> Corpus:
    """Return the text of the files and, if given as an option or if there are no files, the built-in corpus."""
    characters = options.storyteller_characters
    built_in = None
    if characters:
        documents = storyteller.documents(options.seed, characters, options.refrain_every)
        built_in = corpus_of(f"storyteller, seed {options.seed}", documents)
    if not options.files:
        assert built_in is not None
        return built_in
    read = read_corpus(options.files, split_stories=options.split_stories, clean=options.clean)
    return read + built_in if built_in else read


def _portable_arguments(options: TrainOptions) -> list[str]:
    """Return the command line as it was given, with files by their names alone: a card shows no paths."""
    paths = {*options.files, options.out}

    def portable(argument: str) -> str:
        option, equals, value = argument.rpartition("=") if argument.startswith("--out=") else ("", "", argument)
        return f"{option}{equals}{Path(value).name}" if Path(value) in paths else argument

    return [portable(argument) for argument in sys.argv[1:] if argument != "--stream"]


def last_good(out: Path, step: int) -> str:
    """Say from which checkpoint a run that went wrong after `step` can be resumed."""
    found = runs.newest_checkpoint(out, step)
    return f"the last good checkpoint is {str(found)!r}" if found else "no good checkpoint had been written yet"
