import GRPCCore
import SwiftProtobuf

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Tells tools what a server serves (`grpc.reflection.v1` and `v1alpha`, which differ in their names only).
struct Reflection: Sendable {
    /// The descriptions that this module carries. Read at the first question.
    static let shared = Reflection(Data(base64Encoded: grpcDescriptorSetBase64) ?? Data())

    /// `v1alpha` has the same messages, so nothing is generated for it.
    static let methods = [
        Grpc_Reflection_V1_ServerReflection.Method.ServerReflectionInfo.descriptor,
        MethodDescriptor(
            service: ServiceDescriptor(fullyQualifiedService: "grpc.reflection.v1alpha.ServerReflection"),
            method: Grpc_Reflection_V1_ServerReflection.Method.ServerReflectionInfo.descriptor.method,
            type: .bidirectionalStreaming),
    ]

    private struct File: Sendable {
        var bytes: Data
        var imports: [String]
    }

    private var files: [String: File] = [:]
    private var fileOfSymbol: [String: String] = [:]
    private var messages: Set<String> = []
    private var services: [String] = []

    init(_ descriptorSet: Data) {
        guard let set = try? Google_Protobuf_FileDescriptorSet(serializedBytes: descriptorSet) else { return }
        for file in set.file {
            guard let bytes: Data = try? file.serializedBytes() else { continue }
            self.files[file.name] = File(bytes: bytes, imports: file.dependency)
            let package = file.package
            for message in file.messageType { self.add(message, in: package, of: file.name) }
            for value in file.enumType { self.add(value, in: package, of: file.name) }
            for service in file.service {
                let name = Self.join(package, service.name)
                self.services.append(name)
                self.fileOfSymbol[name] = file.name
                for method in service.method { self.fileOfSymbol[Self.join(name, method.name)] = file.name }
            }
        }
        self.services.sort()
    }

    private mutating func add(_ message: Google_Protobuf_DescriptorProto, in scope: String, of file: String) {
        let name = Self.join(scope, message.name)
        self.fileOfSymbol[name] = file
        self.messages.insert(name)
        for field in message.field { self.fileOfSymbol[Self.join(name, field.name)] = file }
        for oneof in message.oneofDecl { self.fileOfSymbol[Self.join(name, oneof.name)] = file }
        for inner in message.nestedType { self.add(inner, in: name, of: file) }
        for inner in message.enumType { self.add(inner, in: name, of: file) }
    }

    /// The values of an enum are named beside it, not in it.
    private mutating func add(_ value: Google_Protobuf_EnumDescriptorProto, in scope: String, of file: String) {
        self.fileOfSymbol[Self.join(scope, value.name)] = file
        for value in value.value { self.fileOfSymbol[Self.join(scope, value.name)] = file }
    }

    private static func join(_ scope: String, _ name: String) -> String { scope.isEmpty ? name : "\(scope).\(name)" }

    // MARK: Answers

    func answer(_ request: Grpc_Reflection_V1_ServerReflectionRequest) -> Grpc_Reflection_V1_ServerReflectionResponse {
        var response = Grpc_Reflection_V1_ServerReflectionResponse()
        response.validHost = request.host
        response.originalRequest = request
        switch request.messageRequest {
        case .listServices:
            response.listServicesResponse.service = self.services.map { name in
                var service = Grpc_Reflection_V1_ServiceResponse()
                service.name = name
                return service
            }
        case .fileByFilename(let name):
            response.messageResponse = self.file(name) ?? Self.notFound("a file '\(name.prefix(200))'")
        case .fileContainingSymbol(let symbol):
            let name = symbol.hasPrefix(".") ? String(symbol.dropFirst()) : symbol
            response.messageResponse =
                self.fileOfSymbol[name].flatMap(self.file) ?? Self.notFound("a symbol '\(symbol.prefix(200))'")
        case .fileContainingExtension(let wanted):
            response.messageResponse = Self.notFound("an extension of '\(wanted.containingType.prefix(200))'")
        case .allExtensionNumbersOfType(let type):
            if self.messages.contains(type) {
                response.allExtensionNumbersResponse.baseTypeName = type
            } else {
                response.messageResponse = Self.notFound("a message '\(type.prefix(200))'")
            }
        case nil:
            response.messageResponse = Self.error(.invalidArgument, "The question says nothing.")
        }
        return response
    }

    /// A file, and after it all that it imports.
    private func file(_ name: String) -> Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse? {
        guard self.files[name] != nil else { return nil }
        var names = [name]
        var next = 0
        while next < names.count {
            for imported in self.files[names[next]]?.imports ?? [] where !names.contains(imported) {
                names.append(imported)
            }
            next += 1
        }
        var response = Grpc_Reflection_V1_FileDescriptorResponse()
        response.fileDescriptorProto = names.compactMap { self.files[$0]?.bytes }
        return .fileDescriptorResponse(response)
    }

    private static func notFound(_ what: String) -> Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse {
        Self.error(.notFound, "There is not \(what) here.")
    }

    private static func error(
        _ code: Status.Code, _ message: String
    ) -> Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse {
        var error = Grpc_Reflection_V1_ErrorResponse()
        error.errorCode = Int32(truncatingIfNeeded: code.rawValue)
        error.errorMessage = message
        return .errorResponse(error)
    }
}
