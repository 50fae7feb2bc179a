#!/usr/bin/env python3
"""A2A over TCP in plain Python: a reader of frames, the rules of a connection, and a small client.

Written from spec/bindings/tcp.md alone, to show whether that page suffices. Section numbers are its own.

    tcp_reference.py check-vectors DIR
    tcp_reference.py call HOST:PORT METHOD JSON
    tcp_reference.py stream HOST:PORT METHOD JSON [--resume]
    tcp_reference.py serve HOST:PORT NAME TOKEN

The client speaks a2a+tcp and encoding 2. `stream --resume` reads two events, cuts the connection and goes on with ResumeStream.
`serve` dials a hub, registers as an agent (§8.8.1), and answers GetAgentCard, SendMessage and SendStreamingMessage with an echo.
"""
import json
import pathlib
import re
import socket
import struct
import sys

PREFACE = b"A2A/TCP\x01"
# §4.2: name, on stream 0 (None: both), flags, least and greatest length.
TYPES = {1: ("HELLO", True, 0, 1, 17915), 2: ("AUTH", True, 0, 2, 16384), 3: ("CALL", False, 1, 12, 16421),
         4: ("REPLY", False, 0, 8, 16392), 5: ("MSG", False, 5, 4, 65535), 6: ("DATA", False, 1, 0, 65535),
         7: ("CREDIT", None, 0, 4, 4), 8: ("RESET", False, 1, 8, 17416), 9: ("PING", True, 1, 8, 8),
         10: ("GOAWAY", True, 0, 16, 1040)}
# §4.5: default, least and greatest value.
SETTINGS = {1: (0, 8, 2**31 - 1), 2: (65536, 65536, 2**31 - 1), 3: (1 << 20, 1 << 20, 2**31 - 1), 4: (60, 10, 3600),
            6: (0, 0, 2**32 - 1), 7: (0, 0, 2**32 - 1), 8: (4, 4, 65535), 9: (0, 0, 2**32 - 1)}
METHODS = ["SendMessage", "SendStreamingMessage", "GetTask", "ListTasks", "CancelTask", "SubscribeToTask",
           "CreateTaskPushNotificationConfig", "GetTaskPushNotificationConfig", "ListTaskPushNotificationConfigs",
           "DeleteTaskPushNotificationConfig", "GetExtendedAgentCard"]
NUMBERS = {**{name: n + 1 for n, name in enumerate(METHODS)}, "GetAgentCard": 0x40, "ResumeStream": 0x41}
PROTOCOL, FRAME, FLOW, CALM, INSECURE = 0x301, 0x302, 0x303, 0x306, 0x308
MAX = 2**31 - 1


class Violation(Exception):
    """An error of the peer: on the connection, or on a stream."""

    def __init__(self, code, stream=None):
        super().__init__(f"{code:04x}" + ("" if stream is None else f" on stream {stream}"))
        self.code, self.stream = code, stream


# ---------------------------------------------------------------- §4: frames

def read_parameters(rest, wrong):
    """§4.4. `wrong` is raised for what can be read but not taken."""
    found, bad = [], len(rest) > 16384
    while rest:
        key_length = rest[0]
        if len(rest) < 3 + key_length:
            raise Violation(FRAME)
        key = rest[1:1 + key_length]
        (length,) = struct.unpack_from(">H", rest, 1 + key_length)
        value = rest[3 + key_length:3 + key_length + length]
        if len(value) < length:
            raise Violation(FRAME)
        rest = rest[3 + key_length + length:]
        bad |= not re.fullmatch(rb"[a-z0-9._-]{1,64}", key) or length > 8192
        bad |= any(o < 0x20 or o == 0x7F for o in value) or any(key.decode("latin1") == k for k, _ in found)
        try:
            found.append([key.decode("latin1"), value.decode()])
        except UnicodeDecodeError:
            bad = True
    if bad or len(found) > 64:
        raise wrong
    return found


def read_hello(p):
    if len(p) < 1 + 6 * p[0]:
        raise Violation(FRAME)
    rows = [list(struct.unpack_from(">HI", p, 1 + 6 * n)) for n in range(p[0])]
    for number, value in rows:
        _, low, high = SETTINGS.get(number, (0, 0, 2**32))
        if not low <= value <= high and not (number == 1 and value == 0):
            raise Violation(PROTOCOL)
    if len({number for number, _ in rows}) < len(rows):
        raise Violation(PROTOCOL)
    return {"settings": rows, "parameters": read_parameters(p[1 + 6 * p[0]:], Violation(PROTOCOL))}


