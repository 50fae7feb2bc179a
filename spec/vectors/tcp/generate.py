#!/usr/bin/env python3
"""Writes the vectors of A2A/TCP (frames.json, errors.json, transcripts.json) and the examples of spec/bindings/tcp.md.

Frames are built here from their fields; what a reader must see in them is noted from the same fields, and not by
decoding. With --check nothing is written and the exit status tells whether the files are up to date.
"""
import json
import pathlib
import re
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
SPEC = HERE.parent.parent / "bindings" / "tcp.md"
PREFACE = b"A2A/TCP\x01"
SETTINGS = {"CALL_CREDIT": 1, "STREAM_CREDIT": 2, "MAX_MESSAGE": 3, "IDLE_TIMEOUT": 4, "RESUME_SECONDS": 6,
            "DEDUP_SECONDS": 7, "AUTH_SLOTS": 8, "FEATURES": 9}


def hexa(octets):
    """Hexadecimal digits; an octet that comes 32 times or more in a row is written once, with {count} behind it."""
    return "".join(f"{run[0]:02x}{{{len(run)}}}" if len(run) >= 32 else run.hex()
                   for run in (m[0] for m in re.finditer(rb"(.)\1*", octets, re.S)))


class Frame:
    """Octets, and what a reader sees in them."""

    def __init__(self, octets, seen):
        self.octets = octets
        self.seen = [seen] if isinstance(seen, dict) else seen

    def __add__(self, other):
        return Frame(self.octets + other.octets, self.seen + other.seen)


def raw(kind, flags, stream, payload, length=None):
    return struct.pack(">BBHI", kind, flags, len(payload) if length is None else length, stream) + payload


def params(pairs):
    out = b""
    for key, value in pairs:
        key, value = (x.encode() if isinstance(x, str) else x for x in (key, value))
        out += struct.pack(">B", len(key)) + key + struct.pack(">H", len(value)) + value
    return out


def hello(settings=None, parameters=()):
    rows = [(SETTINGS.get(k, k), v) for k, v in (settings or {}).items()]
    payload = bytes([len(rows)]) + b"".join(struct.pack(">HI", *row) for row in rows) + params(parameters)
    return Frame(raw(1, 0, 0, payload), {"type": "HELLO", "settings": [list(r) for r in rows],
                                         "parameters": [list(p) for p in parameters]})


def auth(slot, *entries):
    payload = struct.pack(">H", slot)
    for kind, name, value in entries:
        payload += bytes([kind, len(name)]) + name.encode() + struct.pack(">H", len(value)) + value.encode()
    return Frame(raw(2, 0, 0, payload), {"type": "AUTH", "slot": slot, "entries": [list(e) for e in entries]})


def call(stream, method, encoding=2, version=(1, 0), timeout=0, priority=1, slot=0, trace=None, parameters=(), reserved=0):
    payload = struct.pack(">BBBBIBBH", method, encoding, *version, timeout, priority, reserved, slot)
    if trace:
        payload += bytes.fromhex(trace[0] + trace[1]) + bytes([trace[2]])
    payload += params(parameters)
    seen = {"type": "CALL", "stream": stream, "method": method, "encoding": encoding, "version": list(version),
            "timeoutMs": timeout, "priority": priority, "slot": slot, "trace": list(trace) if trace else None,
            "parameters": [list(p) for p in parameters]}
    return Frame(raw(3, 1 if trace else 0, stream, payload), seen)


def reply(stream, epoch=0, parameters=()):
    return Frame(raw(4, 0, stream, struct.pack(">Q", epoch) + params(parameters)),
                 {"type": "REPLY", "stream": stream, "epoch": f"{epoch:016x}", "parameters": [list(p) for p in parameters]})


def body_octets(body):
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))).encode()


def msg(stream, body, end=True, seq=None, total=None):
    body = body_octets(body)
    total = len(body) if total is None else total
    payload = struct.pack(">I", total) + (b"" if seq is None else struct.pack(">Q", seq)) + body
    flags = (1 if end else 0) | (0 if seq is None else 4)
    return Frame(raw(5, flags, stream, payload), {"type": "MSG", "stream": stream, "total": total,
                                                  "seq": None if seq is None else str(seq), "end": end, "body": hexa(body)})


def data(stream, body=b"", end=False):
    body = body_octets(body)
    return Frame(raw(6, 1 if end else 0, stream, body), {"type": "DATA", "stream": stream, "end": end, "body": hexa(body)})


def credit(stream, increment):
    return Frame(raw(7, 0, stream, struct.pack(">I", increment)),
                 {"type": "CREDIT", "stream": stream, "increment": increment})


def reset(stream, code, text="", retry=0, details=b"", not_processed=False):
    payload = struct.pack(">HHI", code, len(text.encode()), retry) + text.encode() + details
    return Frame(raw(8, 1 if not_processed else 0, stream, payload),
                 {"type": "RESET", "stream": stream, "code": f"{code:04x}", "notProcessed": not_processed,
                  "retryAfterMs": retry, "text": text, "details": details.hex()})


def ping(opaque, ack=False):
    return Frame(raw(9, 1 if ack else 0, 0, struct.pack(">Q", opaque)),
                 {"type": "PING", "ack": ack, "opaque": f"{opaque:016x}"})


