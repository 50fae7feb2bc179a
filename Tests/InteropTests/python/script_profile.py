"""The scripted agent profile of conformance/profile.md: reading and checking scripts.

Nothing here knows the SDK's runtime: a message goes in, a list of checked steps comes out.
"""

from __future__ import annotations

import re

from typing import Any, NamedTuple

from a2a.types.a2a_pb2 import Message, Part
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError


MEDIA_TYPE = 'application/vnd.a2a-conformance+json'
MAX_STEPS = 1000
MAX_DELAY_MILLISECONDS = 60_000

WORDS = frozenset({'text', 'parts'})
ARGUMENTS: dict[str, frozenset[str]] = {
    'working': WORDS,
    'artifact': frozenset({'id', 'name', 'description', 'parts', 'metadata', 'append', 'lastChunk'}),
    'delay': frozenset({'milliseconds'}),
    'requireInput': WORDS,
    'requireAuth': WORDS,
    'waitForMessage': frozenset(),
    'reply': WORDS,
    'complete': WORDS,
    'fail': WORDS,
    'reject': WORDS,
    'throw': frozenset({'message'}),
    'echo': frozenset(),
}
PAUSES = frozenset({'requireInput', 'requireAuth', 'waitForMessage'})


class ScriptError(Exception):
    """A script that cannot be played; the text is for the status message of the rejected task."""


class Step(NamedTuple):
    """One checked step. `number` counts from 1; `parts` are its words or its content."""

    number: int
    name: str
    arguments: dict[str, Any]
    parts: list[Part]


def find_steps(message: Message) -> list[Step] | None:
    """The script that a message carries or names by an ACTS prefix, checked; None if there is neither."""
    for part in message.parts:
        media_type = part.media_type.split(';', 1)[0].strip().lower()
        if media_type == MEDIA_TYPE and part.HasField('data'):
            return check(MessageToDict(part.data))
    behaviour = find_behaviour(message)
    return None if behaviour is None else check({'script': behaviour})


def find_behaviour(message: Message) -> list[dict[str, Any]] | None:
    """The script that stands for the ACTS prefix at the beginning of the first part."""
    if not message.parts or not message.parts[0].HasField('text'):
        return None
    word = re.match(r'[A-Za-z0-9_-]*', message.parts[0].text)
    return BEHAVIOURS.get(word[0]) if word else None


def check(data: Any) -> list[Step]:
    """Checks a whole script before anything of it is played."""
    if not isinstance(data, dict) or set(data) != {'script'}:
        raise ScriptError('script: expected an object with the one member "script"')
    script = data['script']
    if not isinstance(script, list):
        raise ScriptError('script: expected an array of steps')
    if len(script) > MAX_STEPS:
        raise ScriptError(f'script: {len(script)} steps, at most {MAX_STEPS} are allowed')
    return [check_step(number, step) for number, step in enumerate(script, 1)]


def check_step(number: int, step: Any) -> Step:
    def wrong(problem: str) -> ScriptError:
        return ScriptError(f'script step {number}: {problem}')

    if not isinstance(step, dict) or len(step) != 1:
        raise wrong('expected an object with one member')
    name, arguments = next(iter(step.items()))
    if name not in ARGUMENTS:
        raise wrong(f'unknown step "{name}"')
    if not isinstance(arguments, dict):
        raise wrong(f'the arguments of "{name}" must be an object')
    for key, value in arguments.items():
        if key not in ARGUMENTS[name]:
            raise wrong(f'"{name}" has no argument "{key}"')
        kind, expected = KINDS[key]
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise wrong(f'"{key}" of "{name}" must be {expected}')
    if 'text' in arguments and 'parts' in arguments:
        raise wrong(f'"{name}" takes "text" or "parts", not both')
    if name == 'delay':
        milliseconds = arguments.get('milliseconds', -1)
        if not 0 <= milliseconds <= MAX_DELAY_MILLISECONDS or milliseconds != int(milliseconds):
            raise wrong(f'"milliseconds" of "delay" must be a whole number from 0 to {MAX_DELAY_MILLISECONDS}')
    if name == 'artifact' and 'parts' not in arguments:
        raise wrong('"artifact" needs "parts"')
    if name == 'reply' and not arguments:
        raise wrong('"reply" needs "text" or "parts"')
    try:
        return Step(number, name, arguments, parse_parts(arguments))
    except ParseError as error:
        raise wrong(f'"parts" of "{name}": {error}') from error