def read_auth(p):
    (slot,), rest, entries = struct.unpack_from(">H", p), p[2:], []
    bad = slot == 0
    while rest:
        if len(rest) < 2 or len(rest) < 4 + rest[1]:
            raise Violation(FRAME)
        kind, name = rest[0], rest[2:2 + rest[1]]
        (length,) = struct.unpack_from(">H", rest, 2 + len(name))
        value, rest = rest[4 + len(name):4 + len(name) + length], rest[4 + len(name) + length:]
        if len(value) < length:
            raise Violation(FRAME)
        bad |= not 1 <= kind <= 4 and kind < 0x80 or not re.fullmatch(rb"[\x21-\x7e]+", name)
        bad |= any(o < 0x20 or o == 0x7F for o in value)
        try:
            entries.append([kind, name.decode("latin1"), value.decode()])
        except UnicodeDecodeError:
            bad = True
    if bad or len(entries) > 16:
        raise Violation(PROTOCOL)
    return {"slot": slot, "entries": [e for e in entries if e[0] < 0x80]}


def read_call(p, flags, stream):
    method, encoding, major, minor, timeout, priority, reserved, slot = struct.unpack_from(">BBBBIBBH", p)
    if len(p) > (16421 if flags & 1 else 16396) or (flags & 1 and len(p) < 37):
        raise Violation(FRAME)
    trace = [p[12:28].hex(), p[28:36].hex(), p[36]] if flags & 1 and any(p[12:28]) and any(p[28:36]) else None
    wrong, problem, found = Violation(0x21, stream), None, []
    try:
        found = read_parameters(p[37 if flags & 1 else 12:], wrong)
    except Violation as violation:
        if violation is not wrong:
            raise
        problem = wrong
    keys = {key for key, _ in found}
    if encoding not in (1, 2) or priority > 2 or reserved or ("method" in keys) != (method == 0) \
            or keys & {"a2a-version", "authorization"}:
        problem = wrong
    return {"method": method, "encoding": encoding, "version": [major, minor], "timeoutMs": timeout, "priority": priority,
            "slot": slot, "trace": trace, "parameters": found}, problem


def read_frame(octets, at=0):
    """The frame at `at`, where the next begins, and what only concerns its stream; None while it is not complete.

    §4.3 has the order of checks.
    """
    if len(octets) - at < 8:
        return None
    kind, flags, length, stream = struct.unpack_from(">BBHI", octets, at)
    p, after, problem = octets[at + 8:at + 8 + length], at + 8 + length, None
    if kind not in TYPES:
        if kind < 0x80:
            raise Violation(PROTOCOL)
        frame = {"type": f"0x{kind:02x}", "flags": flags, "stream": stream, "body": p.hex()}
        return None if len(p) < length else (frame, after, None)
    name, on_zero, known, least, most = TYPES[kind]
    if flags & ~known:
        raise Violation(FRAME)
    if on_zero is not None and on_zero != (stream == 0):
        raise Violation(PROTOCOL)
    if not least <= length <= most or (name == "MSG" and flags & 4 and length < 12):
        raise Violation(FRAME)
    if len(p) < length:
        return None
    frame, end = {"type": name}, bool(flags & 1)
    if on_zero is not True:
        frame["stream"] = stream
    if name == "HELLO":
        frame |= read_hello(p)
    elif name == "AUTH":
        frame |= read_auth(p)
    elif name == "CALL":
        fields, problem = read_call(p, flags, stream)
        frame |= fields
    elif name == "REPLY":
        frame |= {"epoch": p[:8].hex(), "parameters": []}
        wrong = Violation(0x106, stream)
        try:
            frame["parameters"] = read_parameters(p[8:], wrong)
        except Violation as violation:
            if violation is not wrong:
                raise
            problem = wrong
    elif name == "MSG":
        seq = str(struct.unpack_from(">Q", p, 4)[0]) if flags & 4 else None
        (total,), body = struct.unpack_from(">I", p), p[12 if flags & 4 else 4:]
        if len(body) > total or (total and not body) or (end and len(body) < total):
            raise Violation(FRAME)
        frame |= {"total": total, "seq": seq, "end": end, "body": body.hex()}
    elif name == "DATA":
        if not p and not end:
            raise Violation(PROTOCOL)
        frame |= {"end": end, "body": p.hex()}
    elif name == "CREDIT":
        frame["increment"] = struct.unpack(">I", p)[0]
        if not 1 <= frame["increment"] <= MAX:
            raise Violation(FRAME)
    elif name == "RESET":
        code, text, retry = struct.unpack_from(">HHI", p)
        if text > 1024 or text > len(p) - 8 or len(p) - 8 - text > 16384:
            raise Violation(FRAME)
        frame |= {"code": f"{code:04x}", "notProcessed": end, "retryAfterMs": retry,
                  "text": p[8:8 + text].decode(errors="replace"), "details": p[8 + text:].hex()}
    elif name == "PING":
        frame |= {"ack": end, "opaque": p.hex()}
    else:
        last, code, text, grace, retry = struct.unpack_from(">IHHII", p)
        if text != len(p) - 16:
            raise Violation(FRAME)
        frame |= {"lastStream": last, "code": f"{code:04x}", "text": p[16:].decode(errors="replace"), "graceMs": grace,
                  "retryAfterMs": retry}
    return frame, after, problem


