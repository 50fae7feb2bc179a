import A2A
package import NIOCore

extension ByteBuffer: TCPByteSink {
    package var octetCount: Int { self.readableBytes }

    package mutating func append(octets: UnsafeRawBufferPointer) {
        self.writeBytes(octets)
    }
}
