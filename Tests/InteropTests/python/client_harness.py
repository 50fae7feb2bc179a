"""Has the client of the official Python SDK do what `a2a-conformance client` asks for (conformance/client-harness.md).

Commands come in on standard input, one JSON object a line; answers go out on standard output. It ends when its input ends.
Nothing here helps the client: requests go in as they come, answers go out as the SDK gives them.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import ssl
import sys

from contextlib import AsyncExitStack
from typing import Any

import grpc
import httpx

from a2a.client import A2ACardResolver, ClientCallContext, ClientConfig, ClientFactory
from a2a.client.auth import AuthInterceptor, CredentialService
from a2a.client.errors import A2AClientTimeoutError
from a2a.client.service_parameters import ServiceParametersFactory, with_a2a_extensions
from a2a.types import a2a_pb2
from a2a.utils.errors import A2AError
from google.protobuf.json_format import MessageToDict, ParseDict


BINDINGS = ['JSONRPC', 'HTTP+JSON', 'GRPC']
# Operation: the method of the client and the type of its request.
CALLS = {
    'get_task': ('get_task', a2a_pb2.GetTaskRequest),
    'list_tasks': ('list_tasks', a2a_pb2.ListTasksRequest),
    'cancel_task': ('cancel_task', a2a_pb2.CancelTaskRequest),
    'create_push_config': ('create_task_push_notification_config', a2a_pb2.TaskPushNotificationConfig),
    'get_push_config': ('get_task_push_notification_config', a2a_pb2.GetTaskPushNotificationConfigRequest),
    'list_push_configs': ('list_task_push_notification_configs', a2a_pb2.ListTaskPushNotificationConfigsRequest),
    'delete_push_config': ('delete_task_push_notification_config', a2a_pb2.DeleteTaskPushNotificationConfigRequest),
    'get_extended_agent_card': ('get_extended_agent_card', a2a_pb2.GetExtendedAgentCardRequest),
}
OPERATIONS = ['get_agent_card', 'send_message', 'send_streaming_message', 'subscribe_to_task', *CALLS]


class Secrets(CredentialService):
    """The secrets of a command, by the names of the card's schemes."""

    def __init__(self, secrets: dict[str, str]) -> None:
        self._secrets = secrets

    async def get_credentials(self, security_scheme_name: str, context: ClientCallContext | None) -> str | None:
        return self._secrets.get(security_scheme_name)


class Session:
    """One command: an HTTP client and a client of the agent."""

    def __init__(self, command: dict[str, Any], stack: AsyncExitStack) -> None:
        self.command = command
        self.stack = stack
        self.trust: str | None = command.get('trust')
        verify = ssl.create_default_context(cadata=self.trust) if self.trust else True
        self.http = httpx.AsyncClient(verify=verify, timeout=command['timeout_ms'] / 1000, trust_env=False)
        stack.push_async_callback(self.http.aclose)
        self.events: list[dict[str, Any]] = []

    def channel(self, url: str) -> grpc.aio.Channel:
        target = url.removeprefix('https://')
        if target != url:
            roots = self.trust.encode() if self.trust else None
            channel = grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(roots))
        else:
            channel = grpc.aio.insecure_channel(target)
        self.stack.push_async_callback(channel.close)
        return channel

    async def client(self, *, streaming: bool) -> Any:
        config = ClientConfig(
            streaming=streaming,
            httpx_client=self.http,
            grpc_channel_factory=self.channel,
            supported_protocol_bindings=BINDINGS,
        )
        card = await A2ACardResolver(self.http, self.command['card']).get_agent_card()
        secrets = self.command.get('credentials') or {}
        return ClientFactory(config).create(card, [AuthInterceptor(Secrets(secrets))] if secrets else None)

    def request(self, kind: Any) -> Any:
        return ParseDict(self.command.get('request') or {}, kind(), ignore_unknown_fields=True)

    @property
    def context(self) -> ClientCallContext:
        extensions = self.command.get('extensions') or []
        parameters = ServiceParametersFactory.create([with_a2a_extensions(extensions)]) if extensions else None
        return ClientCallContext(timeout=self.command['timeout_ms'] / 1000, service_parameters=parameters)

    async def collect(self, stream: Any) -> dict[str, Any]:
        async for event in stream:
            self.events.append(MessageToDict(event))
            if len(self.events) == self.command.get('max_events'):
                break
        return {'events': self.events}

    async def run(self) -> dict[str, Any]:
        operation = self.command['operation']
        if operation == 'get_agent_card':
            return {'result': MessageToDict(await A2ACardResolver(self.http, self.command['card']).get_agent_card())}
        client = await self.client(streaming=operation != 'send_message')
        if operation == 'send_message':
            stream = client.send_message(self.request(a2a_pb2.SendMessageRequest), context=self.context)
            return {'result': [MessageToDict(event) async for event in stream][-1]}
        if operation == 'send_streaming_message':
            return await self.collect(
                client.send_message(self.request(a2a_pb2.SendMessageRequest), context=self.context)
            )
        if operation == 'subscribe_to_task':
            return await self.collect(
                client.subscribe(self.request(a2a_pb2.SubscribeToTaskRequest), context=self.context)
            )
        method, kind = CALLS[operation]
        answer = await getattr(client, method)(self.request(kind), context=self.context)
        return {'result': {} if answer is None else MessageToDict(answer)}


def failure(error: BaseException) -> dict[str, Any]:
    report: dict[str, Any] = {'message': str(error) or type(error).__name__}
    if isinstance(error, TimeoutError | A2AClientTimeoutError):
        report['kind'] = 'timeout'
    elif isinstance(error, A2AError):
        report['error'] = type(error).__name__
    else:
        report['exception'] = type(error).__name__
    return report


async def perform(command: dict[str, Any]) -> dict[str, Any]:
    is_stream = command['operation'] in {'send_streaming_message', 'subscribe_to_task'}
    session = None
    try:
        async with AsyncExitStack() as stack:
            session = Session(command, stack)
            return await asyncio.wait_for(session.run(), command['timeout_ms'] / 1000 + 0.5)
    except Exception as error:  # noqa: BLE001 - whatever the client does, the runner is to hear of it
        if is_stream and session and session.events:
            return {'events': session.events, 'error': failure(error)}
        return {'error': failure(error)}


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + '\n')
    sys.stdout.flush()


def main() -> None:
    say(
        {
            'a2a-client-harness': 1,
            'name': 'a2a-sdk (Python)',
            'version': importlib.metadata.version('a2a-sdk'),
            'bindings': BINDINGS,
            'operations': OPERATIONS,
            'features': [],
        }
    )
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            command = json.loads(line)
            say({'id': command['id'], **runner.run(perform(command))})


if __name__ == '__main__':
    main()
