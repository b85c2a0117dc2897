"""Summaries are unchanged after being written to a file and read back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trace.made import ordinary_records, sealed, value_record
from tracer.trace import values as v
from tracer.trace.reading import open_trace
from tracer.trace.values import decode_value, encode_value, kind_of, to_json

# What a UTF-8 file can contain: no lone surrogates. The recorder has replaced them.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
numbers = st.integers(0, 2**62)
lengths = st.integers(0, 2**62)
plains = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63) + 1, 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
pairs = st.lists(st.tuples(texts, numbers), max_size=4)

values = st.one_of(
    st.builds(v.Plain, plains),
    st.builds(v.Text, texts, lengths),
    st.builds(v.Bytes, lengths),
    st.builds(v.Named, texts, texts),
    st.builds(v.Mapping, texts, lengths, pairs),
    st.builds(v.Sequence, texts, lengths, st.lists(numbers, max_size=4)),
    st.builds(v.Config, texts, lengths, pairs),
    st.builds(v.Tensor, texts, st.lists(lengths, max_size=4), texts, texts, st.booleans()),
    st.builds(v.Module, texts, lengths),
    st.builds(v.Class, texts, texts),
    st.builds(v.Function, texts, texts),
    st.builds(v.Exception_, texts, texts, st.none() | texts),
    st.builds(v.Object, texts),
    st.builds(v.Secret, texts),
    st.builds(v.Deeper, texts, lengths),
)


def test_every_kind_of_value_is_tested() -> None:
    kinds = {kind.__struct_config__.tag for kind in v.Value.__args__}
    assert len(kinds) == len(v.Value.__args__) == 15


@given(values)
def test_a_value_is_read_back_unchanged(value: v.Value) -> None:
    encoded = encode_value(value)
    back = decode_value(encoded)
    assert type(back) is type(value)
    assert encode_value(back) == encoded
    assert back == value
    encoded.decode("utf-8")


@given(st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1))
def test_plain_values_keep_their_type(value: float | bool | int) -> None:
    back = decode_value(encode_value(v.Plain(value)))
    assert isinstance(back, v.Plain)
    assert repr(back.value) == repr(value)  # True is not 1, 1.0 is not 1, -0.0 is not 0.0


@given(values)
def test_plain_json_contains_the_kind(value: v.Value) -> None:
    made = to_json(value)
    assert isinstance(made, dict)
    assert made["is"] == kind_of(value)
    msgspec.json.encode(made)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("values")


@given(made=st.lists(values, min_size=1, max_size=5))
def test_values_in_a_trace_file(folder: Path, made: list[v.Value]) -> None:
    records = [*ordinary_records(1)[:3], *(value_record(number, value) for number, value in enumerate(made))]
    with open_trace(sealed(folder, records)) as trace:
        assert [trace.value(number) for number in range(len(made))] == made


def test_unknown_fields_of_a_newer_release_are_ignored() -> None:
    assert decode_value(b'{"is":"bytes","length":3,"colour":"red"}') == v.Bytes(3)
