"""Time zones, calendar events, and texts that other programs encode."""

from __future__ import annotations

import re

from appliance.model.formats.form import checked, matching

_AREAS = "Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific"
_ZONE = re.compile(rf"UTC|(?:{_AREAS})/[A-Z][A-Za-z_+-]*(?:/[A-Z][A-Za-z_]*)?", re.ASCII)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NICKNAMES = ("minutely", "hourly", "daily", "weekly", "monthly", "quarterly")
_RARE = ("semiannually", "semi-annually", "yearly", "annually")
_ITEM = re.compile(r"(?:(\*)|([0-9]{1,4})(?:\.\.([0-9]{1,4}))?)(?:/([0-9]{1,4}))?", re.ASCII)
_DATE_LIMITS = (9999, 12, 31)
_TIME_LIMITS = (23, 59, 59)


def is_timezone(text: str) -> bool:
    """UTC, or a place in the form of the zone table. Whether the place exists is not known here."""
    return _ZONE.fullmatch(text) is not None


def is_calendar_event(text: str) -> bool:
    """`[weekdays] [[year-]month-day] [[hour:]minute[:second]] [UTC]`, or a word such as `daily`."""
    words = text.split()
    if words and words[-1] == "UTC":
        words = words[:-1]
    if not words:
        return False
    if len(words) == 1 and words[0].lower() in _NICKNAMES + _RARE:
        return True
    for good in (_weekdays, _date, _time):
        if words and good(words[0]):
            words = words[1:]
    return not words


def _weekdays(text: str) -> bool:
    return all(
        0 < len(ends := part.split("..")) <= 2 and all(_day(end) for end in ends)
        for part in text.split(",")
    )


def _day(text: str) -> bool:
    return any(text.lower() in (day, day[:3]) for day in _DAYS)


def _date(text: str) -> bool:
    fields = text.split("-")
    return 2 <= len(fields) <= 3 and _fit(fields, _DATE_LIMITS[-len(fields) :])


def _time(text: str) -> bool:
    fields = text.split(":")
    if len(fields) > 3:
        return False
    # Two fields are hour and minute; where the first is no hour they are minute and second.
    limits = [_TIME_LIMITS[1:2], _TIME_LIMITS[:2], _TIME_LIMITS][len(fields) - 1]
    return _fit(fields, limits) or (len(fields) == 2 and _fit(fields, _TIME_LIMITS[1:]))


def _fit(fields: list[str], limits: tuple[int, ...]) -> bool:
    pairs = zip(fields, limits, strict=True)
    return all(_item(part, limit) for field, limit in pairs for part in field.split(","))


def _item(text: str, limit: int) -> bool:
    match = _ITEM.fullmatch(text)
    if match is None:
        return False
    star, first, last, step = match.groups()
    numbers = [int(number) for number in (first, last) if number is not None]
    ordered = numbers == sorted(numbers) and (star or len(numbers) < 2 or numbers[0] <= numbers[1])
    return bool(
        ordered
        and all(number <= limit for number in numbers)
        and (step is None or 0 < int(step) <= limit)
    )


TIMEZONE = checked("timezone", "UTC or a place such as Europe/Vienna", is_timezone)
CALENDAR_EVENT = checked(
    "pve-calendar-event",
    "[weekdays] [[year-]month-day] [[hour:]minute[:second]], or hourly, daily, weekly, monthly",
    is_calendar_event,
)
URL_ENCODED = matching(
    "urlencoded", "letters, digits, '-', '_', '.' and %XX", r"[A-Za-z0-9%_.!~*'()-]*"
)
DAY_OF_WEEK = matching("pve-day-of-week", "mon to sun", r"mon|tue|wed|thu|fri|sat|sun")

FORMS = (TIMEZONE, CALENDAR_EVENT, URL_ENCODED, DAY_OF_WEEK)