# ---------------------------------------------------------------- §5, §6: one side of a connection

class Endpoint:
    """What one side knows. `send` notes what it sends, `receive` judges what it receives."""

    def __init__(self, initiator, plaintext=False):
        self.initiator, self.plaintext = initiator, plaintext
        self.own, self.peer = ({n: row[0] for n, row in SETTINGS.items()} for _ in range(2))
        self.streams, self.ends, self.slots, self.own_resets = {}, {}, set(), set()
        self.next = {"own": 1 if initiator else 2, "peer": 2 if initiator else 1}
        self.opened, self.granted = {"own": 0, "peer": 0}, {"own": 8 if initiator else 0, "peer": 0 if initiator else 8}
        self.ready = self.refusing = self.peer_gone = False
        self.ping, self.must_answer, self.glitches, self.closing = None, False, 0, None

    def configure(self, settings):
        """The settings that this side sends in its HELLO."""
        self.own |= {n: v for n, v in settings if n in SETTINGS}
        self.granted["peer"] = self.own[1] if self.initiator else max(self.own[1], 8)

    def state(self, stream):
        if stream in self.streams:
            return self.streams[stream]["state"]
        side = "own" if stream % 2 == (1 if self.initiator else 0) else "peer"
        return "IDLE" if stream >= self.next[side] else "CLOSED"

    def end(self, stream, how):
        self.ends.setdefault(stream, how)
        self.streams.pop(stream, None)

    def take_body(self, f, direction):
        """MSG or DATA in one direction of a stream: credit, and the order of messages (§4.4)."""
        s, stream, count = self.streams[f["stream"]], f["stream"], len(f["body"]) // 2
        length = count + (0 if f["type"] == "DATA" else 12 if f["seq"] is not None else 4)
        if length > s["credit"][direction]:
            raise Violation(FLOW)
        s["credit"][direction] -= length
        is_request = s["state"] in ("RECEIVING", "SENDING")
        if f["type"] == "MSG":
            if s["missing"] or (is_request and s["messages"]):
                raise Violation(PROTOCOL)
            s["messages"], s["missing"] = s["messages"] + 1, f["total"] - count
            limit = self.own[3] if direction == "in" else self.peer[3]
            if f["total"] > limit:
                raise Violation(0x202, stream)
            if is_request and f["seq"] is not None and s["method"] != 0x42:
                raise Violation(0x21, stream)
        elif count:
            if not s["missing"]:
                raise Violation(PROTOCOL)
            if count > s["missing"]:
                raise Violation(FRAME)
            s["missing"] -= count
        if f["end"] and s["missing"]:
            raise Violation(FRAME)
        self.glitches += bool(direction == "in" and s["missing"] and length < 256)
        if f["end"] and is_request:
            if not s["messages"]:
                raise Violation(PROTOCOL)
            s["state"] = {"RECEIVING": "RESPONDING", "SENDING": "AWAITING"}[s["state"]]
        elif f["end"]:
            self.end(stream, "end")

    def open(self, f, side):
        self.next[side] += 2
        self.opened[side] += 1
        self.streams[f["stream"]] = {"state": "SENDING" if side == "own" else "RECEIVING", "method": f["method"], "messages": 0,
                                     "missing": 0, "reply": False, "credit": {"in": self.own[2], "out": self.peer[2]}}

    def send(self, f, crossing=False):
        kind, stream = f["type"], f.get("stream")
        if kind == "CALL":
            allowed = stream == self.next["own"] and self.opened["own"] < self.granted["own"]
            assert allowed and (crossing or not (self.refusing or self.peer_gone)), "CALL that is not allowed"
            self.open(f, "own")
        elif kind in ("MSG", "DATA") and not (crossing and stream not in self.streams):
            assert self.state(stream) in ("SENDING", "RESPONDING"), f"{kind} in {self.state(stream)}"
            self.take_body(f, "out")
        elif kind == "REPLY":
            assert self.state(stream) == "RESPONDING" and not self.streams[stream]["messages"] > 1
            self.streams[stream]["reply"] = True
        elif kind == "RESET":
            self.own_resets.add(stream)
            self.end(stream, f"reset {f['code']}")
        elif kind == "CREDIT" and stream == 0:
            self.granted["peer"] += f["increment"]
        elif kind == "CREDIT":
            self.streams[stream]["credit"]["in"] += f["increment"]
        elif kind == "PING":
            self.ping, self.must_answer = (self.ping, False) if f["ack"] else (f["opaque"], self.must_answer)
        elif kind == "GOAWAY":
            self.refusing = True
            self.closing = "drained" if f["code"] == "0300" else f"goaway {f['code']}"
            for number in list(self.streams) if f["code"] != "0300" else []:
                self.end(number, "lost")

    def receive(self, f, problem=None):
        kind, stream = f["type"], f.get("stream")
        if (kind == "HELLO") == self.ready:
            raise Violation(PROTOCOL)
        if kind == "HELLO":
            self.ready = True
            more = {n: v for n, v in f["settings"] if n in SETTINGS}
            for s in self.streams.values():
                s["credit"]["out"] += more.get(2, 65536) - 65536
            self.peer |= more
            self.granted["own"] = self.peer[1]
        elif kind.startswith("0x"):
            self.glitches += 1
        elif kind == "AUTH":
            if self.plaintext:
                raise Violation(INSECURE)
            if f["slot"] > self.own[8]:
                raise Violation(PROTOCOL)
            (self.slots.add if f["entries"] else self.slots.discard)(f["slot"])
        elif kind == "CALL":
            self.receive_call(f, problem)
        elif kind == "CREDIT" and stream == 0:
            if self.peer[1] == 0:
                raise Violation(PROTOCOL)
            self.granted["own"] += f["increment"]
            if self.granted["own"] - self.opened["own"] > MAX:
                raise Violation(FLOW)
        elif kind == "PING":
            self.receive_ping(f)
        elif kind == "GOAWAY":
            last, own = f["lastStream"], 1 if self.initiator else 0
            if last and (last % 2 != own or last >= self.next["own"]) or self.peer_gone and f["code"] == "0300":
                raise Violation(PROTOCOL)
            self.peer_gone = True
            self.closing = "drained" if f["code"] == "0300" else f"goaway {f['code']}"
            for number in [n for n in self.streams if f["code"] != "0300" or (n % 2 == own and n > last)]:
                self.end(number, "lost")
        else:
            self.receive_on_stream(f, problem)

    def receive_call(self, f, problem):
        stream = f["stream"]
        if stream != self.next["peer"] or self.peer_gone:
            raise Violation(PROTOCOL)
        if self.opened["peer"] >= self.granted["peer"]:
            raise Violation(FLOW)
        if f["slot"] > self.own[8]:
            raise Violation(PROTOCOL)
        self.open(f, "peer")
        served = f["method"] in (0, *NUMBERS.values()) or (f["method"] == 0x42 and self.own[9] & 1)
        if self.refusing or self.own[1] == 0:
            raise Violation(0x201, stream)
        if problem:
            raise problem
        if f["version"] != [1, 0]:
            raise Violation(0x109, stream)
        if f["slot"] and f["slot"] not in self.slots:
            raise Violation(0x10, stream)
        if not served or (f["method"] == 0x41 and not self.own[6]):
            raise Violation(0xC, stream)

    def receive_ping(self, f):
        if f["ack"]:
            if f["opaque"] != self.ping:
                raise Violation(PROTOCOL)
            self.ping = None
        elif self.must_answer:
            raise Violation(CALM)
        else:
            self.must_answer = True

    def receive_on_stream(self, f, problem):
        """The tables of §6.2."""
        kind, stream, state = f["type"], f["stream"], self.state(f["stream"])
        if state == "IDLE":
            raise Violation(PROTOCOL)
        if state == "CLOSED":
            self.glitches += kind in ("MSG", "DATA", "REPLY") and stream not in self.own_resets
        elif kind == "RESET":
            self.end(stream, f"reset {f['code']}")
        elif kind == "CREDIT":
            self.streams[stream]["credit"]["out"] += f["increment"]
            if self.streams[stream]["credit"]["out"] > MAX:
                raise Violation(FLOW)
        elif kind == "REPLY":
            s = self.streams[stream]
            if state != "AWAITING" or s["reply"] or s["messages"] > 1:
                raise Violation(PROTOCOL)
            s["reply"] = True
            if problem:
                raise problem
        elif state not in ("RECEIVING", "AWAITING"):
            raise Violation(PROTOCOL)
        else:
            self.take_body(f, "in")


