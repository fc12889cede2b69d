"""All options as one page of documentation, made from their declarations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from appliance.model.json_schema import shown_default, value_words
from appliance.model.option import Option
from appliance.model.options.catalog import FILES, ConfigFile
from appliance.model.property_string import Properties

_HEAD = """# Options of every configuration file

Made from the declarations in `appliance/model/options`; a test keeps it so. `[n]` stands for a
number. A value of *keys* is `key=value,key=value`; the keys follow the table, the one in brackets
may be given without its name. *fixed*: can be given when the thing is made, not changed later.
"""
_COLUMNS = "| option | value | default | what it is |\n| --- | --- | --- | --- |"


def options_page() -> str:
    """The page as Markdown."""
    parts = [_HEAD, *(part for file in FILES for part in _file(file))]
    return "\n".join(parts)


def _file(file: ConfigFile) -> Iterator[str]:
    yield f"## {file.path}\n\n{file.about}\n"
    tables = file.tables()
    for name, options in tables.items():
        if name:
            yield f"### {name}\n"
        yield _table(options)
        if not name:
            yield from _keys(options)
    if "" not in tables:
        distinct = {option.name: option for options in tables.values() for option in options}
        yield from _keys(distinct.values())


def _table(options: Iterable[Option]) -> str:
    rows = [_row(option) for option in sorted(options, key=lambda option: option.name)]
    return "\n".join([_COLUMNS, *rows, ""])


def _row(option: Option) -> str:
    name = option.name if option.last is None else f"{option.name}[n]"
    marks = [
        word for word, holds in (("required", option.required), ("fixed", option.fixed)) if holds
    ]
    if option.last:
        marks.append(f"n to {option.last}")
    if option.requires:
        marks.append(f"needs {option.requires}")
    text = option.sentence + (f" ({', '.join(marks)})" if marks else "")
    cells = (f"`{name}`", _literal(value_words(option)), _literal(shown_default(option)), text)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _literal(words: str) -> str:
    """Words with signs that Markdown would take for markup."""
    return f"`{words}`" if set(words) & set("<>*_[") else words


def _keys(options: Iterable[Option]) -> Iterator[str]:
    for option in sorted(options, key=lambda option: option.name):
        form = option.format
        if not isinstance(form, Properties) or not form.options:
            continue
        name = option.name if option.last is None else f"{option.name}[n]"
        bare = f", `[{form.default_key}=]`" if form.default_key else ""
        yield f"Keys of `{name}`{bare}:\n\n{_table(form.options)}"
