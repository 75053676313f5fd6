"""Everything that is read: the built-in corpus, text files, sample sentences, bundled checkpoints."""
