"""Scenarios for every binding, and those of JSON over HTTP."""

from __future__ import annotations

import asyncio
import json
import uuid

from a2a.client import A2AClientError, ClientCallContext
from a2a.types.a2a_pb2 import (
    CancelTaskRequest,
    DeleteTaskPushNotificationConfigRequest,
    GetExtendedAgentCardRequest,
    GetTaskPushNotificationConfigRequest,
    ListTaskPushNotificationConfigsRequest,
    Message,
    Part,
    Role,
    StreamResponse,
    Task,
    TaskPushNotificationConfig,
    TaskState,
)
from a2a.utils.errors import (
    ContentTypeNotSupportedError,
    InternalError,
    InvalidParamsError,
    PushNotificationNotSupportedError,
    TaskNotCancelableError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from driver import (
    OVER_HTTP,
    TERMINAL,
    Driver,
    brief,
    check,
    drain,
    equal,
    find_artifact,
    over,
    refused,
    scenario,
    state_name,
    text_of,
)
from google.protobuf.json_format import MessageToDict, ParseDict
from script_profile import BEHAVIOURS


@scenario
async def card(d: Driver) -> None:
    """the card has what it needs, and revalidates"""
    check(d.card.name and d.card.description and d.card.version, 'name, description or version is missing')
    skill = next((skill for skill in d.card.skills if skill.id == 'a2a-conformance'), None)
    check(skill and {'script', 'acts'} <= set(skill.tags), 'the card does not offer the scripted profile')
    check(d.card.capabilities.streaming, 'the card does not offer streaming')
    address = f'{d.url}/.well-known/agent-card.json'
    first = await d.http.get(address)
    equal(first.status_code, 200, 'HTTP status of the card')
    check('max-age' in first.headers.get('cache-control', ''), 'Cache-Control has no max-age')
    check(first.headers.get('etag'), 'the card has no ETag')
    again = await d.http.get(address, headers={'If-None-Match': first.headers['etag']})
    equal(again.status_code, 304, 'HTTP status with If-None-Match')


@scenario
async def send_message_reply(d: Driver) -> None:
    """a direct message comes back, without a task"""
    answer = await d.send(d.scripted({'reply': {'text': 'Grüße, 世界 👋'}}))
    check(isinstance(answer, Message), 'expected a message, got a task')
    equal(answer.role, Role.ROLE_AGENT, 'role')
    equal(text_of(answer.parts), 'Grüße, 世界 👋', 'text')
    check(answer.message_id, 'the message has no id')
    check(answer.context_id, 'the message has no contextId')


@scenario
async def send_task_with_artifact(d: Driver) -> None:
    """a task with text, data, file and link comes back completed"""
    raw, data = 'AAECAwQ=', {'n': 42, 'list': [1, 2.5, None, True], 'deep': {'x': {}}}
    parts = [
        {'text': 'one'},
        {'data': data, 'mediaType': 'application/json'},
        {'raw': raw, 'filename': 'x.bin', 'mediaType': 'application/octet-stream'},
        {'url': 'https://example.com/a?b=c', 'metadata': {'k': 1}},
    ]
    step = {'artifact': {'id': 'a', 'name': 'n', 'description': 'd', 'metadata': {'m': 'v'}, 'parts': parts}}
    task = await d.play({'working': {'text': 'busy'}}, step, {'complete': {'text': 'bye'}})
    equal(state_name(task.status.state), 'COMPLETED', 'state')
    equal(text_of(task.status.message.parts), 'bye', 'status message')
    check(task.id and task.context_id, 'the task has no id or no contextId')
    check(task.status.HasField('timestamp'), 'the status has no timestamp')
    artifact = find_artifact(task, 'a')
    equal((artifact.name, artifact.description), ('n', 'd'), 'name and description')
    expected = [ParseDict(part, Part()) for part in parts]
    equal(list(artifact.parts), expected, 'parts')
    check(task.history and task.history[0].role == Role.ROLE_USER, 'the history does not begin with the user')
    equal((await d.get(task.id)).artifacts[0], artifact, 'the artifact read again')


@over(*OVER_HTTP)
async def wire_format(d: Driver) -> None:
    """media type, names, enums and times are spelled as the specification wants"""
    step = {'artifact': {'parts': [{'text': 'x'}]}}
    message = MessageToDict(d.scripted(step))
    answer = await d.raw('POST', '/message:send', ('SendMessage', {'message': message}))
    expected = 'application/json' if d.binding == 'JSONRPC' else 'application/a2a+json'
    equal(answer.headers['content-type'].split(';')[0], expected, 'content type')
    body = answer.json()
    task = (body['result'] if d.binding == 'JSONRPC' else body)['task']
    equal(task['status']['state'], 'TASK_STATE_COMPLETED', 'state')
    check(task['status']['timestamp'].endswith('Z'), 'the timestamp is not in UTC with Z')
    check('contextId' in task and 'artifactId' in task['artifacts'][0], 'names are not camelCase')


@over(*OVER_HTTP)
async def whole_numbers(d: Driver) -> None:
    """whole numbers in data keep their spelling: JSON does not tell 42 from 42.0, but readers do"""
    message = MessageToDict(d.scripted({'reply': {'parts': [{'data': {'n': 42, 'list': [1, 2]}}]}}))
    answer = await d.raw('POST', '/message:send', ('SendMessage', {'message': message}))
    check('42.0' not in answer.text and '[1.0' not in answer.text, f'whole numbers got a fraction: {answer.text}')


@scenario
async def acts_prefixes(d: Driver) -> None:
    """the behaviours of ACTS end as they should"""
    ends = {
        'tck-complete-task': 'COMPLETED',
        'tck-input-required': 'INPUT_REQUIRED',
        'tck-reject-task': 'REJECTED',
        'tck-message-response': None,
        'tck-artifact-text': 'COMPLETED',
        'tck-artifact-file': 'COMPLETED',
        'tck-artifact-file-url': 'COMPLETED',
        'tck-artifact-data': 'COMPLETED',
        'tck-multi-turn': 'INPUT_REQUIRED',
        'tck-stream-basic': 'COMPLETED',
        'tck-stream-chunked': 'COMPLETED',
        'tck-task-failure': 'FAILED',
    }
    for prefix, end in ends.items():
        answer = await d.send(d.message(Part(text=f'{prefix} please')))
        if end is None:
            check(isinstance(answer, Message), f'{prefix}: expected a message')
            continue
        check(isinstance(answer, Task), f'{prefix}: expected a task')
        equal(state_name(answer.status.state), end, f'{prefix}: state')
        steps = [step['artifact'] for step in BEHAVIOURS[prefix] if 'artifact' in step]
        parts = [ParseDict(part, Part()) for step in steps for part in step['parts']]
        equal([part for artifact in answer.artifacts for part in artifact.parts], parts, f'{prefix}: parts')
    # The prefix is a word of its own, at the very beginning.
    answer = await d.send(d.message(Part(text='tck-artifact-file-url')))
    equal(answer.artifacts[0].parts[0].url, 'https://example.com/output.txt', 'longest prefix')


@scenario
async def input_required(d: Driver) -> None:
    """a task asks for input twice and goes on in the same task"""
    ask = {'requireInput': {'text': 'More?'}}
    show = {'artifact': {'parts': [{'text': 'A'}]}}
    task = await d.play({'working': {}}, ask, show, ask, {'complete': {'text': 'ok'}})
    equal(state_name(task.status.state), 'INPUT_REQUIRED', 'state after the first turn')
    equal(text_of(task.status.message.parts), 'More?', 'question')
    second = await d.task(d.message(Part(text='yes'), task=task))
    equal((second.id, second.context_id), (task.id, task.context_id), 'ids of the second turn')
    equal(state_name(second.status.state), 'INPUT_REQUIRED', 'state after the second turn')
    # contextId may be left out: the task knows it.
    last = d.message(Part(text='and yes'), task=task)
    last.context_id = ''
    third = await d.task(last)
    equal(state_name(third.status.state), 'COMPLETED', 'state after the third turn')
    equal(text_of(find_artifact(third, 'artifact').parts), 'A', 'artifact')
    said = [text_of(message.parts) for message in third.history if message.role == Role.ROLE_USER]
    equal(said[-2:], ['yes', 'and yes'], 'what the user said')
    check(all(message.task_id == task.id for message in third.history[1:]), 'messages without their taskId')


@scenario
async def auth_required(d: Driver) -> None:
    """a task asks for authentication and goes on afterwards"""
    task = await d.play({'requireAuth': {'text': 'Log in.'}}, {'complete': {}})
    equal(state_name(task.status.state), 'AUTH_REQUIRED', 'state')
    done = await d.task(d.message(Part(text='logged in'), task=task))
    equal(state_name(done.status.state), 'COMPLETED', 'state')


@scenario
async def follow_up_script(d: Driver) -> None:
    """a script in a follow-up message runs in the same task and replaces the rest of the first"""
    task = await d.play({'requireInput': {}}, {'fail': {'text': 'the old script went on'}})
    second = await d.task(d.scripted({'artifact': {'id': 'new', 'parts': [{'text': 'N'}]}}, task=task))
    equal(second.id, task.id, 'task id')
    equal(state_name(second.status.state), 'COMPLETED', 'state')
    equal(text_of(find_artifact(second, 'new').parts), 'N', 'artifact')


@scenario
async def script_ends(d: Driver) -> None:
    """the end of a script completes the task, or replies where there is none"""
    answer = await d.send(d.scripted())
    check(isinstance(answer, Message) and text_of(answer.parts) == 'done', 'the empty script does not reply "done"')
    task = await d.play({'requireInput': {}})
    equal(state_name((await d.task(d.message(Part(text='go'), task=task))).status.state), 'COMPLETED', 'state')


@scenario
async def script_errors(d: Driver) -> None:
    """a wrong script rejects the task and says which step it was"""
    wrong = {
        'script step 2: unknown step "wrok"': [{'working': {}}, {'wrok': {}}],
        'script step 1:': [{'delay': {'milliseconds': 60001}}],
        'script step 3:': [{'working': {}}, {'working': {}}, {'working': {}, 'complete': {}}],
        'script step 4:': [*[{'working': {}}] * 3, {'artifact': {}}],
        'script': [{'working': {}}] * 1001,
    }
    for words, steps in wrong.items():
        task = await d.play(*steps)
        equal(state_name(task.status.state), 'REJECTED', f'{words} state')
        said = text_of(task.status.message.parts)
        check(said.startswith(words), f'expected "{words}…", got "{said}"')
    late = await d.play({'working': {}}, {'reply': {'text': 'x'}})
    equal(state_name(late.status.state), 'REJECTED', 'a reply after the task began: state')
    check('step 2' in text_of(late.status.message.parts), 'the rejection does not name step 2')


@scenario
async def throwing_agent(d: Driver) -> None:
    """an agent that throws fails the task or the call, and its own words stay inside"""
    try:
        task = await d.play({'working': {}}, {'throw': {'message': 'secret of the house'}})
        equal(state_name(task.status.state), 'FAILED', 'state')
        said = text_of(task.status.message.parts)
    except (InternalError, A2AClientError) as error:
        said = f'{error.message} {error.data}'
    check('secret of the house' not in said, f'the text of the error reached the caller: {said}')


@scenario
async def return_immediately(d: Driver) -> None:
    """an immediate send returns before the work, which goes on by itself"""
    task = await d.play({'working': {}}, {'delay': {'milliseconds': 300}}, {'complete': {}}, return_immediately=True)
    check(task.status.state not in TERMINAL, f'the task was {state_name(task.status.state)} at once')
    done = await d.poll(task.id, lambda task: task.status.state in TERMINAL)
    equal(state_name(done.status.state), 'COMPLETED', 'state')


@scenario
async def stream_events(d: Driver) -> None:
    """a stream has exactly the events of the script, in order, and ends"""
    chunks = [
        {'artifact': {'id': 'a', 'parts': [{'text': '1 '}]}},
        {'artifact': {'id': 'a', 'append': True, 'parts': [{'text': '2 '}]}},
        {'artifact': {'id': 'a', 'append': True, 'lastChunk': True, 'parts': [{'text': '3'}]}},
    ]
    events = await drain(d.stream(d.scripted({'working': {'text': 'busy'}}, *chunks, {'complete': {}})))
    expected = ['task SUBMITTED', 'status WORKING', 'artifact a:1 ', 'artifact a:2  append', 'artifact a:3 append last']
    equal([brief(event) for event in events], [*expected, 'status COMPLETED'], 'events')
    task = events[0].task
    check(all(e.status_update.task_id == task.id for e in events if e.HasField('status_update')), 'task ids differ')
    check(all(e.artifact_update.context_id == task.context_id for e in events[2:5]), 'context ids differ')
    stored = await d.get(task.id)
    equal([part.text for part in find_artifact(stored, 'a').parts], ['1 ', '2 ', '3'], 'stored parts')


@scenario
async def stream_message(d: Driver) -> None:
    """a stream of a direct message is that message alone"""
    events = await drain(d.stream(d.scripted({'reply': {'text': 'hi'}})))
    equal([brief(event) for event in events], ['message hi'], 'events')


@scenario
async def stream_turns(d: Driver) -> None:
    """a stream ends where input is required; the next turn is a stream of its own"""
    first = await drain(d.stream(d.scripted({'requireInput': {}}, {'artifact': {'parts': [{'text': 'x'}]}})))
    equal([brief(event) for event in first], ['task SUBMITTED', 'status INPUT_REQUIRED'], 'first turn')
    second = await drain(d.stream(d.message(Part(text='go'), task=first[0].task)))
    words = [word for event in second if not (word := brief(event)).startswith(('task ', 'status WORKING'))]
    equal(words, ['artifact artifact:x', 'status COMPLETED'], 'second turn')


@scenario
async def work_goes_on(d: Driver) -> None:
    """work goes on when the streaming caller goes away"""
    steps = [{'working': {}}, {'delay': {'milliseconds': 300}}, {'artifact': {'parts': [{'text': 'x'}]}}]
    stream = d.stream(d.scripted(*steps))
    first = await anext(stream)
    await stream.aclose()
    done = await d.poll(first.task.id, lambda task: task.status.state in TERMINAL)
    equal(state_name(done.status.state), 'COMPLETED', 'state')
    equal(text_of(find_artifact(done, 'artifact').parts), 'x', 'artifact')


@scenario
async def get_with_history(d: Driver) -> None:
    """history length 0 is none, n is the newest n, absent is all"""
    task = await d.play({'requireInput': {}}, {'requireInput': {}}, {'complete': {}})
    for word in ['one', 'two']:
        task = await d.task(d.message(Part(text=word), task=task))
    everything = list((await d.get(task.id)).history)
    check(len(everything) >= 3, f'{len(everything)} messages in the history, expected 3 or more')
    equal(len({message.message_id for message in everything}), len(everything), 'distinct messages')
    equal(len((await d.get(task.id, history_length=0)).history), 0, 'history of length 0')
    equal(list((await d.get(task.id, history_length=1)).history), everything[-1:], 'history of length 1')
    equal(list((await d.get(task.id, history_length=2)).history), everything[-2:], 'history of length 2')
    equal(list((await d.get(task.id, history_length=1000)).history), everything, 'history of length 1000')
    await refused(d.get(task.id, history_length=-1), InvalidParamsError)
    answer = await d.play({'complete': {}}, history_length=0)
    equal(len(answer.history), 0, 'history of a send with length 0')


@scenario
async def list_with_paging(d: Driver) -> None:
    """pages hold every task once, newest first; filters and sizes are kept"""
    context_id = str(uuid.uuid4())
    ids = []
    for index in range(5):
        last = {'requireInput': {}} if index == 4 else {'complete': {}}
        steps = [{'artifact': {'parts': [{'text': str(index)}]}}, last]
        ids.append((await d.task(d.scripted(*steps, context_id=context_id))).id)

    found, token = [], ''
    for _ in range(3):
        page = await d.list(context_id=context_id, page_size=2, page_token=token)
        equal(page.total_size, 5, 'total size')
        equal(page.page_size, 2, 'page size')
        check(all(not task.artifacts for task in page.tasks), 'artifacts came unasked')
        found += [task.id for task in page.tasks]
        token = page.next_page_token
    equal(token, '', 'token after the last page')
    equal(found, ids[::-1], 'tasks, newest first')

    full = await d.list(context_id=context_id, include_artifacts=True, history_length=0)
    equal(sum(len(task.artifacts) for task in full.tasks), 5, 'artifacts when asked for')
    check(all(not task.history for task in full.tasks), 'history came with length 0')
    open_ones = await d.list(context_id=context_id, status=TaskState.TASK_STATE_INPUT_REQUIRED)
    equal([task.id for task in open_ones.tasks], ids[4:], 'tasks that need input')
    nothing = await d.list(context_id=str(uuid.uuid4()))
    equal((len(nothing.tasks), nothing.total_size), (0, 0), 'tasks of an unknown context')
    for wrong in [{'page_size': 0}, {'page_size': 101}, {'page_token': 'no such token!'}]:
        await refused(d.list(**wrong), InvalidParamsError)


@over(*OVER_HTTP)
async def list_on_the_wire(d: Driver) -> None:
    """an empty list prints every required member"""
    context_id = str(uuid.uuid4())
    body = await d.result('GET', f'/tasks?contextId={context_id}', ('ListTasks', {'contextId': context_id}))
    expected = {'tasks': [], 'nextPageToken': '', 'pageSize': 50, 'totalSize': 0}
    equal({name: body.get(name, 'absent') for name in expected}, expected, 'empty page')


@scenario
async def cancel_slow_work(d: Driver) -> None:
    """slow work is cancelled; its stream says so and ends"""
    stream = d.stream(d.message(Part(text='tck-cancel now')))
    events = [await anext(stream)]
    task_id = events[0].task.id
    while brief(events[-1]) != 'status WORKING':
        events.append(await anext(stream))
    answer = await d.cancel(task_id)
    equal((answer.id, state_name(answer.status.state)), (task_id, 'CANCELED'), 'cancelled task')
    events += await drain(stream)
    equal([brief(e) for e in events], ['task SUBMITTED', 'status WORKING', 'status CANCELED'], 'events')
    equal(state_name((await d.get(task_id)).status.state), 'CANCELED', 'stored state')
    await refused(d.cancel(task_id), TaskNotCancelableError)


@scenario
async def cancel_waiting_task(d: Driver) -> None:
    """a task that waits for input is cancelled, and then takes no message"""
    task = await d.play({'requireInput': {}}, {'complete': {}})
    equal(state_name((await d.cancel(task.id)).status.state), 'CANCELED', 'state')
    await refused(d.send(d.message(Part(text='late'), task=task)), UnsupportedOperationError)


@scenario
async def resubscribe(d: Driver) -> None:
    """a subscription in the middle begins with the task and misses nothing"""
    steps = [
        {'artifact': {'id': 'a', 'parts': [{'text': '1'}]}},
        {'waitForMessage': {}},
        {'artifact': {'id': 'a', 'append': True, 'parts': [{'text': '2'}]}},
        {'complete': {}},
    ]
    task = await d.play({'working': {}}, *steps, return_immediately=True)
    await d.poll(task.id, lambda task: len(task.artifacts) == 1)
    streams = [d.subscribe(task.id), d.subscribe(task.id)]
    opening = [await anext(stream) for stream in streams]
    for event in opening:
        equal(brief(event), 'task WORKING', 'first event')
        equal(text_of(find_artifact(event.task, 'a').parts), '1', 'artifact in the first event')
    await d.send(d.message(Part(text='go'), task=task), return_immediately=True)
    for stream in streams:
        rest = [brief(event) for event in await drain(stream)]
        # The arrival of a message may be shown by a status of the implementation's own.
        rest = rest[1:] if rest[:1] == ['status WORKING'] else rest
        equal(rest, ['artifact a:2 append', 'status COMPLETED'], 'events after it')
    equal(text_of(find_artifact(await d.get(task.id), 'a').parts), '12', 'stored artifact')


@scenario
async def echo(d: Driver) -> None:
    """the agent sees what was sent: headers, extensions, version, metadata"""
    message = d.scripted({'echo': {}})
    message.metadata.update({'n': 7, 'list': [1, 'two', None]})
    message.parts.append(Part(text='zweiter Teil'))
    context = ClientCallContext(
        service_parameters={
            'X-Probe': 'a b',
            'Authorization': 'Bearer hidden-word',
            'A2A-Extensions': 'urn:example:one, urn:example:two',
        }
    )
    answer = await d.send(message, context)
    check(isinstance(answer, Message), 'expected a message')
    seen = MessageToDict(answer.parts[0].data)
    equal(seen['parameters'].get('x-probe'), 'a b', 'header x-probe')
    check('hidden-word' not in json.dumps(seen), 'credentials were echoed')
    equal(seen['requestedExtensions'], ['urn:example:one', 'urn:example:two'], 'requested extensions')
    equal(seen['activatedExtensions'], [], 'activated extensions')
    equal((seen['version'], seen['tenant'], seen['principal']), ('1.0', '', ''), 'version, tenant, principal')
    equal((seen['binding'], seen['taskId']), (d.seen_as, ''), 'binding, task id')
    equal(seen['message']['metadata'], {'n': 7, 'list': [1, 'two', None]}, 'metadata')
    equal(seen['message']['parts'][1], {'text': 'zweiter Teil'}, 'second part')
    task = await d.play({'working': {}}, {'echo': {}})
    seen = MessageToDict(find_artifact(task, 'echo').parts[0].data)
    equal((seen['taskId'], seen['contextId']), (task.id, task.context_id), 'ids')


@scenario
async def many_at_once(d: Driver) -> None:
    """thirty tasks at once do not disturb each other"""

    async def one(index: int) -> None:
        words = [f'{index}.{chunk} ' for chunk in range(10)]
        steps = [{'artifact': {'append': i > 0, 'parts': [{'text': word}]}} for i, word in enumerate(words)]
        events = await drain(d.stream(d.scripted(*steps)))
        got = ''.join(text_of(event.artifact_update.artifact.parts) for event in events)
        equal(got, ''.join(words), f'text of stream {index}')

    await asyncio.gather(*(one(index) for index in range(30)))


@scenario
async def large_content(d: Driver) -> None:
    """half a megabyte goes both ways"""
    text = 'äöü€' * 60_000
    task = await d.play({'artifact': {'parts': [{'text': text}]}})
    check(text_of(find_artifact(task, 'artifact').parts) == text, 'the text came back changed')


@scenario
async def error_task_not_found(d: Driver) -> None:
    """TaskNotFound: get, cancel, subscribe, send"""
    missing = str(uuid.uuid4())
    await refused(d.get(missing), TaskNotFoundError)
    await refused(d.cancel(missing), TaskNotFoundError)
    await refused(drain(d.subscribe(missing)), TaskNotFoundError)
    await refused(d.send(d.message(Part(text='x'), task=Task(id=missing))), TaskNotFoundError)
    response = await d.raw('GET', f'/tasks/{missing}', ('GetTask', {'id': missing}))
    d.wire_error(response, -32001, 404, 'TASK_NOT_FOUND')


@scenario
async def error_task_not_cancelable(d: Driver) -> None:
    """TaskNotCancelable: cancel of a finished task"""
    task = await d.play({'complete': {}})
    await refused(d.cancel(task.id), TaskNotCancelableError)
    response = await d.raw('POST', f'/tasks/{task.id}:cancel', ('CancelTask', {'id': task.id}))
    d.wire_error(response, -32002, 400, 'TASK_NOT_CANCELABLE')


@scenario
async def error_unsupported_operation(d: Driver) -> None:
    """UnsupportedOperation: send and subscribe to a finished task"""
    task = await d.play({'complete': {}})
    message = d.message(Part(text='more'), task=task)
    await refused(d.send(message), UnsupportedOperationError)
    await refused(drain(d.stream(message)), UnsupportedOperationError)
    await refused(drain(d.subscribe(task.id)), UnsupportedOperationError)
    body = {'message': MessageToDict(message)}
    response = await d.raw('POST', '/message:send', ('SendMessage', body))
    d.wire_error(response, -32004, 400, 'UNSUPPORTED_OPERATION')


@scenario
async def error_content_type(d: Driver) -> None:
    """ContentTypeNotSupported: a part of a media type that the card does not name"""
    message = d.message(Part(raw=b'x', media_type='application/x-unheard-of'))
    await refused(d.send(message), ContentTypeNotSupportedError)
    await refused(drain(d.stream(message)), ContentTypeNotSupportedError)
    response = await d.raw('POST', '/message:send', ('SendMessage', {'message': MessageToDict(message)}))
    d.wire_error(response, -32005, 400, 'CONTENT_TYPE_NOT_SUPPORTED')


@scenario
async def error_invalid_params(d: Driver) -> None:
    """invalid params: no parts, no id, no role, another context than the task's"""
    good = d.message(Part(text='x'))
    for spoil in [
        lambda message: message.ClearField('parts'),
        lambda message: message.ClearField('message_id'),
        lambda message: message.ClearField('role'),
    ]:
        bad = Message()
        bad.CopyFrom(good)
        spoil(bad)
        await refused(d.send(bad), InvalidParamsError)
        await refused(drain(d.stream(bad)), InvalidParamsError)
    response = await d.raw('POST', '/message:send', ('SendMessage', {}))
    d.wire_error(response, -32602, 400, 'INVALID_PARAMS')
    task = await d.play({'requireInput': {}})
    stray = d.message(Part(text='x'), task=task)
    stray.context_id = str(uuid.uuid4())
    await refused(d.send(stray), InvalidParamsError)


@over(*OVER_HTTP)
async def error_wrong_types(d: Driver) -> None:
    """invalid params: wrong types and unknown enum names are refused"""
    message = MessageToDict(d.message(Part(text='x')))
    for wrong in [{**message, 'parts': 'x'}, {**message, 'parts': [{'text': 5}]}, {**message, 'role': 'ROLE_KING'}]:
        response = await d.raw('POST', '/message:send', ('SendMessage', {'message': wrong}))
        d.wire_error(response, -32602, 400, 'INVALID_PARAMS')
    # Unknown members are ignored.
    script = MessageToDict(d.scripted({'reply': {'text': 'fine'}}))
    body = {'message': {**script, 'unheardOf': {'a': [1]}}, 'alsoUnheardOf': 1}
    result = await d.result('POST', '/message:send', ('SendMessage', body))
    equal(result['message']['parts'][0]['text'], 'fine', 'text')


@scenario
async def error_version(d: Driver) -> None:
    """VersionNotSupported: versions that nobody speaks, and none at all"""
    missing = str(uuid.uuid4())
    # The SDK's HTTP client never leaves the header out.
    for version in ['0.3', '2.0', '99.9', 'banana', '', *([None] if d.channel else [])]:
        headers = {'A2A-Version': version}
        response = await d.raw('GET', f'/tasks/{missing}', ('GetTask', {'id': missing}), headers=headers)
        d.wire_error(response, -32009, 400, 'VERSION_NOT_SUPPORTED')


@scenario
async def error_push_not_supported(d: Driver) -> None:
    """PushNotificationNotSupported, if the card does not offer push"""
    if d.card.capabilities.push_notifications:
        return
    task = await d.play({'requireInput': {}})
    config = TaskPushNotificationConfig(task_id=task.id, url='https://example.com/hook')
    create = d.blocking.create_task_push_notification_config
    await refused(create(config), PushNotificationNotSupportedError)
    listing = ListTaskPushNotificationConfigsRequest(task_id=task.id)
    await refused(d.blocking.list_task_push_notification_configs(listing), PushNotificationNotSupportedError)


@scenario
async def push_configs(d: Driver) -> None:
    """push configurations are made, read, listed, replaced and removed, if the card offers push"""
    if not d.card.capabilities.push_notifications:
        return
    task = await d.play({'requireInput': {}})
    config = TaskPushNotificationConfig(task_id=task.id, url='http://127.0.0.1:9/hook', token='t0ken')
    made = await d.blocking.create_task_push_notification_config(config)
    check(made.id, 'the configuration has no id')
    equal((made.url, made.token, made.task_id), (config.url, config.token, task.id), 'what was made')
    named = TaskPushNotificationConfig(task_id=task.id, id='mine', url='http://127.0.0.1:9/other')
    await d.blocking.create_task_push_notification_config(named)
    named.url = 'http://127.0.0.1:9/third'
    await d.blocking.create_task_push_notification_config(named)
    query = GetTaskPushNotificationConfigRequest(task_id=task.id, id='mine')
    equal((await d.blocking.get_task_push_notification_config(query)).url, named.url, 'the URL')
    listing = ListTaskPushNotificationConfigsRequest(task_id=task.id)
    listed = await d.blocking.list_task_push_notification_configs(listing)
    equal([config.id for config in listed.configs], [made.id, 'mine'], 'the ids')
    removal = DeleteTaskPushNotificationConfigRequest(task_id=task.id, id='mine')
    for _ in range(2):
        await d.blocking.delete_task_push_notification_config(removal)
    await refused(d.blocking.get_task_push_notification_config(query), TaskNotFoundError)
    private = TaskPushNotificationConfig(task_id=task.id, url='https://10.0.0.1/hook')
    await refused(d.blocking.create_task_push_notification_config(private), InvalidParamsError)


@scenario
async def push_delivery(d: Driver) -> None:
    """notifications come to a webhook as StreamResponse, with token and credentials, if the card offers push"""
    if not d.card.capabilities.push_notifications:
        return
    received: asyncio.Queue[tuple[dict[str, str], StreamResponse]] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readline():
                headers: dict[str, str] = {':method': request.split()[0].decode()}
                while (line := (await reader.readline()).decode().strip()):
                    name, _, value = line.partition(':')
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers['content-length']))
                received.put_nowait((headers, ParseDict(json.loads(body), StreamResponse())))
                writer.write(b'HTTP/1.1 204 No Content\r\n\r\n')
                await writer.drain()
        except asyncio.CancelledError:
            pass  # the scenario is over
        finally:
            writer.close()

    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    port = server.sockets[0].getsockname()[1]
    try:
        task = await d.play({'requireInput': {}})
        config = TaskPushNotificationConfig(task_id=task.id, url=f'http://127.0.0.1:{port}/hook', token='t0ken')
        config.authentication.scheme = 'Bearer'
        config.authentication.credentials = 'abc'
        await d.blocking.create_task_push_notification_config(config)
        await d.blocking.cancel_task(CancelTaskRequest(id=task.id))
        while True:
            headers, event = await received.get()
            equal(headers[':method'], 'POST', 'the method')
            equal(headers['content-type'], 'application/a2a+json', 'the content type')
            equal(headers['x-a2a-notification-token'], 't0ken', 'the token')
            equal(headers['authorization'], 'Bearer abc', 'Authorization')
            equal(event.status_update.task_id, task.id, 'the task')
            if event.status_update.status.state == TaskState.TASK_STATE_CANCELED:
                break
    finally:
        server.close()


