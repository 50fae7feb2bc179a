/// What can be wrong with ``PlainClient``, one at a time.
enum ClientFault: String, CaseIterable, Sendable {
    // What it sends.
    case noVersion, patchInVersion, cardsVersion, oldNames, textContent, noEnvelope, noExtensions
    case semicolons, twoFields, otherField, noTenant, madeUpTenant, oldRole, kinds, lowercaseContext, madeUpTask
    case forgetsTask, pushNamesTask, madeUpHistory, noMessageID, urlSafeBase64, offsetInTime, wholeSeconds
    case noCredentials, keyAsBearer, noCredentialsForCard
    // Over HTTP+JSON.
    case envelopeInREST, jsonContent, otherPaths, bodyInGet, snakeQuery, rawQuery, oldBooleans, latin1, rawPath
    // How it finds agents.
    case takesLast, takesFirstBlindly, ignoresMajor, oldCardPath, keepsNothing, forgetsTag, keepsEverything,
        takesAnyCard
    case followsRedirects, trustsAnybody, trustsNobody, ignoresCapabilities
    // What it makes of answers.
    case oneErrorForAll, losesMessages, swallowsErrors, stumblesOverDetails, ignoresStatus, waitsForRetry,
        neverAsksAgain
    case sendsAgain, readsHalf, takesNonsense, ignoresID, takesNoResult, neverGivesUp, impatient, smallAnswersOnly
    case noRequiredMembers, strictMembers, bytewiseText, camelIsUnknown
    // Streams.
    case reorders, losesFlags, losesMessageEvents, staysAfterEnd, breakIsEnd, startsAgain, duplicates
    case commentsAreData, onlyLF, noCR, firstLineOnly, fieldsConfuse, needsBlank, markConfuses, ignoresBadEvents
}
