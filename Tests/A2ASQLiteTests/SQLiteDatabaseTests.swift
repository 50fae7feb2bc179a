import Foundation
import Testing

@testable import A2ASQLite

@Suite("The SQLite database")
struct SQLiteDatabaseTests {
    @Test("The linked library is recent enough for what the store asks of it")
    func libraryVersion() throws {
        #expect(try SQLiteDatabase.libraryVersion.compare("3.35.0", options: .numeric) != .orderedAscending)
    }
}