def goaway(last, code=0x0300, text="", grace=0, retry=0):
    payload = struct.pack(">IHHII", last, code, len(text.encode()), grace, retry) + text.encode()
    return Frame(raw(10, 0, 0, payload), {"type": "GOAWAY", "lastStream": last, "code": f"{code:04x}", "text": text,
                                          "graceMs": grace, "retryAfterMs": retry})


def unknown(kind, payload=b"", flags=0, stream=0):
    return Frame(raw(kind, flags, stream, payload),
                 {"type": f"0x{kind:02x}", "flags": flags, "stream": stream, "body": hexa(payload)})


def field(number, value):
    """One protobuf field: an integer, or octets."""
    def varint(n):
        out = b""
        while n > 0x7F:
            out, n = out + bytes([n & 0x7F | 0x80]), n >> 7
        return out + bytes([n])
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


# ---------------------------------------------------------------- frames.json

TASK_ID = {"id": "t1"}
TASK = {"id": "t1", "status": {"state": "TASK_STATE_WORKING"}}
TASK_PB = field(1, "t1") + field(3, field(1, 2))
TRACE = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1)
EPOCH = 0xDEADBEEF
CURSOR = [("resume-cursor", "00000000deadbeef:41")]
LISTENER = {"CALL_CREDIT": 100, "STREAM_CREDIT": 65536, "MAX_MESSAGE": 4 << 20, "IDLE_TIMEOUT": 60, "RESUME_SECONDS": 300}

frames = []


def vector(name, note, frame, direction="both"):
    frames.append({"name": name, "note": note, "direction": direction, "hex": hexa(frame.octets),
                   "expect": {"frames": frame.seen}})


vector("tv02-hello-empty", "HELLO without settings or parameters", hello())
vector("tv03-hello-listener", "HELLO of a listener that serves 100 calls", hello(LISTENER))
vector("tv03b-hello-parameters", "HELLO with parameters and a private setting",
       hello({0x8001: 7, "FEATURES": 1}, [("endpoint-id", "AAAAAAAAAAAAAAAAAAAAAA"), ("agent", "example/1.0")]))
vector("tv03c-hello-reserved-setting", "setting 5 is ignored", hello({5: 1}))
vector("tv03d-hello-limits", "every setting at its least value",
       hello({"CALL_CREDIT": 8, "STREAM_CREDIT": 65536, "MAX_MESSAGE": 1 << 20, "IDLE_TIMEOUT": 10, "AUTH_SLOTS": 4}))
vector("tv04-auth-bearer", "a bearer token into slot 1", auth(1, (1, "Bearer", "abc")))
vector("tv04b-auth-two", "an API key and a cookie in one slot", auth(4, (2, "X-Key", "k"), (4, "session", "s s")))
vector("tv05-auth-clear", "slot 1 is cleared", auth(1))
vector("tv06-call-gettask-pb", "GetTask, protobuf, 5 s", call(1, 3, 1, timeout=5000), "to-listener")
vector("tv07-msg-gettask-pb", "GetTaskRequest with the id t1", msg(1, field(2, "t1")), "to-listener")
vector("tv08-msg-task-pb", "Task t1, WORKING", msg(1, TASK_PB), "to-initiator")
vector("tv09-call-gettask-json", "GetTask, JSON", call(3, 3), "to-listener")
vector("tv10-msg-gettask-json", "GetTaskRequest in JSON", msg(3, TASK_ID), "to-listener")
vector("tv11-card", "the public card, without credentials", call(1, 0x40) + msg(1, {}), "to-listener")
vector("tv12-call-subscribe-trace", "SubscribeToTask, interactive, slot 1, with a trace context",
       call(5, 6, 1, priority=2, slot=1, trace=TRACE), "to-listener")
vector("tv13-call-resume", "ResumeStream after event 41", call(7, 0x41, 1, slot=1, parameters=CURSOR), "to-listener")
vector("tv13b-call-named", "a method of an extension", call(9, 0, parameters=[("method", "example.Do")]), "to-listener")
vector("tv13c-call-extensions", "service parameters", call(9, 1, parameters=[
    ("a2a-extensions", "https://example.com/ext/a/v1,https://example.com/ext/b/v1"), ("x-note", "grün")]), "to-listener")
vector("tv13d-call-private", "a private method", call(9, 0x80), "to-listener")
vector("tv14-reply-epoch", "a stream that can be resumed", reply(7, EPOCH), "to-initiator")
vector("tv14b-reply-parameters", "activated extensions", reply(1, 0, [("a2a-extensions", "https://example.com/ext/a/v1")]),
       "to-initiator")
vector("tv15-msg-seq-41", "event 41: the task, WORKING", msg(7, field(1, TASK_PB), end=False, seq=41), "to-initiator")
vector("tv16-data-end-empty", "END alone", data(7, end=True))
vector("tv17-two-fragments", "the message abcde in two frames", msg(1, b"abc", end=False, total=5) + data(1, b"de", end=True))
vector("tv18-credit-calls", "50 more calls", credit(0, 50))
vector("tv19-credit-octets", "64 KiB more on stream 7", credit(7, 65536))
vector("tv19b-credit-max", "the largest increment", credit(7, 0x7FFFFFFF))
vector("tv20-reset-canceled", "the caller does not wait", reset(7, 0x0001))
vector("tv21-reset-notfound", "TaskNotFoundError", reset(1, 0x0101, "no such task"))
vector("tv21b-reset-details", "TaskNotFoundError with JSON details", reset(1, 0x0101, "no such task", details=body_octets(
    [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "TASK_NOT_FOUND", "domain": "a2a-protocol.org"}])))
