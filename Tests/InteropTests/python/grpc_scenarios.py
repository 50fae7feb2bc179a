"""Scenarios of gRPC alone: what JSON cannot show, and what only gRPC has."""

from __future__ import annotations

import asyncio
import uuid

from typing import Any

import grpc
import grpc_wire

from a2a.client import A2AClientTimeoutError, ClientCallContext
from a2a.types.a2a_pb2 import (
    GetTaskRequest,
    ListTasksRequest,
    Part,
    SendMessageRequest,
    SubscribeToTaskRequest,
    Task,
)
from driver import (
    OVER_GRPC,
    POLL_INTERVAL,
    TERMINAL,
    Driver,
    Failed,
    brief,
    check,
    drain,
    equal,
    over,
    refused,
    state_name,
)
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.json_format import MessageToDict
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse


OVERSIZED = 20 << 20  # bytes; more than an agent takes in one message by default
FAR_OVERSIZED = 64 << 20  # bytes; so much more that it may not even wait for the end
SHORT_DEADLINE = 1.0  # seconds; enough for a task to begin
LONGER = {'delay': {'milliseconds': 2500}}  # than that deadline
CODE = grpc.StatusCode


# The same as the scenarios of these names for JSON


@over(*OVER_GRPC)
async def wire_format(d: Driver) -> None:
    """the address is host:port, the answers have no fields that the proto does not have"""
    host, _, port = d.interface.url.rpartition(':')
    check(host and '/' not in host and port.isdecimal(), f'the address is not host:port: {d.interface.url}')
    request = SendMessageRequest(message=d.scripted({'working': {}}, {'artifact': {'parts': [{'text': 'x'}]}}))
    for rpc in ['SendMessage', 'SendStreamingMessage']:
        request.message.message_id = str(uuid.uuid4())
        answer = await grpc_wire.call(d.channel, rpc, request)
        equal((answer.code, answer.text), (CODE.OK, ''), f'{rpc}: status')
        for message in answer.messages:
            equal(grpc_wire.unknown_fields(message), [], f'{rpc}: unknown fields')
        if rpc == 'SendMessage':
            task = answer.messages[0].task
            equal(state_name(task.status.state), 'COMPLETED', 'state')
            check(task.status.timestamp.seconds, 'the status has no timestamp')


@over(*OVER_GRPC)
async def whole_numbers(d: Driver) -> None:
    """numbers in data keep their value, to the last bit"""
    numbers = {'n': 42, 'list': [0, -0.0, 2**53, -(2**53), 0.1, 5e-324, 1.7976931348623157e308]}
    answer = await d.send(d.scripted({'reply': {'parts': [{'data': numbers}]}}))
    expected = d.scripted({'reply': {'parts': [{'data': numbers}]}})
    script = expected.parts[0].data.struct_value['script'][0]['reply']['parts'][0]['data']
    got = answer.parts[0].data.struct_value
    equal(got.SerializeToString(deterministic=True), script.SerializeToString(deterministic=True), f'bytes of {got}')


@over(*OVER_GRPC)
async def list_on_the_wire(d: Driver) -> None:
    """an empty list says the page size that was taken"""
    answer = await grpc_wire.call(d.channel, 'ListTasks', ListTasksRequest(context_id=str(uuid.uuid4())))
    equal(answer.code, CODE.OK, f'status ({answer.text})')
    page = answer.messages[0]
    equal((len(page.tasks), page.next_page_token, page.page_size, page.total_size), (0, '', 50, 0), 'empty page')


@over(*OVER_GRPC)
async def error_wrong_types(d: Driver) -> None:
    """invalid params: roles that nobody knows and parts with nothing in them; unknown fields are ignored"""
    nobody = d.message(Part(text='x'))
    nobody.role = 99
    for wrong in [nobody, d.message(Part())]:
        answer = await grpc_wire.call(d.channel, 'SendMessage', SendMessageRequest(message=wrong))
        d.wire_error(answer, -32602, 400, 'INVALID_PARAMS')
    # Field 1 of the request, the tenant, as a number: that is an unknown field too, as is number 1000.
    good = SendMessageRequest(message=d.scripted({'reply': {'text': 'fine'}})).SerializeToString()
    for unknown in [b'\xc0\x3e\x01', b'\x08\x05']:
        answer = await grpc_wire.call(d.channel, 'SendMessage', good + unknown)
        equal(answer.code, CODE.OK, f'status with the unknown field {unknown!r} ({answer.text})')
        equal(answer.messages[0].message.parts[0].text, 'fine', 'text')