@scenario
async def error_extended_card(d: Driver) -> None:
    """UnsupportedOperation or ExtendedAgentCardNotConfigured, as the card says"""
    response = await d.raw('GET', '/extendedAgentCard', ('GetExtendedAgentCard', {}))
    if not d.card.capabilities.extended_agent_card:
        d.wire_error(response, -32004, 400, 'UNSUPPORTED_OPERATION')
    elif d.failed(response):
        d.wire_error(response, -32007, 400, 'EXTENDED_AGENT_CARD_NOT_CONFIGURED')
    else:
        extended = await d.blocking.get_extended_agent_card(GetExtendedAgentCardRequest())
        check(extended.name, 'the extended card has no name')


@over(*OVER_HTTP)
async def error_unreadable(d: Driver) -> None:
    """a body that is no JSON, a request that is none, a method that is none"""
    headers = {'A2A-Version': '1.0', 'Content-Type': 'application/json'}
    if d.binding == 'HTTP+JSON':
        base = d.interface.url.removesuffix('/')
        response = await d.http.post(f'{base}/message:send', content=b'{"message": ', headers=headers)
        equal(response.status_code, 400, 'HTTP status of half a body')
        check('error' in response.json(), 'half a body: no error object')
        response = await d.http.post(f'{base}/message:nothing', json={}, headers=headers)
        equal(response.status_code, 404, 'HTTP status of an unknown path')
        return
    bodies = {
        b'{"jsonrpc": ': (-32700, None),
        b'[]': (-32600, None),
        b'{"jsonrpc": "2.0", "id": 7}': (-32600, 7),
        b'{"jsonrpc": "2.0", "id": "x", "method": "NoSuchMethod", "params": {}}': (-32601, 'x'),
        b'{"jsonrpc": "2.0", "id": 9, "method": "GetTask", "params": {}}': (-32602, 9),
    }
    for body, (code, identifier) in bodies.items():
        response = await d.http.post(d.interface.url, content=body, headers=headers)
        answer = response.json()
        equal(answer.get('jsonrpc'), '2.0', f'{body!r}: jsonrpc')
        equal(answer.get('error', {}).get('code'), code, f'{body!r}: code')
        equal(answer.get('id', 'absent'), identifier, f'{body!r}: id')
