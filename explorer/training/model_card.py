"""The model card that the trainer writes beside a finished model."""

from typing import Any

from explorer.core.formatting import printable
from explorer.core.head_kinds import HEAD_KINDS, STORIES, STRONG, named_score
from explorer.core.head_scores import measure_heads
from model.checkpoint import Checkpoint
from model.config import GPT_2_INIT_STD, GPTConfig
from model.head_scores import Score
from model.training.trainer import Trainer


def model_card(trainer: Trainer, opened: Checkpoint, notes: dict[str, Any], sample: str) -> str:
    """Return Markdown that says how the model was made, how good it is and what its heads do.

    `opened` is the model as it was saved, `sample` a text that it wrote.
    """
    config, settings = trainer.gpt.config, trainer.settings
    losses = notes.get("validation_losses", [])
    differences = _differences(config)
    prefix = notes.get("prefix_loss")
    rows = [
        ("command", f"`{_cell(notes.get('command', ''))}`"),
        ("seed", settings.seed),
        (
            "sizes",
            f"{config.n_layer} layers, {config.n_head} heads of head_size {config.head_size}, n_embd {config.n_embd}",
        ),
        *([("trained", differences)] if differences else []),
        ("context", f"{config.n_positions} tokens"),
        ("vocabulary", f"{config.vocab_size} tokens"),
        ("parameters", f"{config.parameters:,}"),
        ("steps", f"{trainer.done:,} of {settings.batch_size} × {trainer.data.context} tokens"),
        ("optimizer", f"{settings.optimizer.name}, dropout {settings.dropout}"),
        ("validation loss", f"{losses[-1][1]:.4f} nats a token" if losses else "not measured"),
        *([("validation loss with no token ahead", f"{prefix:.4f} nats a token")] if prefix is not None else []),
        ("training loss of the last step", f"{notes.get('last_loss', float('nan')):.4f} nats a token"),
        ("training time", f"{notes.get('seconds', 0.0) / 60:.1f} minutes"),
        ("stored as", notes.get("stored_as", "float16")),
    ]
    lines = [
        "# Model card",
        "",
        "| what | value |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in rows),
    ]
    lines += ["", "Trained on:", "", "| text | characters | sha256 |", "| --- | --- | --- |"]
    lines += [
        f"| {_cell(name)} | {characters:,} | `{digest}` |" for name, digest, characters in notes.get("sources", [])
    ]
    lines += ["", "Validation loss by step:", "", "| step | loss |", "| --- | --- |"]
    lines += [f"| {step} | {loss:.4f} |" for step, loss in losses]
    lines += [
        "",
        "What it writes at temperature 0.8:",
        "",
        *(f"    {printable(line)}" for line in sample.split("\n")),
        "",
    ]
    lines += heads_table(opened)
    return "\n".join(lines) + "\n"


def _cell(words: str) -> str:
    """Escape text from outside for a cell of a table: control characters, line ends and bars."""
    return printable(words).replace("|", r"\|")


def _differences(config: GPTConfig) -> str:
    """Return how a model differs from an ordinary GPT."""
    found = [] if config.causal else ["without the causal mask: its losses count answers in view"]
    found += [] if config.scale_attn_weights else ["without 1/√head_size"]
    found += [] if config.initializer_range == GPT_2_INIT_STD else [f"from weights of std {config.initializer_range:g}"]
    return "; ".join(found)


def heads_table(opened: Checkpoint) -> list[str]:
    """Return a table of what to call each head, which measures them all."""
    config = opened.config
    scores = measure_heads(opened)
    lines = [
        "What each head does: the score that stands out most from its baseline, which stands in brackets; – where none "
        f"stands out by {STRONG}. Duplicate-token and induction scores are measured on random tokens repeated twice, "
        f"the others over up to {STORIES} stories of the built-in corpus, another seed.",
        "",
        "| layer | " + " | ".join(f"H{head}" for head in range(config.n_head)) + " |",
        "| --- |" + " --- |" * config.n_head,
    ]
    for layer in range(config.n_layer):
        cells = (_head_cell(named_score(scores, layer, head)) for head in range(config.n_head))
        lines.append(f"| L{layer} | " + " | ".join(cells) + " |")
    return lines


def _head_cell(named: tuple[str, Score] | None) -> str:
    if named is None:
        return "–"
    kind, score = named
    return f"{HEAD_KINDS[kind]} {score.value:.2f} ({score.baseline:.2f})"
