"""Calendar events: `mon..fri 8..18:0/30`, `*-*-1 3:00`, `daily`; when one comes next."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from appliance.model.errors import ConfigError
from appliance.model.formats.times import is_calendar_event

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORDS: Final = {
    "minutely": "*:*:0",
    "hourly": "*:0:0",
    "daily": "0:0:0",
    "weekly": "mon 0:0:0",
    "monthly": "*-*-1 0:0:0",
    "quarterly": "*-1,4,7,10-1 0:0:0",
    "semiannually": "*-1,7-1 0:0:0",
    "semi-annually": "*-1,7-1 0:0:0",
    "yearly": "*-1-1 0:0:0",
    "annually": "*-1-1 0:0:0",
}
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2150  # nobody waits for longer
_ITEM: Final = re.compile(r"(?:(\*)|([0-9]+)(?:\.\.([0-9]+))?)(?:/([0-9]+))?", re.ASCII)

Numbers = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """What a moment must match, each field sorted; days of the week from Monday as 0.

    utc: the event says so itself, whatever the time zone of who asks.
    """

    weekdays: Numbers
    years: Numbers
    months: Numbers
    days: Numbers
    hours: Numbers
    minutes: Numbers
    seconds: Numbers
    utc: bool = False


def parse_calendar_event(text: str) -> CalendarEvent:
    """ConfigError for what is no event."""
    if not is_calendar_event(text.strip()):
        raise ConfigError(f"'{text}' is no calendar event", field="schedule")
    words = text.split()
    utc = words[-1] == "UTC"
    words = words[:-1] if utc else words
    if len(words) == 1:
        words = _WORDS.get(words[0].lower(), words[0]).split()
    weekdays: Numbers = tuple(range(7))
    if words and words[0][0].isalpha():
        weekdays = _weekdays(words.pop(0))
    date = words.pop(0) if words and "-" in words[0] else "*-*-*"
    time = words.pop(0) if words else "0:0:0"
    year, month, day = (["*", *date.split("-")] if date.count("-") == 1 else date.split("-"))[-3:]
    hour, minute, second = _time_fields(time)
    return CalendarEvent(
        weekdays,
        _numbers(year, _FIRST_YEAR, _LAST_YEAR),
        _numbers(month, 1, 12),
        _numbers(day, 1, 31),
        _numbers(hour, 0, 23),
        _numbers(minute, 0, 59),
        _numbers(second, 0, 59),
        utc,
    )


def _time_fields(text: str) -> tuple[str, str, str]:
    fields = text.split(":")
    if len(fields) == 1:
        return "*", fields[0], "0"
    if len(fields) == 2:
        if any(int(number) > 23 for number in re.findall(r"[0-9]+", fields[0])):
            return "*", fields[0], fields[1]  # no hour: minutes and seconds
        return fields[0], fields[1], "0"
    return fields[0], fields[1], fields[2]


def _weekdays(text: str) -> Numbers:
    found: list[int] = []
    for part in text.lower().split(","):
        first, dots, last = part.partition("..")
        start = _DAYS.index(first[:3])
        end = _DAYS.index(last[:3]) if dots else start
        found += [(start + step) % 7 for step in range((end - start) % 7 + 1)]
    return tuple(sorted(dict.fromkeys(found)))


def _numbers(text: str, low: int, high: int) -> Numbers:
    found: list[int] = []
    for part in text.split(","):
        match = _ITEM.fullmatch(part)
        assert match is not None, part
        star, first, last, step = match.groups()
        start = low if star else int(first)
        # `5/10` goes on to the end, `5` is just that.
        end = int(last) if last else (high if star or step else start)
        found += range(start, min(end, high) + 1, int(step or 1))
    return tuple(sorted(dict.fromkeys(number for number in found if low <= number <= high)))


def next_event(event: CalendarEvent, after_s: int, zone: tzinfo = UTC) -> int | None:
    """The first moment after that one, in seconds since 1970; None: there will be none."""
    zone = UTC if event.utc else zone
    after = datetime.fromtimestamp(after_s, zone)
    local = after.replace(tzinfo=None) + timedelta(seconds=1)
    for day in _days(event, local):
        for moment in _moments(event, day, local):
            at_s = int(moment.replace(tzinfo=zone).timestamp())
            if at_s > after_s:
                return at_s
    return None


def _days(event: CalendarEvent, local: datetime) -> Iterator[datetime]:
    """The days that match, from that one on."""
    for year in event.years:
        if year < local.year:
            continue
        for month in event.months:
            if (year, month) < (local.year, local.month):
                continue
            last = monthrange(year, month)[1]
            for number in event.days:
                if number > last or (year, month, number) < (local.year, local.month, local.day):
                    continue
                day = datetime(year, month, number)  # noqa: DTZ001
                if day.weekday() in event.weekdays:
                    yield day


def _moments(event: CalendarEvent, day: datetime, local: datetime) -> Iterator[datetime]:
    today = day.date() == local.date()
    for hour in event.hours:
        if today and hour < local.hour:
            continue
        for minute in event.minutes:
            if today and (hour, minute) < (local.hour, local.minute):
                continue
            for second in event.seconds:
                moment = day.replace(hour=hour, minute=minute, second=second)
                if moment >= local:
                    yield moment


def next_events(text: str, after_s: int, count: int, zone: tzinfo = UTC) -> list[int]:
    """Up to so many moments, one after the other. ConfigError."""
    event, found = parse_calendar_event(text), list[int]()
    at_s: int | None = after_s
    while len(found) < count and at_s is not None:
        at_s = next_event(event, at_s, zone)
        if at_s is not None:
            found.append(at_s)
    return found