vector("tv22-reset-refused", "not processed, try again in 250 ms", reset(9, 0x0201, retry=250, not_processed=True))
vector("tv22b-reset-unknown-code", "a code that nobody knows is kept", reset(9, 0x7ABC, "?"))
vector("tv23-ping", "PING", ping(0x0102030405060708))
vector("tv23b-pong", "its answer", ping(0x0102030405060708, ack=True))
vector("tv24-goaway-drain", "drain: last stream 9, 10 s, come back after 1 s", goaway(9, grace=10000, retry=1000))
vector("tv24b-goaway-error", "FRAME_ERROR with a text", goaway(1, 0x0302, "payload length"))
vector("tv26-unknown-ignored", "an unknown type from 0x80", unknown(0x80, b"\0\0"))
vector("tv26b-unknown-any", "whatever its flags, stream and payload", unknown(0xFF, b"abc", flags=0xFF, stream=0x01020304))
vector("tv65-msg-empty-end", "Empty", msg(1, b""))
vector("tv65b-msg-empty-seq", "an empty message with a number", msg(1, b"", end=False, seq=1))
vector("tv66-msg-largest", "the largest frame", msg(1, b"x" * (65535 - 4), end=False))

# ---------------------------------------------------------------- errors.json

errors = []
I, L = "initiator", "listener"


def step(side, *parts):
    octets = b"".join(p if isinstance(p, bytes) else p.octets for p in parts)
    seen = [s for p in parts if isinstance(p, Frame) for s in p.seen]
    return {"from": side, "hex": hexa(octets), "frames": seen}


def handshake(listener=None, initiator=None):
    listener = LISTENER if listener is None else listener
    return [step(I, PREFACE, hello(initiator)), step(L, PREFACE, hello(listener))]


def error(name, note, received, expect, after=None, direction="to-listener", **more):
    octets = received if isinstance(received, bytes) else received.octets
    errors.append({"name": name, "note": note, "direction": direction, "after": handshake() if after is None else after,
                   "hex": hexa(octets), "expect": expect, **more})


def bad(kind, payload=b"", flags=0, stream=0, length=None):
    return raw(kind, flags, stream, payload, length)


def gone(code):
    return {"goaway": code}


def refused(code, stream=1):
    return {"reset": {"stream": stream, "code": code}}


OPEN = call(1, 3)
ASKED = handshake() + [step(I, OPEN, msg(1, TASK_ID))]
OWN = handshake(initiator={"CALL_CREDIT": 8})
CALLED = OWN + [step(I, OPEN, msg(1, TASK_ID))]
PLAIN = handshake()[:1]

error("tv29-http-preface", "an HTTP request", b"GET / HT", {"close": "silent"}, [])
error("tv29b-tls-preface", "a TLS handshake on plaintext", bytes.fromhex("1603010200010001"), {"close": "silent"}, [])
error("tv30-preface-version", "version 2", b"A2A/TCP\x02", {"close": "preface"}, [])
error("tv31-first-frame", "the first frame is PING", PREFACE + ping(1).octets, gone("0301"), [])
error("tv31b-first-frame-ignorable", "the first frame is of an unknown type", PREFACE + unknown(0x80).octets, gone("0301"), [])
error("tv32-second-hello", "HELLO twice", hello(), gone("0301"))
error("tv33-duplicate-setting", "a setting twice", PREFACE + bad(1, b"\x02" + bytes.fromhex("000400000014") * 2), gone("0301"), [])
error("tv33b-duplicate-unknown-setting", "an unknown setting twice", PREFACE + bad(1, b"\x02" + bytes.fromhex("700000000014") * 2),
      gone("0301"), [])
error("tv34-setting-below", "CALL_CREDIT 7", PREFACE + hello({"CALL_CREDIT": 7}).octets, gone("0301"), [])
error("tv34b-setting-above", "IDLE_TIMEOUT 3,601", PREFACE + hello({"IDLE_TIMEOUT": 3601}).octets, gone("0301"), [])
error("tv34c-stream-credit-below", "STREAM_CREDIT 65,535", PREFACE + hello({"STREAM_CREDIT": 65535}).octets, gone("0301"), [])
error("tv34d-hello-truncated", "more settings named than there are", PREFACE + bad(1, b"\x02" + bytes(6)), gone("0302"), [])
error("tv34e-hello-parameter", "a parameter of HELLO with a wrong key", PREFACE + hello(parameters=[("A", "")]).octets, gone("0301"), [])
error("tv35-undefined-flag", "PING with flag 0x02", bad(9, bytes(8), flags=2), gone("0302"))
error("tv35b-compressed", "the reserved flag of MSG", OPEN.octets + bad(5, bytes(9), flags=2, stream=1), gone("0302"))
error("tv36-call-on-zero", "CALL on stream 0", call(0, 3), gone("0301"))
error("tv36b-ping-on-stream", "PING on stream 1", bad(9, bytes(8), stream=1), gone("0301"))
error("tv37-parity", "the initiator opens stream 2", call(2, 3), gone("0301"))
error("tv38-skips", "the first stream is 3", call(3, 3), gone("0301"))
error("tv38b-reuse", "stream 1 twice", OPEN + msg(1, TASK_ID) + OPEN, gone("0301"))
error("tv39-no-call-credit", "a ninth call with CALL_CREDIT 8", b"".join(call(1 + 2 * n, 3).octets for n in range(9)), gone("0303"),
      handshake({"CALL_CREDIT": 8}))
