"""Everything that is read: the built-in corpus, text files, sample sentences, the models that ship."""
