import A2A

/// The HTTP statuses of errors that came over other bindings (A2A §5.4).
enum ErrorCodes {
    static func status(jsonRPC code: Int) -> Int { A2AError.Code(jsonRPC: code).http }
    static func status(reason: String) -> Int? { A2AError.Code(reason: reason)?.http }

    /// By the usual table of gRPC statuses and HTTP.
    static func status(grpc code: Int) -> Int {
        switch code {
        case 1: 499
        case 3, 9, 11: 400
        case 4: 504
        case 5: 404
        case 6, 10: 409
        case 7: 403
        case 8: 429
        case 12: 501
        case 14: 503
        case 16: 401
        default: 500
        }
    }
}