error("tv39b-no-calls-served", "the listener calls an initiator that serves none", call(2, 3), gone("0303"), direction="to-initiator")
error("tv40-no-byte-credit", "65,537 octets without CREDIT",
      OPEN + msg(1, b"x" * 65000, end=False, total=100000) + data(1, b"x" * 533), gone("0303"))
error("tv41-credit-overflow", "more than 2^31 - 1 octets", OPEN + credit(1, 0x7FFFFFFF), gone("0303"))
error("tv41b-call-credit-overflow", "more than 2^31 - 1 calls", credit(0, 0x7FFFFFFF), gone("0303"), direction="to-initiator")
error("tv41c-call-credit-of-none", "CREDIT on stream 0 from one who serves none", credit(0, 1), gone("0301"))
error("tv42-credit-zero", "an increment of 0", bad(7, bytes(4)), gone("0302"))
error("tv42b-credit-high", "an increment of 2^31", bad(7, bytes.fromhex("80000000")), gone("0302"))
error("tv42c-credit-idle", "CREDIT on a stream that was never opened", credit(1, 1024), gone("0301"))
error("tv43-data-before-msg", "DATA before MSG", OPEN + data(1, b"x"), gone("0301"))
error("tv43b-end-without-message", "a request without a message", OPEN + data(1, end=True), gone("0301"))
error("tv43c-msg-idle", "MSG on a stream that was never opened", msg(1, b"x"), gone("0301"))
error("tv44-data-overruns", "more octets than Total", OPEN + msg(1, b"abc", end=False, total=4) + data(1, b"de"), gone("0302"))
error("tv44b-msg-overruns", "more octets than Total in the first frame", OPEN.octets + msg(1, b"abc", total=2).octets, gone("0302"))
error("tv45-end-incomplete", "END before the message is complete", OPEN + msg(1, b"abc", total=4), gone("0302"))
error("tv45b-data-end-incomplete", "the same with DATA", OPEN + msg(1, b"abc", end=False, total=6) + data(1, b"d", end=True), gone("0302"))
error("tv45c-msg-without-octet", "MSG without an octet of its message", OPEN + msg(1, b"", end=False, total=4), gone("0302"))
error("tv46-two-requests", "a second request message", OPEN + msg(1, b"{}", end=False) + msg(1, b"{}"), gone("0301"))
error("tv46b-msg-within", "a message within a message", OPEN + msg(1, b"abc", end=False, total=6) + msg(1, b"abc", end=False, total=6),
      gone("0301"))
error("tv47-data-after-end", "MSG after END", OPEN + msg(1, TASK_ID) + msg(1, TASK_ID), gone("0301"))
error("tv48-total-over-max", "Total above MAX_MESSAGE", OPEN + msg(1, b"x", end=False, total=(4 << 20) + 1), refused("0202"))
error("tv49-key-uppercase", "a key in upper case", call(1, 3, parameters=[("Abc", "")]), refused("0021"))
error("tv49b-key-empty", "an empty key", call(1, 3, parameters=[("", "x")]), refused("0021"))
error("tv50-parameters-truncated", "a value that goes beyond the frame",
      bad(3, struct.pack(">BBBBIBBH", 3, 2, 1, 0, 0, 1, 0, 0) + b"\x01a\x00\x05xy", stream=1), gone("0302"))
error("tv51-duplicate-key", "a key twice", call(1, 3, parameters=[("a", "1"), ("a", "2")]), refused("0021"))
error("tv52-crlf", "a line end in a value", call(1, 3, parameters=[("a", "x\r\ny")]), refused("0021"))
error("tv52b-not-utf8", "a value that is not UTF-8", call(1, 3).octets[:2] + struct.pack(">HI", 18, 1) + call(1, 3).octets[8:]
      + b"\x01a\x00\x02\xc3\x28", refused("0021"))
