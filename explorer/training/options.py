"""The options of `explorer train`, and how a resumed run inherits those of the command that started it."""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

import click

from model.config import GPT_2_INIT_STD, GPTConfig
from model.errors import SettingError
from model.training.settings import CHANGEABLE, OptimizerSettings, TrainerSettings

BUILT_IN_CHARACTERS = 4_000_000
"""Characters of the built-in corpus to train on when no file is given."""

REFRAIN_EVERY = 4
"""The default of `data.storyteller.documents`, which is not imported for it: this module is loaded at the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """The values of the command's options; for the sizes see `model.config.GPTConfig`."""

    files: tuple[Path, ...]
    out: Path
    resume: bool
    tokenizer: str
    vocab_size: int
    layers: int
    heads: int
    width: int
    context: int
    no_mask: bool
    no_scale: bool
    init_std: float
    activation: str
    steps: int
    batch_size: int
    optimizer: str
    learning_rate: float
    muon_learning_rate: float
    momentum: float
    weight_decay: float
    position_rate: float
    norm_rate: float
    position_waves: float
    growth: float
    repeats: float
    recall: float
    entropy_penalty: float
    dropout: float
    warmup: int
    cooldown: float
    seed: int
    precision: str
    device: str
    threads: int | None
    storyteller: int | None
    refrain_every: int
    split_stories: bool
    clean: bool
    validation: float
    evaluate_every: int
    checkpoint_every: int
    snapshots: bool
    snapshot_steps: str | None
    probe_every: int
    sample_every: int
    prompt: str

    @property
    def storyteller_characters(self) -> int:
        """Characters of the built-in corpus to train on."""
        return self.storyteller or (0 if self.files else BUILT_IN_CHARACTERS)

    @property
    def config(self) -> GPTConfig:
        """The sizes of the model, with a vocabulary of 1 as long as the tokenizer is not trained.

        Raises SettingError for a size out of range.
        """
        return GPTConfig(
            vocab_size=1,
            n_positions=self.context,
            n_embd=self.width,
            n_layer=self.layers,
            n_head=self.heads,
            activation_function=self.activation,
            causal=not self.no_mask,
            scale_attn_weights=not self.no_scale,
            initializer_range=self.init_std,
        )

    @property
    def settings(self) -> TrainerSettings:
        """How to train. Raises SettingError for a value out of range."""
        return TrainerSettings(
            **_shared(self, TrainerSettings),
            optimizer=OptimizerSettings(name=self.optimizer, **_shared(self, OptimizerSettings)),
        )

    def problems(self) -> dict[str, str]:
        """Return options with a size or setting out of range, by their names, each with the reason in their words."""
        found = {}
        for check in ("config", "settings"):
            try:
                getattr(self, check)
            except SettingError as error:
                reason = re.sub("|".join(_OPTION_OF), lambda match: _OPTION_OF[match[0]], str(error))
                found[_OPTION_OF.get(error.name, error.name)] = reason
        if not 0 < self.validation < 1:
            found["validation"] = f"validation must be above 0 and below 1, not {self.validation}"
        return found

    def as_notes(self) -> dict[str, Any]:
        """Return the options as JSON for the checkpoints, with absolute paths of the files."""
        return {**asdict(self), "files": [str(path.resolve()) for path in self.files], "out": None, "resume": None}

    def resumed(self, notes: Mapping[str, Any], given: set[str]) -> "TrainOptions":
        """Return the options saved in the `notes` of a run, updated by those `given` on the command line now.

        Raises UsageError for a given option that would change what is trained, and TypeError for notes that were not
        written by this command.
        """
        _check_notes(notes)
        saved = {**notes, **notes.get("options", {})}
        saved["files"] = tuple(map(Path, saved.get("files", ())))
        names = {field.name for field in fields(self)} - {"out", "resume"}
        saved.setdefault("refrain_every", 0)  # written by a version without refrains
        began = {name: _validated(name, saved[name]) for name in names if name in saved}
        for name in sorted(given & began.keys() - _CHANGEABLE):
            if getattr(self, name) != began[name]:
                option, was = f"--{name.replace('_', '-')}", began[name]
                how = f"without {option}" if was is None or was is False else f"with {option} {was}"
                raise click.UsageError(f"the run began {how}: leave out {option} to resume it")
        return replace(self, **{name: value for name, value in began.items() if name not in given})


_OPTION_OF = {
    "n_embd": "width",
    "n_head": "heads",
    "n_layer": "layers",
    "n_positions": "context",
    "initializer_range": "init_std",
    "activation_function": "activation",
}
"""The options that set fields of GPTConfig, by the names of the fields."""


