"""gRPC calls beside the SDK's client, and what their answers look like on the wire (§10 of the specification)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import grpc

from a2a.types import a2a_pb2
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.unknown_fields import UnknownFieldSet
from google.rpc import error_details_pb2, status_pb2


SERVICE = a2a_pb2.DESCRIPTOR.services_by_name['A2AService']
STATUS_DETAILS = 'grpc-status-details-bin'
# The calls stay on this machine, so no proxy of the environment takes part.
CHANNEL_OPTIONS = [('grpc.enable_http_proxy', 0)]

# §5.4, and for invalid parameters the example of §10.6. The keys are the codes of JSON-RPC, which name an error best.
STATUS_CODES = {
    -32001: grpc.StatusCode.NOT_FOUND,
    -32002: grpc.StatusCode.FAILED_PRECONDITION,
    -32003: grpc.StatusCode.FAILED_PRECONDITION,
    -32004: grpc.StatusCode.FAILED_PRECONDITION,
    -32005: grpc.StatusCode.INVALID_ARGUMENT,
    -32006: grpc.StatusCode.INTERNAL,
    -32007: grpc.StatusCode.FAILED_PRECONDITION,
    -32008: grpc.StatusCode.FAILED_PRECONDITION,
    -32009: grpc.StatusCode.FAILED_PRECONDITION,
    -32602: grpc.StatusCode.INVALID_ARGUMENT,
}

Metadata = Iterable[tuple[str, str | bytes]]


class GrpcAnswer(NamedTuple):
    """How a call ended. `messages` came before that: one for a good unary call, none for one that failed."""

    code: grpc.StatusCode
    text: str
    messages: list[Any]
    trailers: dict[str, str | bytes]

    @property
    def status(self) -> status_pb2.Status | None:
        """The status with its details, if the trailers have one."""
        data = self.trailers.get(STATUS_DETAILS)
        return status_pb2.Status.FromString(data) if isinstance(data, bytes) else None

    def details(self, kind: type[Message]) -> list[Any]:
        """The details of one kind, unpacked."""
        found = []
        for detail in self.status.details if self.status else []:
            if detail.Is(kind.DESCRIPTOR):
                found.append(kind())
                detail.Unpack(found[-1])
        return found

    @property
    def error_infos(self) -> list[error_details_pb2.ErrorInfo]:
        return self.details(error_details_pb2.ErrorInfo)


async def call(
    channel: grpc.aio.Channel,
    rpc: str,
    request: Message | bytes,
    metadata: Metadata = (('a2a-version', '1.0'),),
    **options: Any,
) -> GrpcAnswer:
    """One call of the A2A service. The request may be any bytes; `options` are those of grpc.aio, such as `timeout`."""
    method = SERVICE.methods_by_name.get(rpc)
    path = f'/{SERVICE.full_name}/{rpc}'
    data = request if isinstance(request, bytes) else request.SerializeToString()
    read = GetMessageClass(method.output_type).FromString if method else None
    messages: list[Any] = []
    metadata = tuple(metadata)
    try:
        if method and method.server_streaming:
            stream = channel.unary_stream(path, response_deserializer=read)(data, metadata=metadata, **options)
            async for message in stream:
                messages.append(message)
        else:
            unary = channel.unary_unary(path, response_deserializer=read)
            messages.append(await unary(data, metadata=metadata, **options))
    except grpc.aio.AioRpcError as error:
        return GrpcAnswer(error.code(), error.details() or '', messages, dict(error.trailing_metadata() or ()))
    return GrpcAnswer(grpc.StatusCode.OK, '', messages, {})


def unknown_fields(message: Message) -> list[str]:
    """Fields that the proto does not have, anywhere in a message."""
    found = [f'{message.DESCRIPTOR.full_name}: {field.field_number}' for field in UnknownFieldSet(message)]
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None or descriptor.message_type.GetOptions().map_entry:
            continue
        for inner in value if descriptor.is_repeated else [value]:
            found += unknown_fields(inner)
    return found