error("tv52c-65-parameters", "65 parameters", call(1, 3, parameters=[(f"k{n}", "") for n in range(65)]), refused("0021"))
error("tv52d-value-too-long", "a value of 8,193 octets", call(1, 3, parameters=[("a", "x" * 8193)]), refused("0021"))
error("tv56-second-ping", "two PINGs at once", ping(1) + ping(2), gone("0306"))
error("tv56b-ack-of-nothing", "an answer to no PING", ping(1, ack=True), gone("0301"))
error("tv57-auth-plaintext", "AUTH without TLS from elsewhere", auth(1, (1, "Bearer", "abc")), gone("0308"), plaintext=True)
error("tv58-unknown-method", "method 0x7F", call(1, 0x7F), refused("000c"))
error("tv58b-notify-not-offered", "Notify without FEATURES", call(1, 0x42), refused("000c"))
error("tv59-version", "A2A 9.9", call(1, 3, version=(9, 9)), refused("0109"))
error("tv59b-no-version", "A2A 0.0", call(1, 3, version=(0, 0)), refused("0109"))
error("tv60-encoding", "encoding 3", call(1, 3, encoding=3), refused("0021"))
error("tv60b-priority", "priority 3", call(1, 3, priority=3), refused("0021"))
error("tv60c-reserved", "the reserved octet", call(1, 3, reserved=1), refused("0021"))
error("tv60d-method-parameter", "a method parameter without method 0", call(1, 3, parameters=[("method", "x")]), refused("0021"))
error("tv60e-no-method-parameter", "method 0 without a method parameter", call(1, 0), refused("0021"))
error("tv60f-authorization", "credentials among the parameters", call(1, 3, parameters=[("authorization", "Bearer x")]), refused("0021"))
error("tv60g-seq-on-request", "SEQ on a request", OPEN + msg(1, TASK_ID, seq=1), refused("0021"))
error("tv61-slot-unset", "a slot that was not written", call(1, 3, slot=1), refused("0010"))
error("tv61b-slot-cleared", "a slot that was cleared", auth(1, (1, "Bearer", "abc")) + auth(1) + call(1, 3, slot=1), refused("0010"))
error("tv62-slot-range", "a slot above AUTH_SLOTS", call(1, 3, slot=5), gone("0301"))
error("tv62b-auth-range", "AUTH above AUTH_SLOTS", auth(5, (1, "Bearer", "abc")), gone("0301"))
error("tv62c-auth-zero", "AUTH for slot 0", auth(0, (1, "Bearer", "abc")), gone("0301"))
error("tv62d-auth-kind", "an unknown kind", auth(1, (5, "x", "y")), gone("0301"))
error("tv62e-auth-truncated", "an entry that goes beyond the frame", bad(2, bytes.fromhex("000101064265")), gone("0302"))
error("tv62f-auth-crlf", "a line end in a credential", auth(1, (1, "Bearer", "a\r\nb")), gone("0301"))
error("tv63-ping-7", "PING with 7 octets", bad(9, bytes(7)), gone("0302"))
error("tv63b-length-alone", "the length of CREDIT is wrong, and nothing follows", bad(7, length=5), gone("0302"))
error("tv63c-reset-text", "a text longer than the frame", OPEN.octets + bad(8, struct.pack(">HHI", 1, 9, 0), stream=1), gone("0302"))
error("tv63d-goaway-text", "a text shorter than the frame", bad(10, struct.pack(">IHHII", 0, 0x300, 1, 0, 0) + b"ab"), gone("0302"))
error("tv64-reply-after-msg", "REPLY after MSG", msg(1, TASK, end=False) + reply(1), gone("0301"), ASKED, "to-initiator")
error("tv64b-reply-twice", "REPLY twice", reply(1) + reply(1), gone("0301"), ASKED, "to-initiator")
error("tv64c-reply-early", "REPLY before END of the request", reply(1), gone("0301"), handshake() + [step(I, OPEN)], "to-initiator")
error("tv64d-reply-from-caller", "REPLY from the caller", OPEN + reply(1), gone("0301"))
error("tv64e-reply-parameter", "a parameter of REPLY with a wrong key", reply(1, 0, [("A", "")]), refused("0106"), ASKED, "to-initiator")
error("tv67-goaway-unknown-stream", "GOAWAY names a stream that was not opened", goaway(3), gone("0301"), ASKED, "to-initiator")
error("tv67b-call-after-goaway", "CALL after one's own GOAWAY", goaway(2) + call(1, 3), gone("0301"), OWN + [
    step(L, call(2, 3))])
error("tv67c-second-goaway", "GOAWAY(NO_ERROR) twice", goaway(2) + goaway(2), gone("0301"), OWN + [step(L, call(2, 3))])
error("tv27-unknown-critical", "an unknown type below 0x80", unknown(0x0B), gone("0301"))
error("tv27b-type-zero", "type 0", unknown(0x00), gone("0301"))
error("tv28-data-empty", "an empty DATA without END", OPEN + data(1), gone("0301"))
error("tv68-ignored", "an unknown type from 0x80 changes nothing but the meter", unknown(0x90, b"x"), {"ignored": {"glitches": 1}})
error("tv68b-late-frames", "frames on a stream that the receiver reset are dropped", data(1, b"x" * 300), {"ignored": {"glitches": 0}},
      handshake() + [step(I, OPEN, msg(1, b"x" * 300, end=False, total=1000)), step(L, reset(1, 0x000D))])
error("tv68c-data-on-closed", "DATA on a stream that its sender reset", reset(1, 1) + data(1, b"x" * 300), {"ignored": {"glitches": 1}},
      handshake() + [step(I, OPEN, msg(1, b"{}")), step(L, reply(1))])

# ---------------------------------------------------------------- transcripts.json

transcripts = []


def transcript(name, note, steps, streams, connection="open", **more):
    transcripts.append({"name": name, "note": note, "steps": steps, "expect": {"streams": streams, "connection": connection}, **more})


def event(stream, seq, state, end=False):
    body = {"statusUpdate": {"taskId": "t1", "contextId": "c1", "status": {"state": f"TASK_STATE_{state}"}}}
    return msg(stream, body, end=end, seq=seq)


def snapshot(stream, seq, state="SUBMITTED"):
    return msg(stream, {"task": {"id": "t1", "contextId": "c1", "status": {"state": f"TASK_STATE_{state}"}}}, end=False, seq=seq)


def gap(stream):
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "RESUME_GAP", "domain": "a2a-protocol.org",
                "metadata": {"epoch": "00000000deadbeef", "firstSeq": "40", "lastSeq": "60", "taskState": "TASK_STATE_WORKING"}}]
    return reset(stream, 0x0205, "events are missing", details=body_octets(details))