def _shared(options: TrainOptions, kind: type[TrainerSettings | OptimizerSettings]) -> dict[str, Any]:
    """Return the options that settings of this `kind` have under the same name."""
    names = {field.name for field in fields(options)} & {field.name for field in fields(kind)} - {"optimizer"}
    return {name: getattr(options, name) for name in names}


_CHANGEABLE = frozenset({
    *CHANGEABLE, "files", "out", "resume", "device", "threads",
    "checkpoint_every", "snapshots", "snapshot_steps", "probe_every", "sample_every", "prompt",
})  # fmt: skip
"""Options that may differ when a run is resumed."""


def _number(name: str, default: float, help: str, *, positive: bool = False, below: float = math.inf) -> click.Option:
    """Return an option for a number from 0 (excluded if `positive`) to `below` (excluded)."""

    def check(_ctx: click.Context, _option: click.Parameter, value: float) -> float:
        if not 0 <= value < below or (positive and value == 0):
            end = f" and below {below:g}" if below < math.inf else ""
            raise click.BadParameter(f"{value} is not a number {'above' if positive else 'of at least'} 0{end}")
        return value

    return click.Option([name], default=default, show_default=True, callback=check, help=help)


LARGEST = 10**12
"""The largest number of steps or characters."""

_COUNT = click.IntRange(1, LARGEST)

PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["files"], nargs=-1, type=click.Path(path_type=Path)),
    click.Option(
        ["--out"], required=True, type=click.Path(path_type=Path), help="Directory for the run (new, or --resume)."
    ),
    click.Option(["--resume"], is_flag=True, help="Continue the run in --out exactly where it was saved."),
    click.Option(
        ["--tokenizer"],
        type=click.Choice(["char", "bpe"]),
        default="bpe",
        show_default=True,
        help="Tokens are characters, or pieces of words learned from the text.",
    ),
    click.Option(
        ["--vocab-size"],
        type=click.IntRange(max=2**24),
        default=4096,
        show_default=True,
        help="Tokens of a BPE vocabulary.",
    ),
    click.Option(["--layers"], default=4, show_default=True, help="Blocks of attention and MLP, one after another."),
    click.Option(["--heads"], default=8, show_default=True, help="Heads in each layer; they divide --width."),
    click.Option(["--width"], default=128, show_default=True, help="n_embd; a head has width / heads of it."),
    click.Option(["--context"], default=128, show_default=True, help="Tokens read at once."),
    click.Option(["--no-mask"], is_flag=True, help="Train without the causal mask: every query sees all keys."),
    click.Option(["--no-scale"], is_flag=True, help="Train without 1/√head_size."),
    _number("--init-std", GPT_2_INIT_STD, "Standard deviation of the initial weights.", positive=True),
    click.Option(
        ["--activation"],
        type=click.Choice(["gelu_new", "gelu"]),
        default="gelu_new",
        show_default=True,
        help="Of the MLPs: GPT-2's tanh approximation, or the exact one, which is faster on a processor.",
    ),
    click.Option(
        ["--steps"],
        type=click.IntRange(max=LARGEST),
        default=2000,
        show_default=True,
        help="Updates of the weights, one a batch. With --resume: how many in all, to extend a run.",
    ),
    click.Option(["--batch-size"], default=32, show_default=True, help="Windows of --context tokens a step."),
    click.Option(
        ["--optimizer"],
        type=click.Choice(["muon", "adamw"]),
        default="muon",
        show_default=True,
        help="muon is for the block matrices, with AdamW for the rest.",
    ),
    _number("--learning-rate", 3e-3, "AdamW's."),
    _number("--muon-learning-rate", 0.02, "Muon's, for the block matrices."),
    _number("--momentum", 0.95, "Muon's.", below=1),
    _number("--weight-decay", 0.0, "How fast weights shrink, times the learning rate."),
    _number("--position-rate", 1.0, "Factor on the learning rate of positions, which do not decay unless it is 1."),
    _number("--norm-rate", 1.0, "Factor on the learning rate of the gains of the layers' LayerNorms."),
    _number(
        "--position-waves",
        0.0,
        "Positions begin as sines of this standard deviation, so that heads can tell neighbours apart.",
    ),
    click.Option(
        ["--growth"],
        default=0.0,
        show_default=True,
        help="Share of the run with short windows: a quarter of --context, then half of it.",
    ),
    click.Option(
        ["--repeats"],
        default=0.0,
        show_default=True,
        help="Share of windows in which random tokens are repeated, from which a model learns to copy.",
    ),
    click.Option(
        ["--recall"],
        default=0.0,
        show_default=True,
        help="Share of windows with random pairs of tokens, from which it learns to find earlier occurrences.",
    ),
    _number(
        "--entropy-penalty",
        0.0,
        "Makes heads sharper: this times the mean entropy of their weights, from 0 to 1, is added to the loss.",
    ),
    click.Option(["--dropout"], default=0.0, show_default=True, help="Share of activations set to 0 while training."),
    click.Option(
        ["--warmup"],
        type=click.IntRange(0, LARGEST),
        default=20,
        show_default=True,
        help="Steps of rising learning rate.",
    ),
    click.Option(["--cooldown"], default=0.5, show_default=True, help="Share of the run with falling learning rate."),
    click.Option(
        ["--seed"],
        type=click.IntRange(0, 2**63 - 1),
        default=1337,
        show_default=True,
        help="The same seed gives the same run.",
    ),
    click.Option(
        ["--precision"],
        type=click.Choice(["auto", "float32", "bfloat16"]),
        default="auto",
        show_default=True,
        help="Of matrix products; auto is bfloat16 where it is faster.",
    ),
    click.Option(
        ["--device"],
        type=click.Choice(["auto", "cpu", "cuda", "mps"]),
        default="auto",
        show_default=True,
        help="auto is a GPU where there is one.",
    ),
    click.Option(
        ["--threads"],
        type=click.IntRange(1, 256),
        help="Processor threads; by default as many of the processors as speed up a model of this size.",
    ),
    click.Option(
        ["--storyteller"],
        type=_COUNT,
        help="Characters of the built-in corpus to train on besides the files; by default none, or without files "
        f"{BUILT_IN_CHARACTERS:,}.",
    ),
    click.Option(
        ["--refrain-every"],
        type=click.IntRange(0, LARGEST),
        default=REFRAIN_EVERY,
        show_default=True,
        help="One in this many texts of the built-in corpus is a rhyme, song or game with repetitions; 0 for none.",
    ),
    click.Option(["--split-stories"], is_flag=True, help="Split files of many stories at the stories' beginnings."),
    click.Option(["--clean"], is_flag=True, help="Mend broken encoding; straighten quotes, dashes and spaces."),
    click.Option(["--validation"], default=0.1, show_default=True, help="Share of the text held out."),
    click.Option(["--evaluate-every"], default=250, show_default=True, help="Steps between validation losses."),
    click.Option(
        ["--checkpoint-every"], type=_COUNT, default=250, show_default=True, help="Steps between checkpoints."
    ),
    click.Option(
        ["--snapshots/--no-snapshots"],
        default=True,
        show_default=True,
        help="Keep small copies of the model at steps 0, 10, 30, 100, 300, … and the last.",
    ),
    click.Option(["--snapshot-steps"], metavar="STEP,STEP…", help="Keep them at these steps instead."),
    click.Option(
        ["--probe-every"],
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="Steps between histograms of activations and gradients in statistics.jsonl; 0 for none.",
    ),
    click.Option(
        ["--sample-every"],
        type=click.IntRange(0),
        default=500,
        show_default=True,
        help="Steps between samples; 0 for none.",
    ),
    click.Option(["--prompt"], default="\n", help="What a sample begins with.", show_default="a new line"),
)
"""The arguments and options of the command, except those that say how the run is shown."""


_TYPES = get_type_hints(TrainOptions)


def _validated(name: str, value: Any) -> Any:
    """Return a saved value; raises TypeError for one that the command line would not accept."""
    option = next((parameter for parameter in PARAMETERS if parameter.name == name), None)
    if isinstance(option, click.Option):
        # None only where it means that the option was not given.
        if not isinstance(value, _TYPES[name]) or (isinstance(value, float) and not math.isfinite(value)):
            raise TypeError(name)
        try:
            if value is not None and type(option.type(value)) is not type(value):
                raise TypeError(name)
        except (click.BadParameter, OverflowError) as error:
            raise TypeError(name) from error
    return value


def _check_notes(notes: Mapping[str, Any]) -> None:
    """Raise TypeError for notes whose command or texts are not what `set_up` notes: a model card will name them."""
    if not isinstance(notes.get("command", ""), str):
        raise TypeError("command")
    for source in notes.get("sources", []):
        if list(map(type, source)) != [str, str, int]:
            raise TypeError("sources")
