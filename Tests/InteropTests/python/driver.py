"""What scenarios work with: clients for one binding, scripted messages, checks, and the list of scenarios."""

from __future__ import annotations

import asyncio
import uuid

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc_wire
import httpx

from a2a.client import ClientCallContext, ClientConfig, ClientFactory
from a2a.types import a2a_pb2
from a2a.types.a2a_pb2 import (
    AgentCard,
    CancelTaskRequest,
    GetTaskRequest,
    ListTasksRequest,
    Message,
    Part,
    Role,
    SendMessageConfiguration,
    SendMessageRequest,
    StreamResponse,
    SubscribeToTaskRequest,
    Task,
    TaskState,
)
from google.protobuf.json_format import ParseDict
from script_profile import MEDIA_TYPE


POLL_INTERVAL = 0.02  # seconds
OVER_HTTP = ('JSONRPC', 'HTTP+JSON')
OVER_GRPC = ('GRPC',)
TERMINAL = {
    TaskState.TASK_STATE_COMPLETED,
    TaskState.TASK_STATE_FAILED,
    TaskState.TASK_STATE_CANCELED,
    TaskState.TASK_STATE_REJECTED,
}
ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo'


class Failed(Exception):
    """A scenario that did not go as it should."""


def check(condition: Any, problem: str) -> None:
    if not condition:
        raise Failed(problem)


def equal(actual: Any, expected: Any, what: str) -> None:
    check(actual == expected, f'{what}: expected {expected!r}, got {actual!r}')


def state_name(state: int) -> str:
    return TaskState.Name(state).removeprefix('TASK_STATE_')


def text_of(parts: Any) -> str:
    return ''.join(part.text for part in parts)


def brief(event: StreamResponse) -> str:
    """One word or two for an event, so that whole streams can be compared."""
    match event.WhichOneof('payload'):
        case 'task':
            return f'task {state_name(event.task.status.state)}'
        case 'message':
            return f'message {text_of(event.message.parts)}'
        case 'status_update':
            return f'status {state_name(event.status_update.status.state)}'
        case 'artifact_update':
            update = event.artifact_update
            flags = f'{" append" if update.append else ""}{" last" if update.last_chunk else ""}'
            return f'artifact {update.artifact.artifact_id}:{text_of(update.artifact.parts)}{flags}'
    return 'nothing'