def parse_parts(arguments: dict[str, Any]) -> list[Part]:
    if 'text' in arguments:
        return [Part(text=arguments['text'])]
    if 'parts' not in arguments:
        return []
    parts = [ParseDict(part, Part()) for part in arguments['parts']]
    if not parts or any(part.WhichOneof('content') is None for part in parts):
        raise ParseError('one or more parts, each with text, raw, url or data')
    return parts


KINDS: dict[str, tuple[Any, str]] = {
    'text': (str, 'a string'),
    'parts': (list, 'an array'),
    'id': (str, 'a string'),
    'name': (str, 'a string'),
    'description': (str, 'a string'),
    'metadata': (dict, 'an object'),
    'append': (bool, 'true or false'),
    'lastChunk': (bool, 'true or false'),
    'milliseconds': ((int, float), 'a number'),
    'message': (str, 'a string'),
}

FILE = {'filename': 'output.txt', 'mediaType': 'text/plain'}


def _chunk(text: str, **arguments: Any) -> dict[str, Any]:
    return {'artifact': {'id': 'chunked', 'parts': [{'text': text}], **arguments}}


def _whole(name: str, part: dict[str, Any]) -> list[dict[str, Any]]:
    return [{'artifact': {'id': name, 'name': name, 'parts': [part]}}, {'complete': {}}]


BEHAVIOURS: dict[str, list[dict[str, Any]]] = {
    'tck-complete-task': [{'complete': {'text': 'Task completed.'}}],
    'tck-input-required': [
        {'requireInput': {'text': 'More input is required.'}},
        {'complete': {'text': 'Task completed.'}},
    ],
    'tck-reject-task': [{'reject': {'text': 'Task rejected.'}}],
    'tck-message-response': [{'reply': {'text': 'Direct message response.'}}],
    'tck-artifact-text': _whole('text', {'text': 'Generated text content'}),
    'tck-artifact-file': _whole('file', {'raw': 'R2VuZXJhdGVkIGZpbGUgY29udGVudA==', **FILE}),
    'tck-artifact-file-url': _whole('file-url', {'url': 'https://example.com/output.txt', **FILE}),
    'tck-artifact-data': _whole('data', {'data': {'key': 'value', 'count': 42}, 'mediaType': 'application/json'}),
    'tck-long-running': [
        {'working': {'text': 'Working.'}},
        {'delay': {'milliseconds': 5000}},
        {'complete': {'text': 'Task completed.'}},
    ],
    'tck-multi-turn': [
        {'requireInput': {'text': 'First turn done, send the next message.'}},
        {'complete': {'text': 'Second turn done.'}},
    ],
    'tck-cancel': [
        {'working': {'text': 'Working until cancelled.'}},
        *[{'delay': {'milliseconds': MAX_DELAY_MILLISECONDS}}] * 10,
        {'fail': {'text': 'Not cancelled in time.'}},
    ],
    'tck-stream-basic': [
        {'working': {'text': 'Working.'}},
        {'artifact': {'id': 'stream', 'name': 'stream', 'parts': [{'text': 'Streamed content'}], 'lastChunk': True}},
        {'complete': {}},
    ],
    'tck-stream-chunked': [
        {'working': {'text': 'Working.'}},
        _chunk('chunk 1 ', name='chunked'),
        _chunk('chunk 2 ', append=True),
        _chunk('chunk 3', append=True, lastChunk=True),
        {'complete': {}},
    ],
    'tck-task-failure': [{'fail': {'text': 'Task failed.'}}],
}
