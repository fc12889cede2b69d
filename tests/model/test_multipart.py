"""Bodies in parts, however they are cut into pieces on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.errors import ConfigError, TooLargeError
from appliance.model.multipart import (
    MAX_FIELD_BYTES,
    Field,
    FileBegins,
    MultipartReader,
    boundary_of,
    composed,
)

MARK = "frontier"


def read(body: bytes, size: int = 7) -> tuple[dict[str, str], str | None, bytes]:
    """Fields, name of the file, its content."""
    reader, fields, name, content = MultipartReader(MARK), {}, None, b""
    for at in range(0, len(body), size):
        for part in reader.feed(body[at : at + size]):
            if isinstance(part, Field):
                fields[part.name] = part.value
            elif isinstance(part, FileBegins):
                name = part.filename
            else:
                content += part
    reader.end()
    return fields, name, content


@given(
    st.dictionaries(
        st.from_regex(r"[a-z-]{1,9}", fullmatch=True), st.text(max_size=40), max_size=4
    ),
    st.text(max_size=30),
    st.binary(max_size=300),
    st.integers(1, 90),
)
def test_what_is_composed_is_read_however_it_is_cut(
    fields: dict[str, str], name: str, content: bytes, size: int
) -> None:
    head, tail = composed(MARK, fields, "filename", name)
    plain = name.replace("\r", " ").replace("\n", " ")
    if f"\r\n--{MARK}" in "".join(fields.values()):
        return
    assert read(head + content + tail, size) == (fields, plain, content)


def test_content_that_looks_like_a_boundary_nearly() -> None:
    content = b"a\r\n--front\r\n--frontie\r\n-"
    head, tail = composed(MARK, {}, "filename", "x.iso")
    for size in range(1, 60):
        assert read(head + content + tail, size)[2] == content


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--frontier\r\n",
        b'--frontier\r\nContent-Disposition: form-data; name="a"\r\n\r\nvalue',
        b"--frontier\r\nContent-Disposition: form-data\r\n\r\nvalue\r\n--frontier--\r\n",
        b"--frontierX\r\n",
        b"no boundary at all" * 1000,
    ],
)
def test_broken_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(ConfigError, match="body"):
        read(body)


def test_nothing_may_come_after_the_file() -> None:
    head, tail = composed(MARK, {}, "filename", "x")
    more = b'\r\n--frontier\r\nContent-Disposition: form-data; name="a"\r\n\r\nv'
    with pytest.raises(ConfigError, match="comes last"):
        read(head + b"content" + more + tail)


def test_a_field_is_not_a_place_for_a_file() -> None:
    part = b'--frontier\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
    with pytest.raises(TooLargeError):
        read(part + b"x" * (MAX_FIELD_BYTES + 100), 4096)


def test_the_type_tells_the_boundary() -> None:
    assert boundary_of('multipart/form-data; boundary="a b"') == "a b"
    assert boundary_of("Multipart/Form-Data;boundary=x-1") == "x-1"
    assert boundary_of("application/json") is None
    with pytest.raises(ConfigError):
        boundary_of("multipart/form-data")