# ---------------------------------------------------------------- check-vectors

def unhex(text):
    return bytes.fromhex(re.sub(r"([0-9a-f]{2})\{(\d+)\}", lambda m: m[1] * int(m[2]), text))


def expanded(value):
    if isinstance(value, dict):
        return {k: unhex(v).hex() if k in ("body", "details") else expanded(v) for k, v in value.items()}
    return [expanded(v) for v in value] if isinstance(value, list) else value


def frames_of(octets):
    at = 0
    while at < len(octets):
        frame, at, problem = read_frame(octets, at) or (_ for _ in ()).throw(ValueError("a frame is not complete"))
        yield frame, problem


def play(steps, ends):
    """Lets both sides see the steps; the preface is taken off each side's first."""
    started = set()
    for step in steps:
        for frame in (f for f in step["frames"] if f["type"] == "HELLO"):
            ends[step["from"]].configure(frame["settings"])
    for step in steps:
        octets, side = unhex(step["hex"]), step["from"]
        if side not in started:
            assert octets[:8] == PREFACE
            octets = octets[8:]
            started.add(side)
        read = list(frames_of(octets))
        assert [f for f, _ in read] == expanded(step["frames"]), "other frames than noted"
        other = "listener" if side == "initiator" else "initiator"
        for frame, problem in read:
            ends[side].send(frame, step.get("crossing", False))
            try:
                ends[other].receive(frame, problem)
            except Violation as violation:
                # What is refused is answered by a later step.
                if violation.stream is None or violation.code != 0x201:
                    raise


