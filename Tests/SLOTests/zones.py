#!/usr/bin/env python3
"""Makes zones.json: files of time zones, and what Python's zoneinfo says of them.

    python3 Tests/SLOTests/zones.py > Tests/SLOTests/zones.json

Needs Debian's tzdata. The files are in the public domain.
"""
import datetime
import json
import random
import zoneinfo

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
# Half hours, midnights, two hours, backwards, a skipped day, tables to 2087, none at all.
NAMES = """Europe/Berlin America/New_York Australia/Lord_Howe Asia/Kathmandu America/Sao_Paulo
    Africa/Casablanca Africa/Cairo Asia/Beirut America/Havana Pacific/Apia America/Santiago
    Europe/Dublin Antarctica/Troll America/Nuuk Asia/Gaza America/St_Johns Etc/GMT+12""".split()


def offset(zone, seconds):
    time = EPOCH + datetime.timedelta(seconds=seconds)
    return int(time.astimezone(zone).utcoffset().total_seconds())


def first(zone, local):
    """The first minute at which the zone's clocks show `local` or more."""
    low = local - 27 * 3600
    while (behind := local - low - offset(zone, low)) > 0:
        # Clocks are set forward by up to two hours at any minute, or by a day at midnight.
        low += 60 if behind <= 4 * 3600 else 900 - low % 900
    return low


def local(year, month, day, second=0):
    return int((datetime.datetime(year, month, day, tzinfo=UTC) - EPOCH).total_seconds()) + second


def edges(zone, unit):
    """The starts of the units of some years; the last are beyond most files' tables."""
    found = []
    day = datetime.date(2008, 1, 1)
    while day.year < 2042:
        is_first = {
            "week": day.weekday() == 0,
            "month": day.day == 1,
            "quarter": day.day == 1 and day.month % 3 == 1,
        }[unit]
        years = (2011, 2026) if unit == "week" else (2008, 2011, 2012, 2018, 2026, 2027, 2040)
        if is_first and day.year in years:
            found.append(first(zone, local(day.year, day.month, day.day)))
        day += datetime.timedelta(days=1)
    return found


def answers(name):
    random.seed(name)
    zone = zoneinfo.ZoneInfo(name)
    times = [random.randrange(0, 3_000_000_000) for _ in range(30)]
    # Around changes of the clocks.
    changes = [t for t in range(1_199_145_600, 2_272_147_200, 3600)
               if offset(zone, t) != offset(zone, t - 1800)]
    for change in random.sample(changes, min(12, len(changes))):
        times += [change - 1800, change - 1, change, change + 1, change + 1800]
    asked = []
    for time in [random.choice(times) for _ in range(60)]:
        wall = time + offset(zone, time) + random.randrange(-120, 120) * 60
        wall -= wall % 60
        asked.append([wall // 86400, wall % 86400, first(zone, wall)])
    with open("/usr/share/zoneinfo/" + name, "rb") as file:
        content = file.read()
    return {
        "name": name,
        "file": content.hex(),
        "offsets": [[time, offset(zone, time)] for time in sorted(times)],
        "first": asked,
        "edges": {unit: edges(zone, unit) for unit in ("week", "month", "quarter")},
    }


print("[" + ",\n".join(json.dumps(answers(name), separators=(",", ":")) for name in NAMES) + "]")
