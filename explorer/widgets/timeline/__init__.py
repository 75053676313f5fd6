"""The slider over the snapshots of a training run."""
