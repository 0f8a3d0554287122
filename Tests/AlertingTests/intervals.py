#!/usr/bin/env python3
"""Writes intervals.json: random time intervals, and which of some times lie in each, as Python's
datetime and zoneinfo see it. Run it by hand: python3 Tests/AlertingTests/intervals.py"""

import calendar
import datetime
import json
import pathlib
import random
import zoneinfo

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe",
         "Pacific/Apia"]


def ranges(source, low, high, most):
    return [sorted((source.randint(low, high), source.randint(low, high)))
            for _ in range(source.randint(0, most))]


def day_ranges(source):
    found = []
    while len(found) < 2:
        first = source.choice([*range(1, 32), *range(-31, 0)])
        last = source.choice([*range(1, 32), *range(-31, 0)])
        if (first > 0 or last < 0) and first % 32 <= last % 32:
            found.append([first, last])
    return found[:source.randint(0, 2)]


def interval(source):
    return {
        "times": [[a, b + 1] for a, b in ranges(source, 0, 1439, 2)],
        "weekdays": ranges(source, 0, 6, 2),
        "days": day_ranges(source),
        "months": ranges(source, 1, 12, 1),
        "years": ranges(source, 2023, 2026, 1),
        "zone": source.choice(ZONES),
    }


def contains(one, seconds):
    local = datetime.datetime.fromtimestamp(seconds, zoneinfo.ZoneInfo(one["zone"]))
    minute = local.hour * 60 + local.minute
    length = calendar.monthrange(local.year, local.month)[1]

    def in_days(first, last):
        days = [day for day in range(1, length + 1)]
        begin = days[first] if first < 0 and -first <= length else first
        if first < 0 and -first > length:
            begin = 1
        if last < 0:
            if -last > length:
                return False
            last = days[last]
        return begin <= local.day <= last

    def is_in(pairs, value):
        return not pairs or any(a <= value <= b for a, b in pairs)

    return (
        (not one["times"] or any(a <= minute < b for a, b in one["times"]))
        and is_in(one["weekdays"], local.isoweekday() % 7)
        and (not one["days"] or any(in_days(a, b) for a, b in one["days"]))
        and is_in(one["months"], local.month) and is_in(one["years"], local.year))


def main():
    source = random.Random(20261124)
    start = int(datetime.datetime(2023, 1, 1, tzinfo=datetime.timezone.utc).timestamp())
    times = [start + source.randrange(4 * 365 * 86400) for _ in range(300)]
    # Around midnights, ends of months and changes of clocks.
    for year in (2023, 2024, 2025):
        for month, day in ((1, 31), (2, 28), (3, 1), (3, 10), (3, 26), (10, 29), (11, 5)):
            noon = datetime.datetime(year, month, day, 12, tzinfo=datetime.timezone.utc)
            times += [int(noon.timestamp()) + source.randrange(-43200, 43200)
                      for _ in range(6)]
    cases = []
    while len(cases) < 80:
        one = interval(source)
        bits = "".join("1" if contains(one, at) else "0" for at in times)
        if "1" in bits and "0" in bits:
            cases.append({**one, "in": bits})
    lines = ",\n".join(json.dumps(case) for case in cases)
    path = pathlib.Path(__file__).with_name("intervals.json")
    # The files are in the public domain.
    files = {name: pathlib.Path("/usr/share/zoneinfo", name).read_bytes().hex()
             for name in ZONES if name != "UTC"}
    path.write_text(f'{{"times": {json.dumps(times)},\n"zones": {json.dumps(files)},\n'
                    f'"cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
