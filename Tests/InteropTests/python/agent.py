"""An agent on the official Python SDK that offers the scripted agent profile (conformance/profile.md).

Card, JSON-RPC (at /) and HTTP+JSON (at /v1) on one port, gRPC (with health and reflection) on another; the same tasks
are behind all of them. Prints `READY http://127.0.0.1:PORT` when it answers; SIGTERM stops it. A message without a
script is echoed as a direct message.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import logging
import socket

from collections import OrderedDict
from collections.abc import AsyncIterator

import grpc
import httpx
import script_profile as profile
import uvicorn

from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.context import ServerCallContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import (
    DefaultGrpcServerCallContextBuilder,
    DefaultRequestHandler,
    GrpcHandler,
)
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes, create_rest_routes
from a2a.server.tasks import (
    BasePushNotificationSender,
    InMemoryPushNotificationConfigStore,
    InMemoryTaskStore,
    TaskUpdater,
)
from a2a.types.a2a_pb2 import (
    DESCRIPTOR,
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    Artifact,
    Message,
    Part,
    Role,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatus,
)
from a2a.types.a2a_pb2_grpc import add_A2AServiceServicer_to_server
from google.protobuf.json_format import MessageToDict, ParseDict
from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server
from grpc_reflection.v1alpha import reflection
from starlette.applications import Starlette


A2A_SERVICE = DESCRIPTOR.services_by_name['A2AService'].full_name
HOST = '127.0.0.1'
GRACE_SECONDS = 1  # for calls that are under way when the agent stops
MAX_PAUSED_TASKS = 10_000
SECRET_NAMES = ('token', 'key', 'secret')
SECRET_HEADERS = {'authorization', 'proxy-authorization', 'cookie'}

STATES = {
    'working': TaskState.TASK_STATE_WORKING,
    'requireInput': TaskState.TASK_STATE_INPUT_REQUIRED,
    'requireAuth': TaskState.TASK_STATE_AUTH_REQUIRED,
    'complete': TaskState.TASK_STATE_COMPLETED,
    'fail': TaskState.TASK_STATE_FAILED,
    'reject': TaskState.TASK_STATE_REJECTED,
}


class ScriptedFailure(Exception):
    """What a `throw` step raises."""


class Play:
    """One activation: plays steps for one message, and creates the task when a step needs it."""

    def __init__(self, context: RequestContext, queue: EventQueue):
        self.context = context
        self.queue = queue
        self.updater = TaskUpdater(queue, context.task_id, context.context_id)
        self.has_task = context.current_task is not None

    async def run(self, steps: list[profile.Step]) -> list[profile.Step] | None:
        """Plays the steps; returns those that are left behind a pause, or None if the script ended."""
        for index, step in enumerate(steps):
            match step.name:
                case 'delay':
                    await asyncio.sleep(step.arguments['milliseconds'] / 1000)
                case 'throw':
                    raise ScriptedFailure(step.arguments.get('message', 'scripted failure'))
                case 'reply':
                    return await self.reply(step)
                case 'artifact':
                    await self.artifact(step)
                case 'echo' if self.has_task:
                    await self.send_artifact(Artifact(artifact_id='echo', name='echo', parts=[self.echo()]))
                case 'echo':
                    return await self.send_message([self.echo()])
                case 'waitForMessage':
                    await self.ensure_task()
                case _:
                    await self.status(STATES[step.name], step.parts)
                    if step.name in {'complete', 'fail', 'reject'}:
                        return None
            if step.name in profile.PAUSES:
                return steps[index + 1 :]
        if self.has_task:
            return await self.status(STATES['complete'], [])
        return await self.send_message([Part(text='done')])

    async def ensure_task(self) -> None:
        if not self.has_task:
            self.has_task = True
            await self.queue.enqueue_event(
                Task(
                    id=self.context.task_id,
                    context_id=self.context.context_id,
                    status=TaskStatus(state=TaskState.TASK_STATE_SUBMITTED),
                    history=[self.context.message],
                )
            )

    async def status(self, state: TaskState, parts: list[Part]) -> None:
        await self.ensure_task()
        await self.updater.update_status(state, self.updater.new_agent_message(parts) if parts else None)

    async def reply(self, step: profile.Step) -> None:
        if self.has_task:
            problem = f'script step {step.number}: "reply" needs a call without a task'
            return await self.status(STATES['reject'], [Part(text=problem)])
        return await self.send_message(step.parts)

    async def send_message(self, parts: list[Part]) -> None:
        await self.queue.enqueue_event(
            Message(
                message_id=self.updater.new_agent_message([]).message_id,
                context_id=self.context.context_id,
                role=Role.ROLE_AGENT,
                parts=parts,
            )
        )

    async def artifact(self, step: profile.Step) -> None:
        values = step.arguments
        artifact = Artifact(
            artifact_id=values.get('id', 'artifact'),
            name=values.get('name'),
            description=values.get('description'),
            parts=step.parts,
            metadata=values.get('metadata'),
        )
        await self.ensure_task()
        await self.send_artifact(artifact, values.get('append', False), values.get('lastChunk', False))

    async def send_artifact(self, artifact: Artifact, append: bool = False, last_chunk: bool = False) -> None:
        # TaskUpdater.add_artifact has no way to set a description.
        await self.queue.enqueue_event(
            TaskArtifactUpdateEvent(
                task_id=self.context.task_id,
                context_id=self.context.context_id,
                artifact=artifact,
                append=append,
                last_chunk=last_chunk,
            )
        )

    def echo(self) -> Part:
        call = self.context.call_context
        headers = {
            name: '(present)' if name in SECRET_HEADERS or any(word in name for word in SECRET_NAMES) else value
            for name, value in call.state.get('headers', {}).items()
        }
        # The SDK keeps the requested extensions as a set; the header has their order.
        requested = [uri.strip() for uri in headers.get('a2a-extensions', '').split(',') if uri.strip()]
        data = {
            'parameters': headers,
            'requestedExtensions': list(dict.fromkeys(requested)),
            'activatedExtensions': [],
            'tenant': call.tenant,
            'principal': call.user.user_name if call.user.is_authenticated else '',
            'version': '.'.join(headers.get('a2a-version', '0.3').split('.')[:2]),
            'binding': find_binding(call),
            'taskId': self.context.task_id if self.has_task else '',
            'contextId': self.context.context_id,
            'message': MessageToDict(self.context.message),
        }
        return ParseDict({'data': data, 'mediaType': 'application/json'}, Part())


def find_binding(call: ServerCallContext) -> str:
    """The SDK does not name the binding of a call, but leaves traces of it."""
    if 'grpc_context' in call.state:
        return 'GRPC'
    return 'JSONRPC' if 'method' in call.state else 'HTTP+JSON'


class GrpcCallContextBuilder(DefaultGrpcServerCallContextBuilder):
    """Keeps the metadata of a call where the SDK keeps the header fields of the other bindings."""

    def build(self, context: grpc.aio.ServicerContext) -> ServerCallContext:
        call = super().build(context)
        headers: dict[str, str] = {}
        for name, value in context.invocation_metadata() or ():
            text = value if isinstance(value, str) else base64.b64encode(value).decode()
            headers[name] = f'{headers[name]}, {text}' if name in headers else text
        call.state['headers'] = headers
        return call


class ScriptedAgent(AgentExecutor):
    """Plays scripts; echoes what is none."""

    def __init__(self) -> None:
        # What is left of the script of each paused task. Bounded: the oldest is forgotten first.
        self.paused: OrderedDict[str, list[profile.Step]] = OrderedDict()

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        play = Play(context, event_queue)
        left = self.paused.pop(context.task_id, None)
        try:
            steps = profile.find_steps(context.message)
        except profile.ScriptError as error:
            await play.status(STATES['reject'], [Part(text=str(error))])
            return
        if steps is None:
            steps = left
        if steps is not None:
            remainder = await play.run(steps)
            if remainder is not None:
                self.paused[context.task_id] = remainder
                if len(self.paused) > MAX_PAUSED_TASKS:
                    self.paused.popitem(last=False)
        elif play.has_task:
            # Only scripts make tasks here, so this one's position was forgotten.
            await play.status(STATES['fail'], [Part(text='script position lost')])
        else:
            await play.send_message(list(context.message.parts))

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        self.paused.pop(context.task_id, None)
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


def make_card(url: str, grpc_address: str, push: bool) -> AgentCard:
    return AgentCard(
        name='Python SDK agent',
        description='An agent on the official Python SDK that plays scripts and echoes everything else.',
        version='1.0.0',
        supported_interfaces=[
            AgentInterface(url=f'{url}/', protocol_binding='JSONRPC', protocol_version='1.0'),
            AgentInterface(url=f'{url}/v1', protocol_binding='HTTP+JSON', protocol_version='1.0'),
            AgentInterface(url=grpc_address, protocol_binding='GRPC', protocol_version='1.0'),
        ],
        capabilities=AgentCapabilities(streaming=True, push_notifications=push, extended_agent_card=False),
        default_input_modes=['text/plain', 'application/json'],
        default_output_modes=['text/plain', 'application/json', 'application/octet-stream'],
        skills=[
            AgentSkill(
                id='echo', name='Echo', description='Sends the parts of a message back.', tags=['echo'], examples=['Hi']
            ),
            AgentSkill(
                id='a2a-conformance',
                name='Scripted behaviour',
                description='Plays scripts of the scripted agent profile and the ACTS behaviours.',
                tags=['script', 'acts'],
                input_modes=[profile.MEDIA_TYPE, 'text/plain'],
                output_modes=['text/plain', 'application/json', 'application/octet-stream'],
            ),
        ],
    )


def make_app(card: AgentCard, handler: DefaultRequestHandler, grpc_server: grpc.aio.Server) -> Starlette:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await grpc_server.start()
        yield
        await grpc_server.stop(GRACE_SECONDS)
        await handler.aclose()

    return Starlette(
        routes=[
            *create_agent_card_routes(card, cache_control='public, max-age=60'),
            *create_jsonrpc_routes(handler, rpc_url='/'),
            *create_rest_routes(handler, path_prefix='/v1'),
        ],
        lifespan=lifespan,
    )


class Server(uvicorn.Server):
    """A server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, url: str):
        super().__init__(config)
        self.url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f'READY {self.url}', flush=True)