def check_error(vector):
    tested = "listener" if vector["direction"] == "to-listener" else "initiator"
    ends = {side: Endpoint(side == "initiator", vector.get("plaintext", False)) for side in ("initiator", "listener")}
    play(vector["after"], ends)
    octets, end, expect = unhex(vector["hex"]), ends[tested], vector["expect"]
    if not vector["after"]:
        common = min(len(octets), 7)
        if octets[:common] != PREFACE[:common]:
            return expect == {"close": "silent"}
        if octets[7] != 1:
            return expect == {"close": "preface"}
        octets = octets[8:]
    before, at = end.glitches, 0
    try:
        while at < len(octets):
            read = read_frame(octets, at)
            if read is None:
                return False
            frame, at, problem = read
            end.receive(frame, problem)
    except Violation as violation:
        if violation.stream is None:
            return expect == {"goaway": f"{violation.code:04x}"}
        return expect == {"reset": {"stream": violation.stream, "code": f"{violation.code:04x}"}}
    return expect == {"ignored": {"glitches": end.glitches - before}}


def check_transcript(vector):
    ends = {side: Endpoint(side == "initiator") for side in ("initiator", "listener")}
    play(vector["steps"], ends)
    for end in ends.values():
        found = {str(stream): how for stream, how in end.ends.items()}
        if found != vector["expect"]["streams"] or end.streams or (end.closing or "open") != vector["expect"]["connection"]:
            raise AssertionError(f"ended as {found}, {end.closing}")
    return True


