"""Where two schemas in the dialect of the published API contract say different things."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

# What is said of a parameter for people or for the command line, and no rule for its value.
_PROSE = ("completion", "typetext", "default_key", "verbose_description")


def differences(place: str, ours: Schema, theirs: Schema) -> list[str]:
    """Places and words in which the schemas differ, as `place: word`; prose does not count."""
    if "items" in theirs or "items" in ours:
        return differences(f"{place}[]", ours.get("items", {}), theirs.get("items", {}))
    found = []
    mine, published = _normal(ours), _normal(theirs)
    for key in sorted(mine.keys() | published.keys()):
        left, right = mine.get(key), published.get(key)
        if isinstance(left, dict) and isinstance(right, dict):
            found += [f"{place}.{name}: missing" for name in sorted(left.keys() ^ right.keys())]
            for name in sorted(left.keys() & right.keys()):
                found += differences(f"{place}.{name}", left[name], right[name])
        elif left != right:
            found.append(f"{place}: {key}")
    return found


def _normal(schema: Schema) -> Schema:
    result = {key: value for key, value in schema.items() if key not in _PROSE}
    for key in ("minimum", "maximum"):
        if key in result:
            result[key] = float(result[key])
    if "enum" in result:
        result["enum"] = sorted(map(str, result["enum"]))
    if "optional" in result:
        result["optional"] = bool(int(result["optional"]))
        if not result["optional"]:
            del result["optional"]
    if result.get("default") is None or isinstance(result["default"], dict):
        result.pop("default", None)  # told in words there
    if "default" in result:
        result["default"] = _default(result["default"], result.get("type"))
    return result


def _default(value: object, kind: object) -> object:
    if kind == "boolean":
        return str(value) in ("1", "yes", "on", "true", "True")
    return str(value)
