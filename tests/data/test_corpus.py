import hashlib
import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import corpus as corpus_module
from data.corpus import Corpus, CorpusError, Source, corpus_of, read_corpus, split


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def one_line_error(*paths: Path, **options: bool) -> str:
    with pytest.raises(CorpusError) as caught:
        read_corpus(paths, **options)
    message = str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in message
    assert message.isprintable()
    return message


# Reading


def test_a_file_without_boundaries_is_one_document_untouched(tmp_path: Path) -> None:
    text = "  First Citizen:\nSpeak — “now”.  \n\n\n\nAll:\nâ€™ Speak.\n"
    path = write(tmp_path / "play.txt", text)
    corpus = read_corpus([path])
    assert corpus.documents == (text,)
    assert corpus.sources == (Source("play.txt", hashlib.sha256(text.encode()).hexdigest(), len(text)),)
    assert corpus.characters == len(text)


def test_documents_end_at_the_marker(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.txt",
        "one\n\ntwo\n<|endoftext|>\n\n  three\n<|endoftext|>\n \n<|endoftext|>\nfour<|endoftext|>five",
    )
    assert read_corpus([path]).documents == ("one\n\ntwo", "  three", "four", "five")


def test_files_follow_one_another_and_strings_are_paths_too(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{name}.txt", name) for name in "ba"]
    corpus = read_corpus(map(str, paths))
    assert corpus.documents == ("b", "a")
    assert [source.name for source in corpus.sources] == ["b.txt", "a.txt"]


def test_byte_order_mark_and_line_ends_are_made_plain(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    assert read_corpus([path]).documents == ("one\ntwo\nthree\n",)
    assert read_corpus([path]).sources[0].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_pipe_is_read() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"from a pipe")
    os.close(writing)
    assert read_corpus([f"/dev/fd/{reading}"]).documents == ("from a pipe",)
    os.close(reading)


def test_made_documents_are_a_corpus_and_corpora_add() -> None:
    made = corpus_of("storyteller", ["one", " ", "two"])
    assert made.documents == ("one", "two")
    assert made.sources[0].name == "storyteller"
    assert made.sources[0].sha256 == hashlib.sha256(b"one\n<|endoftext|>\ntwo").hexdigest()
    both = made + corpus_of("more", ["three"])
    assert both.documents == ("one", "two", "three")
    assert [source.name for source in both.sources] == ["storyteller", "more"]
    with pytest.raises(CorpusError, match="holds no text"):
        corpus_of("nothing", ["", "\n"])


# Unreadable files


def test_no_file_at_all() -> None:
    assert "no text file" in one_line_error()


def test_a_missing_file(tmp_path: Path) -> None:
    assert "nothing.txt' does not exist" in one_line_error(tmp_path / "nothing.txt")


def test_a_directory(tmp_path: Path) -> None:
    assert "is a directory" in one_line_error(tmp_path)


def test_a_device_that_never_ends() -> None:
    assert "not a regular file" in one_line_error(Path("/dev/zero"))


def test_a_file_inside_a_file(tmp_path: Path) -> None:
    assert "cannot be read: Not a directory" in one_line_error(write(tmp_path / "a", "x") / "b")


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    written = write(tmp_path / "a.txt", "text")
    monkeypatch.setattr(Path, "open", refuse)
    assert "may not be read" in one_line_error(written)


@pytest.mark.parametrize("content", ["", " \n\t\n", "\ufeff", "\n<|endoftext|>\n \n<|endoftext|>"])
def test_an_empty_file(tmp_path: Path, content: str) -> None:
    assert "is empty" in one_line_error(write(tmp_path / "a.txt", content))
    assert "is empty" in one_line_error(write(tmp_path / "a.txt", content), split_stories=True, clean=True)


def test_a_file_that_is_not_utf8_says_where(tmp_path: Path) -> None:
    assert "not UTF-8: byte 0xE9 at offset 3" in one_line_error(write(tmp_path / "a.txt", "café".encode("latin-1")))
    assert "not UTF-8: byte 0xE2 at offset 4" in one_line_error(write(tmp_path / "a.txt", "cut —".encode()[:-1]))
    assert "UTF-16" in one_line_error(write(tmp_path / "a.txt", "text".encode("utf-16")))


def test_a_binary_file_says_where(tmp_path: Path) -> None:
    assert "NUL byte at offset 2" in one_line_error(write(tmp_path / "a.bin", b"ab\0cd"))


def test_a_huge_binary_file_is_not_read_whole(tmp_path: Path) -> None:
    huge = write(tmp_path / "huge", b"text\0")
    with huge.open("r+b") as file:
        file.truncate(2**36)  # takes no space on the disk
    assert "NUL byte at offset 4" in one_line_error(huge)


@pytest.mark.parametrize("name", ["a\x1b[31mred\nline.txt", "a\udcff.txt", "nul\0.txt"])
def test_a_hostile_name_is_escaped(tmp_path: Path, name: str) -> None:
    one_line_error(tmp_path / name)


# Splitting into training and validation


@given(st.text(min_size=10, max_size=300))
def test_one_document_is_cut_as_nanogpt_cuts(text: str) -> None:
    parts = split(Corpus((text,), ()))
    n = len(text)
    assert parts.train == (text[: int(n * 0.9)],)
    assert parts.validation == (text[int(n * 0.9) :],)


def test_few_documents_are_each_cut() -> None:
    parts = split(Corpus(("a" * 10, "b" * 20), ()), validation=0.2)
    assert parts.train == ("a" * 8, "b" * 16)
    assert parts.validation == ("a" * 2, "b" * 4)


DOCUMENTS = tuple(f"This is story number {i}." for i in range(2000))


def test_many_documents_are_held_out_whole() -> None:
    parts = split(Corpus(DOCUMENTS, ()))
    assert sorted(parts.train + parts.validation) == sorted(DOCUMENTS)
    # A binomial of 2,000 at 0.1 has a standard deviation of 13.4; the hash is fixed, so this cannot flicker.
    assert abs(len(parts.validation) - 200) < 54


def test_the_choice_depends_on_the_document_alone() -> None:
    held_out = set(split(Corpus(DOCUMENTS, ())).validation)
    shuffled = random.Random(1).sample(DOCUMENTS, len(DOCUMENTS))
    assert set(split(Corpus(tuple(shuffled), ())).validation) == held_out
    half = set(DOCUMENTS[::2])
    assert set(split(Corpus(DOCUMENTS[::2], ())).validation) == held_out & half


def test_duplicates_stay_together() -> None:
    parts = split(Corpus(DOCUMENTS * 3, ()))
    assert not set(parts.train) & set(parts.validation)
    assert all(parts.validation.count(document) == 3 for document in set(parts.validation))


@given(st.integers(0, 10_000), st.floats(0.001, 0.999))
def test_neither_part_is_empty(start: int, validation: float) -> None:
    documents = tuple(f"Number {i}." for i in range(start, start + 20))
    parts = split(Corpus(documents, ()), validation)
    assert parts.train
    assert parts.validation
    assert sorted(parts.train + parts.validation) == sorted(documents)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 7.0, float("nan")])