def check_vectors(folder):
    failed = count = 0
    for kind in ("frames", "errors", "transcripts"):
        for vector in json.loads((pathlib.Path(folder) / f"{kind}.json").read_text())["vectors"]:
            count += 1
            try:
                if kind == "frames":
                    good = [f for f, _ in frames_of(unhex(vector["hex"]))] == expanded(vector["expect"]["frames"])
                else:
                    good = (check_error if kind == "errors" else check_transcript)(vector)
                reason = "not as expected"
            except Exception as error:  # pylint: disable=broad-except
                good, reason = False, f"{type(error).__name__}: {error}"
            if not good:
                failed += 1
                print(f"{vector['name']}: {reason}", file=sys.stderr)
    print(f"{count - failed} of {count} vectors agree")
    return 1 if failed else 0


# ---------------------------------------------------------------- call, stream

class Client:
    """One connection and one call at a time; enough to try an agent."""

    def __init__(self, address, settings=()):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout=60)
        self.rest, self.next, self.credit = b"", 1, 65536
        hello = bytes([len(settings)]) + b"".join(struct.pack(">HI", *setting) for setting in settings)
        self.socket.sendall(PREFACE + struct.pack(">BBHI", 1, 0, len(hello), 0) + hello)
        while len(self.rest) < 8:
            self.fill()
        if self.rest[:8] != PREFACE:
            raise SystemExit("not A2A/TCP")
        self.rest = self.rest[8:]

    def fill(self):
        more = self.socket.recv(65536)
        if not more:
            raise SystemExit("the connection ended")
        self.rest += more

    def frame(self):
        while True:
            read = read_frame(self.rest)
            if read:
                frame, after, _ = read
                self.rest = self.rest[after:]
                if frame["type"] == "PING" and not frame["ack"]:
                    self.socket.sendall(struct.pack(">BBHI", 9, 1, 8, 0) + bytes.fromhex(frame["opaque"]))
                elif frame["type"] == "GOAWAY" and frame["code"] != "0300":
                    raise SystemExit(f"GOAWAY {frame['code']} {frame['text']}")
                else:
                    return frame
            else:
                self.fill()

    def call(self, method, body, cursor=None):
        """Opens a call and yields (epoch, number, message) until END."""
        stream, self.next = self.next, self.next + 2
        parameters = b"\x0dresume-cursor" + struct.pack(">H", len(cursor)) + cursor.encode() if cursor else b""
        fixed = struct.pack(">BBBBIBBH", NUMBERS[method], 2, 1, 0, 0, 1, 0, 0)
        body = body.encode()
        if len(body) > 65000:
            raise SystemExit("this client sends requests of one frame")
        self.socket.sendall(struct.pack(">BBHI", 3, 0, len(fixed + parameters), stream) + fixed + parameters
                            + struct.pack(">BBHII", 5, 1, 4 + len(body), stream, len(body)) + body)
        epoch, message, total, number = None, b"", None, None
        while True:
            f = self.frame()
            if f.get("stream") != stream or f["type"] == "CREDIT":
                continue
            if f["type"] == "RESET":
                details = bytes.fromhex(f["details"]).decode(errors="replace")
                raise SystemExit(f"RESET {f['code']} {f['text']} {details}")
            if f["type"] == "REPLY":
                epoch = f["epoch"]
                continue
            if f["type"] == "MSG":
                message, total, number = b"", f["total"], f["seq"]
            message += bytes.fromhex(f["body"])
            # What was read is granted again at once, in pieces of 1 KiB or more.
            self.credit -= len(f["body"]) // 2 + (0 if f["type"] == "DATA" else 12 if f["seq"] else 4)
            if self.credit < 32768:
                self.socket.sendall(struct.pack(">BBHII", 7, 0, 4, stream, 65536 - self.credit))
                self.credit = 65536
            if total is not None and len(message) == total:
                yield epoch, number, message.decode()
                total = None
            if f["end"]:
                self.credit = 65536
                return


def stream_events(address, method, body, resume):
    client, seen, cursor, task = Client(address), 0, None, None
    for epoch, number, message in client.call(method, body):
        print(message, flush=True)
        seen += 1
        event = json.loads(message)
        value = next(iter(event.values()))
        task = task or value.get("taskId") or (value.get("id") if "task" in event else None)
        cursor = f"{epoch}:{number}" if epoch and number else None
        if resume and seen == 2 and cursor and task:
            client.socket.close()
            print(f"# cut; goes on after {cursor}", file=sys.stderr)
            for _, _, rest in Client(address).call("ResumeStream", json.dumps({"id": task}), cursor):
                print(rest, flush=True)
            return


REGISTER = "https://swift-a2a.github.io/extensions/hub/v1/Register"