async def serve(options: argparse.Namespace) -> None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, options.port))
    url = f'http://{HOST}:{listener.getsockname()[1]}'
    # Without SO_REUSEPORT, a port that is taken is an error.
    grpc_server = grpc.aio.server(options=[('grpc.so_reuseport', 0)])
    grpc_port = grpc_server.add_insecure_port(f'{HOST}:{options.grpc_port}')

    card = make_card(url, f'{HOST}:{grpc_port}', options.push)
    # The SDK screens no webhook URLs unless it is told to; here they are on this machine.
    configs = InMemoryPushNotificationConfigStore() if options.push else None
    sender = BasePushNotificationSender(httpx.AsyncClient(), configs) if options.push else None
    handler = DefaultRequestHandler(
        agent_executor=ScriptedAgent(),
        task_store=InMemoryTaskStore(),
        agent_card=card,
        validate_input_modes=True,
        push_config_store=configs,
        push_sender=sender,
    )
    add_A2AServiceServicer_to_server(GrpcHandler(handler, GrpcCallContextBuilder()), grpc_server)
    servicer = health.aio.HealthServicer()
    for name in ['', A2A_SERVICE]:
        await servicer.set(name, HealthCheckResponse.SERVING)
    add_HealthServicer_to_server(servicer, grpc_server)
    reflection.enable_server_reflection([A2A_SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME], grpc_server)
    config = uvicorn.Config(
        make_app(card, handler, grpc_server),
        log_level=options.log_level,
        timeout_graceful_shutdown=GRACE_SECONDS,
        access_log=False,
    )
    await Server(config, url).serve([listener])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--port', type=int, default=0, help='TCP port; 0, the default, lets the system choose')
    parser.add_argument('--grpc-port', type=int, default=0, help='TCP port of gRPC; 0, the default, likewise')
    parser.add_argument('--push', action='store_true', help='offer push notifications')
    parser.add_argument('--log-level', default='error', choices=['debug', 'info', 'warning', 'error', 'critical'])
    options = parser.parse_args()
    logging.basicConfig(level=options.log_level.upper())
    if options.log_level == 'error':
        # Failures are part of the scripts, and abandoned streams part of the scenarios: no stack traces of those.
        for name in ['a2a', 'asyncio', 'grpc', 'opentelemetry']:
            logging.getLogger(name).setLevel(logging.CRITICAL)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options))


if __name__ == '__main__':
    main()