def test_an_invalid_fraction_is_refused(fraction: float) -> None:
    with pytest.raises(CorpusError, match="between 0 and 1"):
        split(Corpus(("text" * 10,), ()), fraction)


def test_a_text_too_short_to_split() -> None:
    with pytest.raises(CorpusError, match="1 characters, too few to hold out 10%"):
        split(Corpus(("x",), ()))


# Splitting stories and cleaning; test_packed_stories.py and test_clean.py test the rules


def test_stories_are_split_and_cleaned_only_when_asked(tmp_path: Path) -> None:
    story = "Once upon a time, there was a cat named {0}. {0} was a happy cat.\n\n{0} said, â€œI likeâ€¦ fish.â€\n"
    path = write(tmp_path / "a.txt", "".join(story.format(name) for name in ("Pim", "Pam", "Pum", "Pom")))
    assert len(read_corpus([path]).documents) == 1
    stories = read_corpus([path], split_stories=True, clean=True).documents
    assert len(stories) == 4
    assert (
        stories[1] == 'Once upon a time, there was a cat named Pam. Pam was a happy cat.\nPam said, "I like... fish."'
    )


def test_the_reader_needs_the_standard_library_only() -> None:
    for name in ("corpus", "clean", "packed_stories", "samples"):
        source = (Path(corpus_module.__file__).parent / f"{name}.py").read_text(encoding="utf-8")
        imports = {
            line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))
        }
        assert imports <= {
            "hashlib",
            "math",
            "stat",
            "collections",
            "dataclasses",
            "pathlib",
            "re",
            "itertools",
            "data",
        }
