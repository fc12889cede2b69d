"""Paths that permissions are given on: `/`, `/vms/100`, `/storage/local`, ..."""

from __future__ import annotations

import re

_SIGNS = re.compile(r"[A-Za-z0-9._/-]+", re.ASCII)
_SLASHES = re.compile(r"/+")
_N = r"[A-Za-z0-9._-]+"
_VALID = re.compile(
    rf"""
    /
    | /access (?: /groups (?: /{_N} )? | /realm (?: /{_N} )? )?
    | /nodes (?: /{_N} )?
    | /pool (?: /{_N} ){{0,3}}
    | /sdn
    | /sdn/ (?: controllers | dns | fabrics (?: /{_N} )? | ipams | prefix-lists | route-maps )
    | /sdn/zones (?: /{_N} (?: /{_N} (?: /[1-9][0-9]{{0,3}} )? )? )?
    | /storage (?: /{_N} )?
    | /vms (?: /[1-9][0-9]{{2,}} )?
    | /mapping (?: /{_N} (?: /{_N} )? )?
    """,
    re.ASCII | re.VERBOSE,
)


def normalized_path(text: str) -> str | None:
    """One slash in front and between, none behind; None if it cannot be a path at all."""
    if not text:
        return None
    path = _SLASHES.sub("/", f"/{text}").rstrip("/") or "/"
    return path if _SIGNS.fullmatch(path) else None


def is_acl_path(path: str) -> bool:
    """Whether a normalized path is one of a thing that exists in this system."""
    return _VALID.fullmatch(path) is not None


def ancestors(path: str) -> tuple[str, ...]:
    """The path's own way from `/` down to itself."""
    parts = [part for part in path.split("/") if part]
    return ("/", *("/" + "/".join(parts[: end + 1]) for end in range(len(parts))))
