"""Names of container images at a registry.

The published patterns can be read in so many ways that a text of thirty letters which does not fit
keeps the matcher busy for years. Those called SAFE match exactly the same texts: what separates
parts of a name is never empty there, so that there is one way only.
"""

from __future__ import annotations

from typing import Final

_LABEL: Final = r"(?:[a-zA-Z\d]|[a-zA-Z\d][a-zA-Z\d-]*[a-zA-Z\d])"
_HOST: Final = rf"(?:{_LABEL}(?:\.{_LABEL})*(?::\d+)?/)?"
_PART: Final = r"[a-z\d]+(?:(?:[._]|__|[-]*)[a-z\d]+)*"
_SAFE_PART: Final = r"[a-z\d]+(?:(?:[._]|__|-+)[a-z\d]+)*"
_TAG: Final = r":\w[\w.-]{0,127}"

IMAGE: Final = rf"^{_HOST}{_PART}(?:/{_PART})*$"
SAFE_IMAGE: Final = rf"^{_HOST}{_SAFE_PART}(?:/{_SAFE_PART})*$"
REFERENCE: Final = rf"{IMAGE[:-1]}{_TAG}$"
SAFE_REFERENCE: Final = rf"{SAFE_IMAGE[:-1]}{_TAG}$"
MAX_LENGTH: Final = 1024
