import Glibc
import Model
import Storage
import Testing

@testable import Server

/// The disk refuses the log: nothing new is taken, what is known can be read, and when the disk is
/// back nothing that was acknowledged is missing.
@Suite struct DiskTroubleTests {
    private let world: AgentWorld

    init() throws { world = try AgentWorld(AgentWorld.smallSegments) }

    private func body(_ instance: String) -> [UInt8] {
        Sent.body([Sent(instance: instance, value: 1, ago: 1)])
    }

    /// Breaks the disk and waits until the agent has seen it; the write it saw it with waits.
    private func breakDisk() throws -> RawClient {
        world.takeDiskAway()
        let first = try world.beginWrite(body("first"))
        try #require(eventually { try world.get("/-/ready").status == 503 })
        return first
    }

    @Test func writesAreRefusedAndReadsGoOn() throws {
        #expect(try world.write(body("before")).status == 204)
        let first = try breakDisk()
        for _ in 0..<3 {
            let answer = try world.write(body("during"))
            #expect(answer.status == 503 && answer.headers["retry-after"] == "1")
            #expect(answer.isOneLine)
        }
        #expect(try world.get("/-/ready").text == "the event log cannot be written\n")
        #expect(try world.get("/-/healthy").status == 200)
        #expect(try world.events() != nil)
        #expect(try world.get("/api/v1/alerts").status == 200)
        #expect(try world.metric("pitot_samples_stored_total") == 2)
        world.giveDiskBack()
        #expect(try first.answer().status == 204)
        #expect(try eventually { try world.get("/-/ready").status == 200 })
        #expect(try world.write(body("after")).status == 204)
        try world.restart()
        #expect(try world.metric("pitot_series") == 3)
        #expect(try world.metric("pitot_samples_stored_total") == 3)
    }

    @Test func everythingAcknowledgedAroundAFailureIsThereAfterARestart() throws {
        let acknowledged = Collected<String>()
        let port = world.port
        let isDone = Collected<Bool>()
        let senders = (0..<4).map { sender in
            Worker {
                var index = 0
                while isDone.count == 0 {
                    index += 1
                    let name = "\(sender)-\(index)"
                    let body = Sent.body([Sent(instance: name, value: 1, ago: 1)])
                    let answer = try? exchange(port, "POST", "/api/v1/write", body: body)
                    if answer?.status == 204 { acknowledged.add(name) }
                    usleep(5000)
                }
            }
        }
        for _ in 0..<5 {
            let count = acknowledged.count
            #expect(eventually(within: 60) { acknowledged.count > count + 10 })
            world.takeDiskAway()
            #expect(try eventually(within: 60) { try world.get("/-/ready").status == 503 })
            world.giveDiskBack()
            #expect(try eventually(within: 60) { try world.get("/-/ready").status == 200 })
        }
        isDone.add(true)
        for sender in senders { sender.join() }
        try world.restart()
        let stored = try world.metric("pitot_series")
        #expect(stored >= Double(acknowledged.count))
        let onDisk = try recordsOnDisk(world.data).filter { $0.kind == 7 }
            .map { String(decoding: $0.payload, as: UTF8.self) }
        let words = Set(onDisk.flatMap { $0.split { !"0123456789-".contains($0) } })
        let missing = acknowledged.all.filter { name in
            !words.contains(name[...]) && !onDisk.contains { $0.contains(name) }
        }
        #expect(missing == [])
    }

    @Test func aReloadThatCannotBeLoggedIsAnsweredWhenTheDiskIsBack() throws {
        world.takeDiskAway()
        let client = try RawClient(port: world.port)
        client.request("POST", "/-/reload")
        try #require(eventually { try world.get("/-/ready").status == 503 })
        #expect(try world.post("/-/reload").status == 503)
        world.giveDiskBack()
        #expect(try client.answer().text == "reloaded\n")
        #expect(try world.post("/-/reload").text == "reloaded\n")
    }

    @Test func theEndAnswersAllThatWaitsForTheDisk() throws {
        let first = try breakDisk()
        let second = try world.write(body("second"))
        #expect(second.status == 503)
        #expect(seconds { world.stop() } < 5)
        #expect((try? first.answer().status) == 503)
        world.giveDiskBack()
        try world.restart()
        #expect(try world.metric("pitot_series") == 0)
        #expect(world.logText.contains("could not be written"))
    }

    @Test func theEndAnswersAReloadThatWaitsForTheDisk() throws {
        world.takeDiskAway()
        let client = try RawClient(port: world.port)
        client.request("POST", "/-/reload")
        try #require(eventually { try world.get("/-/ready").status == 503 })
        #expect(seconds { world.stop() } < 5)
        #expect((try? client.answer().status) == 503)
        world.giveDiskBack()
    }

    /// The last try is made whatever the time of the next one.
    @Test func theEndTriesTheDiskOnceMore() throws {
        world.stop()
        world.limits.owner.retryInterval = .seconds(3600)
        try world.restart()
        let first = try breakDisk()
        world.giveDiskBack()
        world.stop()
        #expect(try first.answer().status == 204)
        try world.restart()
        #expect(try world.metric("pitot_series") == 1)
    }

    @Test func aFailingDiskDoesNotMakeTheLoopSpin() throws {
        let first = try breakDisk()
        let turns = try turnsInHalfASecond()
        #expect(turns < 40, "\(turns) turns")
        world.giveDiskBack()
        #expect(try first.answer().status == 204)
    }

    /// At the bound no more ticks are taken; their deadline is past all the while.
    @Test func aFullBufferDoesNotMakeTheLoopSpin() throws {
        world.stop()
        world.limits.owner.unwrittenBytesMax = 1
        try world.restart()
        #expect(
            try world.write(
                Sent.body([Sent(name: "up", value: 1, ago: 2), Sent(value: 1, ago: 2)])
            ).status == 204)
        let first = try breakDisk()
        let turns = try turnsInHalfASecond()
        #expect(turns < 40, "\(turns) turns")
        world.giveDiskBack()
        #expect(try first.answer().status == 204)
    }

    private func turnsInHalfASecond() throws -> Double {
        let before = try world.metric("pitot_loop_turns_total")
        usleep(500_000)
        return try world.metric("pitot_loop_turns_total") - before
    }

    /// No segment can be begun in an immutable folder, so the records of the start are not written.
    @Test func anAgentThatStartsOnABrokenDiskIsNotReadyUntilItIsWell() throws {
        world.stop()
        guard setAttribute("+i", world.data) else { return }
        defer { setAttribute("-i", world.data) }
        let server = try AgentWorld.start(world.folder, world.limits)
        defer { server.stop() }
        #expect(eventually { world.logText.contains("the log cannot be written") })
        let statuses = try (0..<20).map { _ in
            try exchange(server.port, "GET", "/-/ready").status
        }
        #expect(statuses == [Int](repeating: 503, count: 20))
        setAttribute("-i", world.data)
        #expect(try eventually { try exchange(server.port, "GET", "/-/ready").status == 200 })
    }
}
