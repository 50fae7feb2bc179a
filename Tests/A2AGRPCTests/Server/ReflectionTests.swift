import A2A
import A2AServer
import GRPCCore
import SwiftProtobuf
import Testing

@testable import A2AGRPC

@Suite("Reflection", .timeLimit(.minutes(1)))
struct ReflectionTests {
    private typealias Request = Grpc_Reflection_V1_ServerReflectionRequest
    private typealias Response = Grpc_Reflection_V1_ServerReflectionResponse

    private static func method(_ version: String) -> MethodDescriptor {
        MethodDescriptor("grpc.reflection.\(version).ServerReflection", "ServerReflectionInfo")
    }

    private func ask(
        _ address: String, _ version: String = "v1", _ questions: [Request.OneOf_MessageRequest?]
    ) async throws -> [Response] {
        let messages = try questions.map { question -> [UInt8] in
            var request = Request()
            request.host = "h"
            request.messageRequest = question
            return try request.serializedBytes()
        }
        let answer = try await rawCall(address, Self.method(version), metadata: [:], messages)
        #expect(answer.status?.code == .ok)
        return try answer.messages.indices.map { try answer.message(Response.self, at: $0) }
    }

    @Test("a tool that starts from the list of services finds every file and every type", arguments: ["v1", "v1alpha"])
    func walk(_ version: String) async throws {
        try await withGRPCAgent { address in
            let list = try await self.ask(address, version, [.listServices("*")])
            let services = try #require(list.first).listServicesResponse.service.map(\.name)
            #expect(
                services == [
                    "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                    "grpc.reflection.v1alpha.ServerReflection", "lf.a2a.v1.A2AService",
                ])
            var files: [String: Google_Protobuf_FileDescriptorProto] = [:]
            for answer in try await self.ask(address, version, services.map { .fileContainingSymbol($0) }) {
                for bytes in answer.fileDescriptorResponse.fileDescriptorProto {
                    let file = try Google_Protobuf_FileDescriptorProto(serializedBytes: bytes)
                    files[file.name] = file
                }
            }
            #expect(files["a2a.proto"]?.service.first?.method.count == 11)
            var types: Set<String> = []
            for file in files.values {
                for imported in file.dependency { #expect(files[imported] != nil, "\(file.name) imports \(imported)") }
                func note(_ message: Google_Protobuf_DescriptorProto, _ scope: String) {
                    types.insert("\(scope).\(message.name)")
                    for inner in message.nestedType { note(inner, "\(scope).\(message.name)") }
                    for inner in message.enumType { types.insert("\(scope).\(message.name).\(inner.name)") }
                }
                for message in file.messageType { note(message, ".\(file.package)") }
                for value in file.enumType { types.insert(".\(file.package).\(value.name)") }
            }
            for file in files.values {
                func check(_ message: Google_Protobuf_DescriptorProto) {
                    for field in message.field where !field.typeName.isEmpty {
                        #expect(types.contains(field.typeName), "\(field.typeName)")
                    }
                    for inner in message.nestedType { check(inner) }
                }
                for message in file.messageType { check(message) }
                for method in file.service.flatMap(\.method) {
                    #expect(types.contains(method.inputType))
                    #expect(types.contains(method.outputType))
                }
                // Each can be had by its name too.
                let byName = try await self.ask(address, version, [.fileByFilename(file.name)])
                let first = try #require(byName.first?.fileDescriptorResponse.fileDescriptorProto.first)
                #expect(try Google_Protobuf_FileDescriptorProto(serializedBytes: first) == file)
            }
        }
    }

    @Test(
        "symbols of every kind are found",
        arguments: [
            "lf.a2a.v1.Task", ".lf.a2a.v1.Task", "lf.a2a.v1.A2AService.SendMessage", "lf.a2a.v1.TaskState",
            "lf.a2a.v1.TASK_STATE_WORKING", "lf.a2a.v1.Task.id", "google.protobuf.Struct",
        ])
    func symbols(_ symbol: String) {
        var request = Request()
        request.fileContainingSymbol = symbol
        #expect(Reflection.shared.answer(request).fileDescriptorResponse.fileDescriptorProto.isEmpty == false)
    }

    @Test("questions without an answer are errors of their own, and the next is answered")
    func errors() async throws {
        var wanted = Grpc_Reflection_V1_ExtensionRequest()
        wanted.containingType = "lf.a2a.v1.Task"
        wanted.extensionNumber = 1
        try await withGRPCAgent { [wanted] address in
            let answers = try await self.ask(
                address, "v1",
                [
                    .fileByFilename("nowhere.proto"), .fileContainingSymbol("a.b.C"), .fileContainingExtension(wanted),
                    .allExtensionNumbersOfType("a.b.C"), nil, .allExtensionNumbersOfType("lf.a2a.v1.Task"),
                ])
            #expect(answers.map(\.errorResponse.errorCode) == [5, 5, 5, 5, 3, 0])
            #expect(answers.last?.allExtensionNumbersResponse.baseTypeName == "lf.a2a.v1.Task")
            #expect(answers.first?.validHost == "h")
            #expect(answers.first?.originalRequest.fileByFilename == "nowhere.proto")
        }
    }

    @Test("it can be switched off, and nonsense is refused")
    func off() async throws {
        var configuration = GRPCServerConfiguration.ephemeral
        configuration.reflection = false
        try await withGRPCAgent(configuration: configuration) { address in
            let answer = try await rawCall(address, Self.method("v1"), metadata: [:], [[]])
            #expect(answer.status?.code == .unimplemented)
        }
        try await withGRPCAgent { address in
            let answer = try await rawCall(address, Self.method("v1"), metadata: [:], [[0xFF]])
            #expect(answer.status?.code == .invalidArgument)
        }
    }
}
