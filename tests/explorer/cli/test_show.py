"""`explorer show`: the JSON is exactly the schema and its numbers follow from q, k and v; the tables say the same."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from explorer.cli.main import cli
from model import tokenizer
from tests.explorer.cli.results import as_json
from tests.explorer.small import CHARACTERS, CONFIG, save_small

TEXT = "bad cafe é."
SCHEMA = [
    *("model", "text", "tokens", "token_ids", "layer", "head", "head_size", "scale", "causal", "scope"),
    *("q", "k", "v", "scores", "scaled", "masked", "weights", "mixed"),
    *("peakedness", "loss", "loss_as_trained", "predictions"),
]


def run(*arguments: str, code: int = 0, **extra: Any) -> str:
    result = CliRunner().invoke(cli, ["show", *arguments], catch_exceptions=False, **extra)
    assert result.exit_code == code, result.stderr
    return result.stdout


def dot(a: list[float], b: list[float]) -> float:
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def assert_close(found: Any, expected: Any) -> None:
    assert len(found) == len(expected)
    for row, other in zip(found, expected, strict=True):
        if isinstance(row, list):
            assert_close(row, other)
        else:
            assert row == pytest.approx(other, rel=1e-4, abs=1e-5)


def recomputed(answer: dict[str, Any], *, scale: float, causal: bool) -> dict[str, Any]:
    """Every stage from q, k and v in plain Python, in double precision."""
    q, k, v = answer["q"], answer["k"], answer["v"]
    size = len(q)
    scores = [[dot(q[i], k[j]) for j in range(size)] for i in range(size)]
    scaled = [[s * scale for s in row] for row in scores]
    masked = [[None if causal and j > i else scaled[i][j] for j in range(size)] for i in range(size)]
    weights = []
    for row in masked:
        top = max(x for x in row if x is not None)
        exponents = [0.0 if x is None else math.exp(x - top) for x in row]
        weights.append([e / math.fsum(exponents) for e in exponents])
    mixed = [[dot(row, [value[c] for value in v]) for c in range(len(v[0]))] for row in weights]
    flat = [s for row in scores for s in row]
    mean = math.fsum(flat) / len(flat)
    entropy = [-math.fsum(w * math.log2(w) for w in row if w > 0) for row in weights]
    return {
        "scores": scores,
        "scaled": scaled,
        "masked": masked,
        "weights": weights,
        "mixed": mixed,
        "variance": math.fsum((s - mean) ** 2 for s in flat) / len(flat),
        "max": [max(row) for row in weights],
        "entropy": entropy,
        "effective": [2**bits for bits in entropy],
    }


def loss_of(predictions: list[dict[str, Any]], side: str, tokens: list[str]) -> float:
    """Mean of −ln p(next token); ten predictions are the whole vocabulary of the small model."""
    chances = [{p["token"]: p["probability"] for p in entry[side]} for entry in predictions]
    return -math.fsum(math.log(chances[i][tokens[i + 1]]) for i in range(len(tokens) - 1)) / (len(tokens) - 1)


@pytest.mark.parametrize(
    ("options", "scale", "causal", "scope"),
    [
        ((), 1 / math.sqrt(6), True, "head"),
        (("--no-scale",), 1.0, True, "head"),
        (("--scale", "0.3", "--scope", "layer"), 0.3, True, "layer"),
        (("--scale", "-2"), -2.0, True, "head"),
        (("--no-mask", "--scope", "model"), 1 / math.sqrt(6), False, "model"),
        (("--no-mask", "--scale", "0"), 0.0, False, "head"),
    ],
)
def test_the_json_is_the_schema_and_its_numbers_follow_from_q_k_v(
    model: str, options: tuple[str, ...], scale: float, causal: bool, scope: str
) -> None:
    answer = as_json("show", TEXT, "--model", model, "--layer", "1", "--head", "2", *options)
    assert list(answer) == SCHEMA
    assert answer["model"] == "small"
    assert answer["text"] == TEXT
    assert answer["tokens"] == list(TEXT)
    assert answer["token_ids"] == [sorted(CHARACTERS).index(c) for c in TEXT]
    assert (answer["layer"], answer["head"], answer["head_size"]) == (1, 2, 6)
    assert answer["scale"] == pytest.approx(scale, rel=1e-15)
    assert (answer["causal"], answer["scope"]) == (causal, scope)
    assert all(len(answer[name]) == len(TEXT) and len(answer[name][0]) == 6 for name in ("q", "k", "v"))

    expected = recomputed(answer, scale=scale, causal=causal)
    for name in ("scores", "scaled", "weights", "mixed"):
        assert_close(answer[name], expected[name])
    for row, other in zip(answer["masked"], expected["masked"], strict=True):
        assert [x is None for x in row] == [x is None for x in other]
        assert_close([x for x in row if x is not None], [x for x in other if x is not None])
    assert list(answer["peakedness"]) == ["scores_variance", "max_weight", "entropy_bits", "effective_keys"]
    assert answer["peakedness"]["scores_variance"] == pytest.approx(expected["variance"], rel=1e-4)
    assert_close(answer["peakedness"]["max_weight"], expected["max"])
    assert_close(answer["peakedness"]["entropy_bits"], expected["entropy"])
    assert_close(answer["peakedness"]["effective_keys"], expected["effective"])

    assert [entry["position"] for entry in answer["predictions"]] == list(range(len(TEXT)))
    for entry in answer["predictions"]:
        assert list(entry) == ["position", "as_set", "as_trained"]
        for side in ("as_set", "as_trained"):
            probabilities = [p["probability"] for p in entry[side]]
            assert sorted({p["token"] for p in entry[side]}) == sorted(CHARACTERS)
            assert probabilities == sorted(probabilities, reverse=True)
            assert math.fsum(probabilities) == pytest.approx(1, abs=1e-5)
    assert answer["loss"] == pytest.approx(loss_of(answer["predictions"], "as_set", answer["tokens"]), rel=1e-4)
    trained = loss_of(answer["predictions"], "as_trained", answer["tokens"])
    assert answer["loss_as_trained"] == pytest.approx(trained, rel=1e-4)
    assert (answer["loss"] == answer["loss_as_trained"]) == (not options)


def test_switches_leave_q_k_v_of_their_own_layer_and_the_trained_side_alone(model: str) -> None:
    trained, changed = (
        as_json("show", TEXT, "--model", model, "--layer", "1", *options)
        for options in ((), ("--no-scale", "--no-mask"))
    )
    assert [trained[name] for name in "qkv"] == [changed[name] for name in "qkv"]
    assert trained["loss_as_trained"] == changed["loss_as_trained"]
    above = [
        as_json("show", TEXT, "--model", model, "--layer", "2", "--scope", "model", *o)["q"]
        for o in ((), ("--no-mask",))
    ]
    assert above[0] != above[1]


def test_an_ablated_head_mixes_to_zeros(model: str) -> None:
    answer = as_json(
        "show", TEXT, "--model", model, "--layer", "2", "--head", "3", "--ablate", "2.3", "--ablate", "0.1"
    )
    assert all(x == 0 for row in answer["mixed"] for x in row)
    assert any(x != 0 for row in answer["v"] for x in row)
    assert answer["loss"] != answer["loss_as_trained"]


def test_one_token_has_no_loss(model: str) -> None:
    answer = as_json("show", "a", "--model", model)
    assert answer["loss"] is answer["loss_as_trained"] is None
    assert answer["weights"] == [[1.0]]
    assert len(answer["predictions"]) == 1


def test_json_prints_nothing_else_and_only_ascii(model: str) -> None:
    result = CliRunner().invoke(cli, ["show", "a日\x1b[31m\u202eé", "--model", model, "--json"])
    assert result.stdout.isascii()
    assert result.stdout.count("\n") == 1
    assert "\x1b" not in result.stdout
    assert json.loads(result.stdout)["tokens"] == ["a", "é"]
    assert result.stderr.count("\n") == 1
    assert "unknown" in result.stderr


# Tables


def test_tables_show_every_stage_of_a_short_text(model: str) -> None:
    answer = as_json("show", "bad", "--model", model, "--layer", "1")
    out = run("bad", "--model", model, "--layer", "1")
    for title in ("scores q·kᵀ", "scaled ×0.4082", "masked", "weights", "mixed", "how peaked?", "next token", "loss"):
        assert title in out
    assert "−∞" in out
    for i, j in ((0, 0), (1, 0), (2, 2)):
        assert f"{abs(answer['scores'][i][j]):.2f}"[:4] in out
    assert f"{answer['loss']:.4f} nats" in out
    assert "left out" not in run("bad", "--model", model, "--stage", "mixed")


def test_long_texts_fit_80_columns_and_say_what_is_left_out(model: str) -> None:
    out = run("abcdefg .éabcdef", "--model", model, env={"COLUMNS": "80"})
    assert max(map(len, out.splitlines())) <= 80
    assert "keys 8 to 15 are left out" in out or "to 15 are left out" in out


@pytest.mark.parametrize("stage", ["scores", "scaled", "masked", "weights", "mixed", "next-token"])
def test_one_stage_is_printed_whole(model: str, stage: str) -> None:
    out = run("abcdefg .éabcdef", "--model", model, "--stage", stage, env={"COLUMNS": "60"})
    assert max(map(len, out.splitlines())) <= 60
    assert "left out" not in out
    if stage not in ("mixed", "next-token"):
        assert "columns" in out
        assert "15 f" in out


def test_one_query_lists_all_keys_and_ten_predictions(model: str) -> None:
    answer = as_json("show", "bad cafe", "--model", model, "--layer", "1")
    out = run("bad cafe", "--model", model, "--layer", "1", "--query", "3")
    assert "query 3" in out
    assert sum("−∞" in line for line in out.splitlines()) == 4
    weight = answer["weights"][3][0]
    assert f"{weight:.3f}" in out
    assert f"{answer['predictions'][3]['as_set'][0]['probability']:.2f}".removeprefix("0") in out
    assert "entropy" in out


def test_tables_of_a_changed_model_stand_beside_the_trained(model: str) -> None:
    out = run("bad", "--model", model, "--no-scale")
    assert "as trained" in out
    assert "as set" in out
    assert "switches act on: head" in out


@pytest.mark.parametrize("text", ["[red]a[/red]b", "a\x1b[31mb\x9b0mc", "a\tb\n\nc", "a\u202eb\u200bc", "👩‍👩‍👧 a"])
def test_hostile_text_never_reaches_the_terminal(tmp_path: Path, text: str) -> None:
    # A vocabulary of exactly these characters: they are then known and shown, not left out.
    save_small(tmp_path / "hostile", replace(CONFIG, vocab_size=len(set(text))))
    tokenizer.save(tokenizer.train_char(text), tmp_path / "hostile")
    for options in ((), ("--query", "1"), ("--stage", "next-token")):
        result = CliRunner().invoke(cli, ["show", text, "--model", str(tmp_path / "hostile"), *options])
        assert result.exit_code == 0
        assert not set(result.output) & {"\x1b", "\x9b", "\t", "\u202e", "\u200b"}


def test_an_embedding_larger_than_the_vocabulary_predicts_unused_tokens(tmp_path: Path) -> None:
    save_small(tmp_path / "padded", replace(CONFIG, vocab_size=14))
    answer = as_json("show", "abc", "--model", str(tmp_path / "padded"))
    tokens = {p["token"] for entry in answer["predictions"] for p in entry["as_set"]}
    assert any(token.startswith("<unused 1") for token in tokens)


@pytest.mark.parametrize("mask", ["--mask", "--no-mask"])
def test_a_scale_of_0_averages_what_is_visible(model: str, mask: str) -> None:
    answer = as_json("show", TEXT, "--model", model, "--scale", "0", mask)
    size = len(answer["tokens"])
    for query, row in enumerate(answer["weights"]):
        seen = query + 1 if mask == "--mask" else size
        assert row == pytest.approx([1 / seen] * seen + [0.0] * (size - seen))
    assert math.isfinite(answer["loss"])
