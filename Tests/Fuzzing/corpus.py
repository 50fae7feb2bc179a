"""Writes the seeds of the fuzzer from spec/vectors/tcp: each vector for each check, in both roles.

usage: corpus.py FOLDER
"""

import json
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parents[2]
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def octets(text):
    """Hexadecimal digits, where 78{5} is the octet 78 five times."""
    return bytes.fromhex(re.sub(r"(..)\{(\d+)\}", lambda match: match[1] * int(match[2]), text))


def save(name, data):
    if len(data) <= 4096:
        (folder / name).write_bytes(data)


for file in ("frames", "errors"):
    for vector in json.loads((root / f"spec/vectors/tcp/{file}.json").read_text())["vectors"]:
        data = octets(vector.get("hex", ""))
        save(f"{vector['name']}-payloads", b"\x01" + data)
        for role in (0, 1):
            save(f"{vector['name']}-division-{role}", bytes([0, role, 5]) + data)

for vector in json.loads((root / "spec/vectors/tcp/transcripts.json").read_text())["vectors"]:
    for role, name in ((0, "initiator"), (1, "listener")):
        data = b"".join(octets(step["hex"]) for step in vector["steps"] if step["from"] == name)
        save(f"{vector['name']}-division-{role}", bytes([0, role | 2, 9]) + data)

# Programs for the endpoint between a peer and an application: calls both ways, messages in fragments, answers, ends.
programs = {
    "served": [0, 1, 2, 0x80, 2, 0, 0, 16, 0x80, 14, 0x80, 3, 0, 23, 18, 23],
    "fragments": [0, 1, 2, 0x80, 5, 4, 1, 4, 0x80, 1, 20, 23, 4, 0x80, 0, 23],
    "called": [10, 1, 1, 12, 0x80, 2, 0, 23, 2, 0x80, 2, 0, 1, 2, 0x80, 2, 0, 0, 20, 20, 23],
    "cancelled": [10, 1, 1, 12, 0x80, 6, 0, 21, 2, 17, 0x80, 23, 0, 1, 8, 0x80, 18, 23],
    "drained": [0, 1, 2, 0x80, 2, 0, 0, 25, 0, 23, 0, 1, 23, 14, 0x80, 2, 0, 23, 18, 23],
    "timeouts": [0, 17, 3, 10, 1, 0, 9, 24, 2, 23, 24, 3, 23, 6, 1, 24, 3, 23],
}
for name, program in programs.items():
    for flags in (0, 1, 2, 4, 5, 0xF2):
        save(f"program-{name}-{flags}", bytes([2, flags] + program))
print(f"{len(list(folder.iterdir()))} seeds", file=sys.stderr)