@over(*OVER_GRPC)
async def error_unreadable(d: Driver) -> None:
    """bytes that are no protobuf, a method that is none; the connection survives both"""
    good = SendMessageRequest(message=d.message(Part(text='hi'))).SerializeToString()
    for bad in [good[:-1], b'\xff' * 20, b'\x0a\x02\xc3\x28']:
        for rpc in ['SendMessage', 'SendStreamingMessage']:
            answer = await grpc_wire.call(d.channel, rpc, bad)
            # A2A names no code for these; gRPC's own list has INTERNAL for it, the meaning is INVALID_ARGUMENT.
            check(answer.code in {CODE.INVALID_ARGUMENT, CODE.INTERNAL}, f'{rpc} of {bad!r}: {answer.code}')
    answer = await grpc_wire.call(d.channel, 'NoSuchMethod', b'')
    equal(answer.code, CODE.UNIMPLEMENTED, 'status of an unknown method')
    equal((await grpc_wire.call(d.channel, 'SendMessage', good)).code, CODE.OK, 'status of a good call after them')


# What only gRPC has


async def find_task(d: Driver, context_id: str) -> Task:
    """The first task of a context, as soon as there is one."""
    while not (tasks := (await d.list(context_id=context_id)).tasks):  # bounded by the scenario's timeout
        await asyncio.sleep(POLL_INTERVAL)
    return tasks[0]


@over(*OVER_GRPC)
async def grpc_status_details(d: Driver) -> None:
    """a plain gRPC client sees the status, the same in its details, and what is wrong with which field"""
    # The id is likely to come back in the message, where it needs escapes and may take much room in the trailers.
    for missing in [f'nö such täsk 100%\n{uuid.uuid4()}', '👋' * 256]:
        for rpc, request in [
            ('GetTask', GetTaskRequest(id=missing)),
            ('SubscribeToTask', SubscribeToTaskRequest(id=missing)),
        ]:
            d.wire_error(await grpc_wire.call(d.channel, rpc, request), -32001, 404, 'TASK_NOT_FOUND')
    empty = SendMessageRequest(message=d.message())
    for rpc in ['SendMessage', 'SendStreamingMessage']:
        answer = await grpc_wire.call(d.channel, rpc, empty)
        d.wire_error(answer, -32602, 400, 'INVALID_PARAMS')
        violations = [v for bad in answer.details(error_details_pb2.BadRequest) for v in bad.field_violations]
        check(any(v.field.startswith('message') and v.description for v in violations), f'violations: {violations}')


@over(*OVER_GRPC)
async def grpc_metadata(d: Driver) -> None:
    """repeated and binary metadata arrive; names of the call are not case-sensitive"""
    metadata = [
        ('a2a-version', '1.0'),
        ('a2a-extensions', 'urn:example:one'),
        ('a2a-extensions', 'urn:example:two,urn:example:three'),
        ('x-probe', 'a'),
        ('x-probe', 'b'),
        ('x-trace-bin', bytes(range(256))),
        ('authorization', 'Bearer hidden-word'),
    ]
    request = SendMessageRequest(message=d.scripted({'echo': {}}))
    answer = await grpc_wire.call(d.channel, 'SendMessage', request, metadata)
    equal(answer.code, CODE.OK, f'status ({answer.text})')
    seen: Any = MessageToDict(answer.messages[0].message.parts[0].data)
    equal(seen['parameters'].get('x-probe'), 'a, b', 'metadata x-probe')
    equal(seen['parameters'].get('authorization'), '(present)', 'credentials')
    expected = ['urn:example:one', 'urn:example:two', 'urn:example:three']
    equal(seen['requestedExtensions'], expected, 'requested extensions')
    equal((seen['binding'], seen['version']), (d.seen_as, '1.0'), 'binding, version')


@over(*OVER_GRPC)
async def grpc_deadline(d: Driver) -> None:
    """a deadline ends the call, never the task"""
    context_ids = [str(uuid.uuid4()) for _ in range(3)]
    steps = [{'working': {}}, LONGER, {'complete': {}}]
    requests = [SendMessageRequest(message=d.scripted(*steps, context_id=context_id)) for context_id in context_ids]
    unary, streamed, _ = await asyncio.gather(
        grpc_wire.call(d.channel, 'SendMessage', requests[0], timeout=SHORT_DEADLINE),
        grpc_wire.call(d.channel, 'SendStreamingMessage', requests[1], timeout=SHORT_DEADLINE),
        refused(
            drain(d.blocking.send_message(requests[2], context=ClientCallContext(timeout=SHORT_DEADLINE))),
            A2AClientTimeoutError,
        ),
    )
    equal(unary.code, CODE.DEADLINE_EXCEEDED, f'status ({unary.text})')
    equal(streamed.code, CODE.DEADLINE_EXCEEDED, f'status of the stream ({streamed.text})')
    equal([brief(event) for event in streamed.messages], ['task SUBMITTED', 'status WORKING'], 'events until then')
    for context_id in context_ids:
        task = await find_task(d, context_id)
        done = await d.poll(task.id, lambda task: task.status.state in TERMINAL)
        equal(state_name(done.status.state), 'COMPLETED', 'state')


