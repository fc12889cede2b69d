"""Points in time as texts."""

from __future__ import annotations

import datetime as dt

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def format_timestamp(epoch_s: float, east_of_utc: dt.timedelta = dt.timedelta()) -> str:
    """`1970-01-01 01:00:00`: the time at a place so far east of UTC."""
    moment = _EPOCH + dt.timedelta(seconds=int(epoch_s)) + east_of_utc
    return f"{moment:%Y-%m-%d %H:%M:%S}"