USER = {"message": {"messageId": "m1", "role": "ROLE_USER", "parts": [{"text": "hi"}]}}
START = handshake()

transcript("tv70-unary", "a unary call", START + [
    step(I, call(1, 3, timeout=5000), msg(1, TASK_ID)), step(L, msg(1, TASK))], {"1": "end"})
transcript("tv71-early-calls", "eight calls before the listener's HELLO", [
    step(I, PREFACE, hello(), *[p for n in range(8) for p in (call(1 + 2 * n, 3), msg(1 + 2 * n, TASK_ID))]),
    step(L, PREFACE, hello(LISTENER)), *[step(L, msg(1 + 2 * n, TASK)) for n in range(8)]],
    {str(1 + 2 * n): "end" for n in range(8)})
transcript("tv71b-early-calls-refused", "a listener that serves none", [
    step(I, PREFACE, hello(), call(1, 3), msg(1, TASK_ID)), step(L, PREFACE, hello(), reset(1, 0x0201, "no calls are taken", not_processed=True))],
    {"1": "reset 0201"})
transcript("tv72-stream", "a stream up to its terminal event", START + [
    step(I, call(1, 2, priority=2), msg(1, USER)), step(L, reply(1, EPOCH)), step(L, snapshot(1, 1)), step(L, event(1, 2, "WORKING")),
    step(L, event(1, 3, "COMPLETED", end=True))], {"1": "end"})
transcript("tv73-message-only", "a stream that is one message", START + [
    step(I, call(1, 2), msg(1, USER)),
    step(L, msg(1, {"message": {"messageId": "m2", "role": "ROLE_AGENT", "parts": [{"text": "hello"}]}}))], {"1": "end"})
transcript("tv74-cancel", "the caller stops in the middle", START + [
    step(I, call(1, 6), msg(1, TASK_ID)), step(L, reply(1, EPOCH)), step(L, snapshot(1, 1)), step(I, reset(1, 0x0001))], {"1": "reset 0001"})
transcript("tv75-deadline", "the time is over", START + [
    step(I, call(1, 1, timeout=100), msg(1, USER)), step(L, reset(1, 0x0004, "the call's time is over"))], {"1": "reset 0004"})
transcript("tv76-drain", "drain: a call goes on, a later one is refused", START + [
    step(I, call(1, 3), msg(1, TASK_ID)), step(L, goaway(1, grace=10000, retry=1000)),
    {**step(I, call(3, 3), msg(3, TASK_ID)), "crossing": True},
    step(L, reset(3, 0x0201, "no calls are taken", not_processed=True)), step(L, msg(1, TASK))], {"1": "end", "3": "reset 0201"}, "drained")
transcript("tv77-resume", "resumed after event 41", START + [
    step(I, call(1, 0x41, parameters=CURSOR), msg(1, TASK_ID)), step(L, reply(1, EPOCH)), step(L, event(1, 42, "WORKING")),
    step(L, event(1, 43, "COMPLETED", end=True))], {"1": "end"})
transcript("tv78-resume-epoch", "the epoch is another", START + [
    step(I, call(1, 0x41, parameters=[("resume-cursor", "00000000cafebabe:41")]), msg(1, TASK_ID)), step(L, gap(1))], {"1": "reset 0205"})
transcript("tv79-resume-evicted", "the events are gone; begun again with a snapshot", START + [
    step(I, call(1, 0x41, parameters=[("resume-cursor", "00000000deadbeef:2")]), msg(1, TASK_ID)), step(L, gap(1)),
    step(I, call(3, 6), msg(3, TASK_ID)), step(L, reply(3, EPOCH)), step(L, snapshot(3, 60, "WORKING")),
    step(L, event(3, 61, "COMPLETED", end=True))], {"1": "reset 0205", "3": "end"})
transcript("tv80-resume-terminal", "at the end of a terminal task", START + [
    step(I, call(1, 0x41, parameters=CURSOR), msg(1, TASK_ID)), step(L, reply(1, EPOCH)), step(L, data(1, end=True))], {"1": "end"})
transcript("tv81-slow-consumer", "a reader that grants nothing", START + [
    step(I, call(1, 6), msg(1, TASK_ID)), step(L, reply(1, EPOCH)), step(L, snapshot(1, 1)), step(L, reset(1, 0x0204, "too slow"))],
    {"1": "reset 0204"})
transcript("tv82-reverse-card", "the listener asks for the card of the initiator", OWN + [
    step(L, call(2, 0x40), msg(2, {})), step(I, msg(2, {"name": "behind NAT"}))], {"2": "end"})
transcript("tv83-notify", "two notifications, acknowledged", handshake(initiator={"CALL_CREDIT": 8, "FEATURES": 1}) + [
    step(L, call(2, 0x42, parameters=[("task-epoch", "00000000deadbeef")]), event(2, 7, "WORKING", end=True)), step(I, msg(2, b"{}")),
    step(L, call(4, 0x42, parameters=[("task-epoch", "00000000deadbeef")]), event(4, 8, "COMPLETED", end=True)), step(I, msg(4, b"{}"))],
    {"2": "end", "4": "end"})