@over(*OVER_GRPC)
async def grpc_cancelled_call(d: Driver) -> None:
    """cancelling a call, blocking or streaming, does not cancel the task"""
    steps = [{'working': {}}, {'delay': {'milliseconds': 500}}, {'complete': {}}]
    for rpc in ['SendMessage', 'SendStreamingMessage']:
        context_id = str(uuid.uuid4())
        request = SendMessageRequest(message=d.scripted(*steps, context_id=context_id))
        calling = asyncio.create_task(grpc_wire.call(d.channel, rpc, request))
        task = await find_task(d, context_id)
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        done = await d.poll(task.id, lambda task: task.status.state in TERMINAL)
        equal(state_name(done.status.state), 'COMPLETED', f'{rpc}: state')


@over(*OVER_GRPC)
async def grpc_oversized(d: Driver) -> None:
    """a message that is too large is refused, and the connection survives"""
    for size, codes in [
        (OVERSIZED, {CODE.RESOURCE_EXHAUSTED}),
        # A server may reset the stream instead; then gRPC makes up the status.
        (FAR_OVERSIZED, {CODE.RESOURCE_EXHAUSTED, CODE.CANCELLED, CODE.INTERNAL}),
    ]:
        part = Part(raw=bytes(size), media_type='application/octet-stream')
        answer = await grpc_wire.call(d.channel, 'SendMessage', SendMessageRequest(message=d.message(part)))
        check(answer.code in codes, f'status of {size >> 20} MiB: {answer.code} {answer.text}')
    answer = await d.send(d.scripted({'reply': {'text': 'still here'}}))
    equal(answer.parts[0].text, 'still here', 'text')


@over(*OVER_GRPC)
async def grpc_compression(d: Driver) -> None:
    """a compressed request is read, or refused in the way that gRPC wants"""
    request = SendMessageRequest(message=d.scripted({'reply': {'text': 'x' * 1000}}))
    answer = await grpc_wire.call(d.channel, 'SendMessage', request, compression=grpc.Compression.Gzip)
    if answer.code == CODE.OK:
        equal(answer.messages[0].message.parts[0].text, 'x' * 1000, 'text')
    else:
        equal(answer.code, CODE.UNIMPLEMENTED, f'status ({answer.text})')


@over(*OVER_GRPC)
async def grpc_health(d: Driver) -> None:
    """the health service says that the agent serves, as a whole and by the name of the service"""
    health = health_pb2_grpc.HealthStub(d.channel)
    for service in ['', grpc_wire.SERVICE.full_name]:
        answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
        equal(answer.status, health_pb2.HealthCheckResponse.SERVING, f'health of "{service}"')
    try:
        await health.Check(health_pb2.HealthCheckRequest(service='no.such.Service'))
    except grpc.aio.AioRpcError as error:
        equal(error.code(), CODE.NOT_FOUND, 'status for an unknown service')
    else:
        check(False, 'an unknown service is healthy')


async def ask(stream: Any, **question: str) -> ServerReflectionResponse:
    await stream.write(ServerReflectionRequest(**question))
    return await stream.read()


@over(*OVER_GRPC)
async def grpc_reflection(d: Driver) -> None:
    """reflection lists the service and has every file that its description needs"""
    # The package has the messages of v1alpha only; in v1 they are the same but for the name.
    for version in ['v1', 'v1alpha']:
        reflect = d.channel.stream_stream(
            f'/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo',
            request_serializer=ServerReflectionRequest.SerializeToString,
            response_deserializer=ServerReflectionResponse.FromString,
        )
        stream = reflect()  # one for all questions, as tools do it
        try:
            listed = await ask(stream, list_services='')
            break
        except grpc.aio.AioRpcError as error:
            equal(error.code(), CODE.UNIMPLEMENTED, f'status of reflection {version}')
    else:
        raise Failed('there is neither v1 nor v1alpha of reflection')
    names = {service.name for service in listed.list_services_response.service}
    check({grpc_wire.SERVICE.full_name, 'grpc.health.v1.Health'} <= names, f'services: {names}')

    files: dict[str, FileDescriptorProto] = {}
    answer = await ask(stream, file_containing_symbol=grpc_wire.SERVICE.full_name)
    wanted: set[str] = set()
    while True:
        for data in answer.file_descriptor_response.file_descriptor_proto:
            file = FileDescriptorProto.FromString(data)
            files[file.name] = file
            wanted |= set(file.dependency)
        missing = wanted - set(files)
        if not missing:
            break
        answer = await ask(stream, file_by_filename=missing.pop())
        check(answer.file_descriptor_response.file_descriptor_proto, f'no file: {answer.error_response}')
    own = next(file for file in files.values() if file.package == grpc_wire.SERVICE.file.package)
    methods = [method.name for service in own.service for method in service.method]
    equal(sorted(methods), sorted(method.name for method in grpc_wire.SERVICE.methods), 'methods')
    unknown = await ask(stream, file_containing_symbol='no.such.Symbol')
    equal(unknown.error_response.error_code, CODE.NOT_FOUND.value[0], 'error for an unknown symbol')
    await stream.done_writing()
    equal(await stream.read(), grpc.aio.EOF, 'the end of the stream')
