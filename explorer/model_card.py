"""The model card that the trainer writes beside a finished model."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model.trainer import Trainer


def model_card(trainer: "Trainer", notes: dict[str, Any]) -> str:
    """Markdown that says how the model was made: command, seed, sizes, losses, texts and time."""
    config, settings = trainer.gpt.config, trainer.settings
    parameters = sum(p.numel() for p in trainer.gpt.parameters())
    losses = notes.get("validation_losses", [])
    rows = [
        ("command", f"`{notes.get('command', '')}`"),
        ("seed", settings.seed),
        (
            "sizes",
            f"{config.n_layer} layers, {config.n_head} heads of head_size {config.head_size}, n_embd {config.n_embd}",
        ),
        ("context", f"{config.n_positions} tokens"),
        ("vocabulary", f"{config.vocab_size} tokens"),
        ("parameters", f"{parameters:,}"),
        ("steps", f"{trainer.done:,} of {settings.batch_size} × {trainer.data.context} tokens"),
        ("optimizer", f"{settings.optimizer.name}, dropout {settings.dropout}"),
        ("validation loss", f"{losses[-1][1]:.4f} nats a token" if losses else "not measured"),
        ("training loss of the last step", f"{notes.get('last_loss', float('nan')):.4f} nats a token"),
        ("training time", f"{notes.get('seconds', 0.0) / 60:.1f} minutes"),
        ("stored as", "float16"),
    ]
    lines = [
        "# Model card",
        "",
        "| what | value |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in rows),
    ]
    lines += ["", "Trained on:", "", "| text | characters | sha256 |", "| --- | --- | --- |"]
    lines += [f"| {name} | {characters:,} | `{digest}` |" for name, digest, characters in notes.get("sources", [])]
    lines += ["", "Validation loss by step:", "", "| step | loss |", "| --- | --- |"]
    lines += [f"| {step} | {loss:.4f} |" for step, loss in losses]
    return "\n".join(lines) + "\n"