def varint(octets, at):
    value = shift = 0
    while True:
        value, shift, at = value | (octets[at] & 0x7F) << shift, shift + 7, at + 1
        if octets[at - 1] < 0x80:
            return value, at


def protobuf_fields(octets, wanted):
    """The contents of a field of a protobuf message, each as octets; fields of fixed width are not read here."""
    at, found = 0, []
    while at < len(octets):
        key, at = varint(octets, at)
        value, at = varint(octets, at)
        if key & 7 == 2:
            if key >> 3 == wanted:
                found.append(octets[at:at + value])
            at += value
    return found


def protobuf_field(number, octets):
    size = len(octets)
    return bytes([number << 3 | 2, *([size & 0x7F | 0x80, size >> 7] if size > 127 else [size])]) + octets


def serve(address, name, token):
    """An agent that dials in: eight calls at a time, requests of one frame or several, echoed in their encoding."""
    hub, requests = Client(address, [(1, 8)]), {}

    def send(kind, flags, stream, payload):
        hub.socket.sendall(struct.pack(">BBHI", kind, flags, len(payload), stream) + payload)

    def answer(stream, value):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        send(5, 1, stream, struct.pack(">I", len(body)) + body)

    def reset(stream, code, text):
        send(8, 0, stream, struct.pack(">HHI", code, len(text), 0) + text.encode())

    def handle(stream, request):
        if request["method"] == 0x40 and request["encoding"] == 2:
            answer(stream, {"name": "Echo in Python", "description": "Says what it hears.", "version": "1", "supportedInterfaces": [],
                            "capabilities": {"streaming": True}, "defaultInputModes": ["text/plain"],
                            "defaultOutputModes": ["text/plain"], "skills": []})
        elif request["method"] in (1, 2) and request["encoding"] == 1:
            # §6.3. SendMessageRequest.message is 2, as in both responses; Message has its id in 1, the role in 4 (2 is the agent's), parts in 5.
            parts = protobuf_fields(protobuf_fields(request["body"], 2)[0], 5)
            message = protobuf_field(1, f"m{stream}".encode()) + b"\x20\x02" + b"".join(protobuf_field(5, part) for part in parts)
            answer(stream, protobuf_field(2, message))
        elif request["method"] in (1, 2):
            parts = json.loads(request["body"])["message"]["parts"]
            answer(stream, {"message": {"messageId": f"m{stream}", "role": "ROLE_AGENT", "parts": parts}})
        else:
            reset(stream, 0x0C, "this agent only echoes")

    # §4.4: the token into slot 1, method 0 with its name, and the request.
    send(2, 0, 0, struct.pack(">HBB", 1, 1, 6) + b"Bearer" + struct.pack(">H", len(token)) + token.encode())
    send(3, 0, 1, struct.pack(">BBBBIBBH", 0, 2, 1, 0, 0, 1, 0, 1) + b"\x06method" + struct.pack(">H", len(REGISTER)) + REGISTER.encode())
    answer(1, {"name": name})
    while True:
        f = hub.frame()
        stream = f.get("stream")
        if f["type"] == "GOAWAY":
            raise SystemExit("the hub sent this agent away")
        if stream == 1 and f["type"] == "RESET":
            raise SystemExit(f"RESET {f['code']} {f['text']}")
        if stream == 1 and f["type"] == "MSG":
            print("REGISTERED", bytes.fromhex(f["body"]).decode(), flush=True)
        elif f["type"] == "CALL":
            requests[stream] = {**f, "body": b""}
        elif f["type"] == "RESET":
            requests.pop(stream, None)
        elif stream in requests and f["type"] in ("MSG", "DATA"):
            requests[stream]["body"] += bytes.fromhex(f["body"])
            if f["end"]:
                handle(stream, requests.pop(stream))
                # §5.1: the call is done with.
                send(7, 0, 0, struct.pack(">I", 1))


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "check-vectors":
        return check_vectors(arguments[1])
    if len(arguments) == 4 and arguments[0] == "call":
        for _, _, message in Client(arguments[1]).call(arguments[2], arguments[3]):
            print(message)
        return 0
    if len(arguments) in (4, 5) and arguments[0] == "stream":
        stream_events(*arguments[1:4], "--resume" in arguments[4:])
        return 0
    if len(arguments) == 4 and arguments[0] == "serve":
        return serve(*arguments[1:4])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