transcript("tv84-token-refresh", "the slot is rewritten while the stream runs", START + [
    step(I, auth(1, (1, "Bearer", "old"))), step(I, call(1, 6, slot=1), msg(1, TASK_ID)), step(L, reply(1, EPOCH)), step(L, snapshot(1, 1)),
    step(I, auth(1, (1, "Bearer", "new"))), step(L, event(1, 2, "COMPLETED", end=True))], {"1": "end"})
transcript("tv85-principal-switch", "the new token is somebody else's", START + [
    step(I, auth(1, (1, "Bearer", "alice"))), step(I, call(1, 6, slot=1), msg(1, TASK_ID)), step(L, reply(1, EPOCH)),
    step(I, auth(1, (1, "Bearer", "bob"))), step(L, reset(1, 0x0007, "another principal"))], {"1": "reset 0007"})
LONG = json.dumps({"task": {"id": "t1", "contextId": "c1", "status": {"state": "TASK_STATE_WORKING"},
                            "metadata": {"note": "x" * 2500}}}, separators=(",", ":")).encode()
transcript("tv86-interleaved", "the fragments of two streams take turns", START + [
    step(I, call(1, 3), msg(1, TASK_ID), call(3, 3), msg(3, TASK_ID)),
    step(L, msg(1, LONG[:1300], end=False, total=len(LONG)), msg(3, LONG[:1300], end=False, total=len(LONG)),
         data(1, LONG[1300:], end=True), data(3, LONG[1300:], end=True))], {"1": "end", "3": "end"})
transcript("tv86b-credit", "a message of 100,000 octets needs CREDIT", START + [
    step(I, call(1, 1), msg(1, b" " * 65000, end=False, total=100000)), step(L, credit(1, 65536)), step(I, data(1, b" " * 35000, end=True)),
    step(L, reset(1, 0x0020, "no JSON"))], {"1": "reset 0020"})
transcript("tv87-dedup", "the same message twice", handshake({**LISTENER, "DEDUP_SECONDS": 600}) + [
    step(I, call(1, 1), msg(1, USER)), step(L, msg(1, {"task": TASK})), step(I, call(3, 1), msg(3, USER)), step(L, msg(3, {"task": TASK}))],
    {"1": "end", "3": "end"})
transcript("tv88-dedup-differs", "the same id with another message", handshake({**LISTENER, "DEDUP_SECONDS": 600}) + [
    step(I, call(1, 1), msg(1, USER)), step(L, msg(1, {"task": TASK})),
    step(I, call(3, 1), msg(3, {"message": {**USER["message"], "parts": [{"text": "ho"}]}})), step(L, reset(3, 0x0003, "messageId"))],
    {"1": "end", "3": "reset 0003"})

CONFIG = {"taskId": "t1", "id": "p1", "url": "https://example.com/hook"}
OPERATIONS = [
    (1, USER, {"task": TASK}), (2, USER, {"task": TASK}), (3, TASK_ID, TASK),
    (4, {}, {"tasks": [], "nextPageToken": "", "pageSize": 50, "totalSize": 0}), (5, TASK_ID, TASK), (6, TASK_ID, {"task": TASK}),
    (7, CONFIG, CONFIG), (8, {"taskId": "t1", "id": "p1"}, CONFIG), (9, {"taskId": "t1"}, {"configs": [CONFIG]}),
    (10, {"taskId": "t1", "id": "p1"}, {}), (11, {}, {"name": "agent"})]
transcript("tv89-operations-json", "all operations in JSON", START + [
    s for n, (method, request, response) in enumerate(OPERATIONS)
    for s in (step(I, call(1 + 2 * n, method), msg(1 + 2 * n, request)), step(L, msg(1 + 2 * n, response)))],
    {str(1 + 2 * n): "end" for n in range(11)})
MESSAGE_PB = field(1, "m1") + field(4, 1) + field(5, field(1, "hi"))
CONFIG_PB = field(2, "p1") + field(3, "t1") + field(4, "https://example.com/hook")
OPERATIONS_PB = [
    (1, field(2, MESSAGE_PB), field(1, TASK_PB)), (2, field(2, MESSAGE_PB), field(1, TASK_PB)), (3, field(2, "t1"), TASK_PB),
    (4, b"", field(2, "") + field(3, 50) + field(4, 0)), (5, field(2, "t1"), TASK_PB), (6, field(2, "t1"), field(1, TASK_PB)),
    (7, CONFIG_PB, CONFIG_PB), (8, field(2, "t1") + field(3, "p1"), CONFIG_PB), (9, field(1, "t1"), field(1, CONFIG_PB)),
    (10, field(2, "t1") + field(3, "p1"), b""), (11, b"", field(1, "agent"))]
transcript("tv90-operations-pb", "all operations in protobuf", START + [
    s for n, (method, request, response) in enumerate(OPERATIONS_PB)
    for s in (step(I, call(1 + 2 * n, method, 1), msg(1 + 2 * n, request)), step(L, msg(1 + 2 * n, response)))],
    {str(1 + 2 * n): "end" for n in range(11)})
def details(code):
    """The ErrorInfo that TCP-041 asks for."""
    if not 0x101 <= code <= 0x1FF:
        return b""
    return body_octets([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": REASONS[code - 0x101],
                         "domain": "a2a-protocol.org"}])