class Driver:
    """The agent's card, clients for one binding, and the calls that scenarios need."""

    def __init__(
        self, url: str, binding: str, http: httpx.AsyncClient, card: AgentCard, seen_as: str | None = None
    ):
        self.url = url
        self.binding = binding
        # What the agent takes the binding for: behind a gateway it is the gateway's.
        self.seen_as = seen_as or binding
        self.http = http
        self.card = card
        self.interface = next((i for i in card.supported_interfaces if i.protocol_binding == binding), None)
        check(self.interface, f'the card has no interface for {binding}')

        self.channel: grpc.aio.Channel | None = None
        if binding == 'GRPC':
            self.channel = grpc.aio.insecure_channel(self.interface.url, grpc_wire.CHANNEL_OPTIONS)

        def client(streaming: bool) -> Any:
            config = ClientConfig(
                streaming=streaming,
                httpx_client=http,
                grpc_channel_factory=lambda _: self.channel,
                supported_protocol_bindings=[binding],
                use_client_preference=True,
            )
            return ClientFactory(config).create(card)

        self.blocking = client(streaming=False)
        self.streaming = client(streaming=True)

    async def close(self) -> None:
        if self.channel:
            await self.channel.close()

    # Messages

    def message(self, *parts: Part, task: Task | None = None, context_id: str = '') -> Message:
        return Message(
            message_id=str(uuid.uuid4()),
            role=Role.ROLE_USER,
            parts=list(parts),
            task_id=task.id if task else '',
            context_id=task.context_id if task else context_id,
        )

    def scripted(self, *steps: dict[str, Any], task: Task | None = None, context_id: str = '') -> Message:
        part = ParseDict({'data': {'script': list(steps)}, 'mediaType': MEDIA_TYPE}, Part())
        return self.message(part, task=task, context_id=context_id)

    # Calls

    async def send(
        self, message: Message, context: ClientCallContext | None = None, **configuration: Any
    ) -> Task | Message:
        request = SendMessageRequest(message=message, configuration=SendMessageConfiguration(**configuration))
        events = [event async for event in self.blocking.send_message(request, context=context)]
        equal(len(events), 1, 'answers to SendMessage')
        kind = events[0].WhichOneof('payload')
        check(kind in {'task', 'message'}, f'SendMessage answered with {kind}')
        return getattr(events[0], kind)

    async def task(self, message: Message, **configuration: Any) -> Task:
        answer = await self.send(message, **configuration)
        check(isinstance(answer, Task), 'expected a task, got a message')
        return answer

    async def play(self, *steps: dict[str, Any], **configuration: Any) -> Task:
        return await self.task(self.scripted(*steps), **configuration)

    def stream(self, message: Message) -> AsyncIterator[StreamResponse]:
        return self.streaming.send_message(SendMessageRequest(message=message))

    def subscribe(self, task_id: str) -> AsyncIterator[StreamResponse]:
        return self.streaming.subscribe(SubscribeToTaskRequest(id=task_id))

    async def get(self, task_id: str, **arguments: Any) -> Task:
        return await self.blocking.get_task(GetTaskRequest(id=task_id, **arguments))

    async def list(self, **arguments: Any) -> Any:
        return await self.blocking.list_tasks(ListTasksRequest(**arguments))

    async def cancel(self, task_id: str) -> Task:
        return await self.blocking.cancel_task(CancelTaskRequest(id=task_id))

    async def poll(self, task_id: str, until: Callable[[Task], bool]) -> Task:
        while True:  # bounded by the scenario's timeout
            task = await self.get(task_id)
            if until(task):
                return task
            await asyncio.sleep(POLL_INTERVAL)

    # The wire, beside the client

    async def raw(
        self, method: str, path: str, rpc: tuple[str, Any], headers: dict[str, str | None] | None = None
    ) -> Any:
        """One request of any binding: REST `method path`, or the name of the method and its parameters.

        A header that is None is left out. The answer is one of httpx, or over gRPC a `GrpcAnswer`.
        """
        wanted = {'A2A-Version': '1.0', **(headers or {})}
        sent = {name: value for name, value in wanted.items() if value is not None}
        name, params = rpc
        if self.channel:
            request = ParseDict(params, getattr(a2a_pb2, f'{name}Request')())
            metadata = [(name.lower(), value) for name, value in sent.items()]
            return await grpc_wire.call(self.channel, name, request, metadata)
        if self.binding == 'JSONRPC':
            body = {'jsonrpc': '2.0', 'id': 1, 'method': name, 'params': params}
            return await self.http.post(self.interface.url, json=body, headers=sent)
        base = self.interface.url.removesuffix('/')
        return await self.http.request(method, f'{base}{path}', json=params if method == 'POST' else None, headers=sent)

    async def result(self, *arguments: Any, **options: Any) -> Any:
        response = await self.raw(*arguments, **options)
        equal(response.status_code, 200, f'HTTP status ({response.text[:200]})')
        body = response.json()
        return body['result'] if self.binding == 'JSONRPC' else body

    def failed(self, response: Any) -> bool:
        """Whether an answer of `raw` is an error."""
        return response.code != grpc.StatusCode.OK if self.channel else 'error' in response.json()

    def wire_error(self, response: Any, code: int, status: int, reason: str) -> None:
        """Compares an error with its row of the specification's table (§5.4, §9.5, §10.6, §11.6)."""
        if self.channel:
            return self.grpc_error(response, code, reason)
        body = response.json()
        check(isinstance(body.get('error'), dict), f'no error in {body}')
        error = body['error']
        if self.binding == 'JSONRPC':
            equal(response.status_code, 200, 'HTTP status of a JSON-RPC error')
            equal(error.get('code'), code, 'JSON-RPC code')
            details = error.get('data')
        else:
            equal(response.status_code, status, 'HTTP status')
            equal(error.get('code'), status, 'code in the body')
            details = error.get('details')
        check(error.get('message'), 'the error has no message')
        if is_of_a2a(code):
            check(isinstance(details, list), f'the details are no array: {details!r}')
            infos = [detail for detail in details if detail.get('@type') == ERROR_INFO]
            equal(len(infos), 1, 'ErrorInfo details')
            equal(infos[0].get('reason'), reason, 'reason')
            equal(infos[0].get('domain'), 'a2a-protocol.org', 'domain')
        return None

    def grpc_error(self, answer: grpc_wire.GrpcAnswer, code: int, reason: str) -> None:
        equal(answer.code, grpc_wire.STATUS_CODES[code], f'status code ({answer.text})')
        check(answer.text, 'the status has no message')
        equal(answer.messages, [], 'messages before the error')
        check(answer.status, f'no {grpc_wire.STATUS_DETAILS} in the trailers: {answer.trailers}')
        equal(answer.status.code, answer.code.value[0], 'code in the details')
        equal(answer.status.message, answer.text, 'message in the details')
        if is_of_a2a(code):
            infos = [(info.reason, info.domain) for info in answer.error_infos]
            equal(infos, [(reason, 'a2a-protocol.org')], 'ErrorInfo details')


def is_of_a2a(code: int) -> bool:
    """Whether a code of JSON-RPC stands for an error that A2A defines, which needs an ErrorInfo."""
    return -32099 <= code <= -32001


async def refused(call: Awaitable[Any], *kinds: type[Exception]) -> Exception:
    try:
        answer = await call
    except kinds as error:
        return error
    except Exception as error:
        raise Failed(f'expected {kinds[0].__name__}, got {type(error).__name__}: {error}') from error
    raise Failed(f'expected {kinds[0].__name__}, got an answer: {str(answer)[:200]}')


async def drain(stream: AsyncIterator[StreamResponse]) -> list[StreamResponse]:
    return [event async for event in stream]


def find_artifact(task: Task, artifact_id: str) -> Any:
    found = [artifact for artifact in task.artifacts if artifact.artifact_id == artifact_id]
    equal(len(found), 1, f'artifacts with id {artifact_id}')
    return found[0]


# Scenarios: one function each, in the order in which they run. The doc comment is the detail of a success.

Scenario = Callable[[Driver], Awaitable[None]]
SCENARIOS: list[tuple[str, tuple[str, ...], Scenario]] = []


def over(*bindings: str) -> Callable[[Scenario], Scenario]:
    """A scenario for some bindings; one of the same name may do for the others."""

    def add(function: Scenario) -> Scenario:
        SCENARIOS.append((function.__name__.replace('_', '-'), bindings, function))
        return function

    return add


scenario = over(*OVER_HTTP, *OVER_GRPC)


def scenarios_of(binding: str) -> dict[str, Scenario]:
    return {name: function for name, bindings, function in SCENARIOS if binding in bindings}
