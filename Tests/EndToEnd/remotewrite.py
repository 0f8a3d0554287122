"""Remote write 1.0 by hand: enough protobuf and snappy to send good and bad bodies."""

import struct

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def time_series(labels: dict[str, str], samples: list[tuple[int, float]]) -> bytes:
    """A TimeSeries; samples are (milliseconds, value)."""
    body = b"".join(
        field(1, field(1, name.encode()) + field(2, value.encode()))
        for name, value in sorted(labels.items()))
    for millis, value in samples:
        body += field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + varint(millis))
    return body


def write_request(*series: bytes) -> bytes:
    return b"".join(field(1, one) for one in series)


def snappy(raw: bytes) -> bytes:
    """A valid snappy block that only has literals."""
    out = bytearray(varint(len(raw)))
    for start in range(0, len(raw), 65536):
        piece = raw[start : start + 65536]
        out += b"\xf4" + struct.pack("<H", len(piece) - 1) + piece
    return bytes(out)