REASONS = ["TASK_NOT_FOUND", "TASK_NOT_CANCELABLE", "PUSH_NOTIFICATION_NOT_SUPPORTED", "UNSUPPORTED_OPERATION",
           "CONTENT_TYPE_NOT_SUPPORTED", "INVALID_AGENT_RESPONSE", "EXTENDED_AGENT_CARD_NOT_CONFIGURED",
           "EXTENSION_SUPPORT_REQUIRED", "VERSION_NOT_SUPPORTED", "TASK_GENERATION_MISMATCH"]
CODES = [1, 3, 4, 7, 8, 0xC, 0xD, 0xE, 0x10, 0x20, 0x21, *range(0x101, 0x10B), 0x201, 0x202, 0x204, 0x205]
transcript("tv91-every-code", "every code of RESET", START + [
    s for n, code in enumerate(CODES)
    for s in (step(I, call(1 + 2 * n, 3), msg(1 + 2 * n, TASK_ID)), step(L, reset(1 + 2 * n, code, details=details(code), not_processed=code == 0x201)))],
    {str(1 + 2 * n): f"reset {code:04x}" for n, code in enumerate(CODES)})
transcript("tv92-ping", "PING both ways", START + [
    step(I, ping(1)), step(L, ping(1, ack=True)), step(L, ping(1)), step(I, ping(1, ack=True))], {})
transcript("tv93-both-ways", "calls in both directions at once", OWN + [
    step(I, call(1, 3), msg(1, TASK_ID)), step(L, call(2, 3), msg(2, TASK_ID)), step(I, msg(2, TASK)), step(L, msg(1, TASK))],
    {"1": "end", "2": "end"})
transcript("tv94-peer-error", "the connection ends with an error of the listener", START + [
    step(I, call(1, 3), msg(1, TASK_ID)), step(L, goaway(1, 0x0309, "out of order"))], {"1": "lost"}, "goaway 0309")
REGISTER = [("method", "https://swift-a2a.github.io/extensions/hub/v1/Register")]
NAMED = {"name": "billing", "interfaces": [
    {"url": "https://hub.example/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0", "tenant": "billing"}]}
transcript("tv97-register", "an agent registers at a hub, which asks for its card first, and is called", OWN + [
    step(I, auth(1, (1, "Bearer", "secret")), call(1, 0, slot=1, parameters=REGISTER), msg(1, {"name": "billing"})),
    step(L, call(2, 0x40), msg(2, {})), step(I, msg(2, {"name": "behind NAT"})), step(L, msg(1, NAMED)),
    step(L, call(4, 3), msg(4, TASK_ID)), step(I, msg(4, TASK))], {"1": "end", "2": "end", "4": "end"})
transcript("tv98-register-refused", "a name that is somebody else's", OWN + [
    step(I, auth(1, (1, "Bearer", "secret")), call(1, 0, slot=1, parameters=REGISTER), msg(1, {"name": "billing"})),
    step(L, reset(1, 0x0007, "Another agent has this name."))], {"1": "reset 0007"})
transcript("tv99-register-no-hub", "a listener that is no hub", OWN + [
    step(I, call(1, 0, parameters=REGISTER), msg(1, {"name": "billing"})), step(L, reset(1, 0x000C, "There is no such method here."))],
    {"1": "reset 000c"})

# ---------------------------------------------------------------- writing


def examples():
    wanted = ["tv02-hello-empty", "tv03-hello-listener", "tv04-auth-bearer", "tv06-call-gettask-pb", "tv07-msg-gettask-pb",
              "tv08-msg-task-pb", "tv10-msg-gettask-json", "tv12-call-subscribe-trace", "tv13-call-resume", "tv14-reply-epoch",
              "tv15-msg-seq-41", "tv16-data-end-empty", "tv17-two-fragments", "tv18-credit-calls", "tv19-credit-octets",
              "tv20-reset-canceled", "tv21-reset-notfound", "tv22-reset-refused", "tv23-ping", "tv23b-pong", "tv24-goaway-drain"]
    by_name = {v["name"]: v for v in frames}
    lines = ["```", f"preface: {PREFACE.hex(' ')}"]
    for name in wanted:
        lines += [f"{name}: {by_name[name]['note']}", *wrap(bytes.fromhex(by_name[name]["hex"]))]
    unary = next(t for t in transcripts if t["name"] == "tv70-unary")
    lines += ["```", "", "A whole conversation, `tv70-unary`; I is the initiator, L the listener.", "", "```"]
    for s in unary["steps"]:
        lines += [f"{s['from'][0].upper()}:", *wrap(bytes.fromhex(s["hex"]))]
    return "\n".join([*lines, "```"])


def wrap(octets):
    return [f"    {octets[n:n + 32].hex(' ')}" for n in range(0, len(octets), 32)]


def main():
    files = {HERE / f"{name}.json": json.dumps({"format": "a2a-tcp-vectors/1", "kind": name, "vectors": rows}, indent=1,
                                               ensure_ascii=False) + "\n"
             for name, rows in (("frames", frames), ("errors", errors), ("transcripts", transcripts))}
    text = SPEC.read_text()
    head, rest = text.split("<!-- examples begin -->\n")
    tail = rest.split("<!-- examples end -->")[1]
    files[SPEC] = f"{head}<!-- examples begin -->\n{examples()}\n<!-- examples end -->{tail}"
    stale = [path for path, content in files.items() if not path.exists() or path.read_text() != content]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.name} is not what generate.py makes", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(files[path])
    print(f"{len(frames)} frames, {len(errors)} errors, {len(transcripts)} transcripts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
