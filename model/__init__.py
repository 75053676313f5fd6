"""Everything that computes: attention, the GPT, its traces, tokenizers, checkpoints and the trainer."""
