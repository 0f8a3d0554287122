import Glibc
import Model
import Storage
import Testing
import Wire

@testable import Server

/// What a sender and a reader see of a healthy agent.
@Suite struct WritePathTests {
    /// Each run takes fewer samples than a checkpoint asks for; together they are enough.
    @Test func runsTooShortForACheckpointAddUpToOne() throws {
        let world = try AgentWorld()
        world.stop()
        world.limits.owner.checkpointSamples = 3
        try world.restart()
        for name in ["a", "b", "c"] {
            #expect(try world.metric("pitot_checkpoints_total") == 0)
            let body = Sent.body([Sent(instance: name, value: 1, ago: 1)])
            #expect(try world.write(body).status == 204)
            if name != "c" { try world.restart() }
        }
        #expect(try eventually { try world.metric("pitot_checkpoints_total") == 1 })
    }

    @Test func anAcknowledgedWriteIsOnDisk() throws {
        let world = try AgentWorld()
        for index in 1...20 {
            let body = Sent.body([Sent(instance: "pod-\(index)", value: 1, ago: 1)])
            let answer = try world.write(body)
            #expect(answer.status == 204 && answer.body == [])
            let writes = try recordsOnDisk(world.data).filter { $0.kind == 7 }
            #expect(writes.count >= index)
            let text = String(decoding: writes.last?.payload ?? [], as: UTF8.self)
            #expect(text.contains("pod-\(index)"))
        }
    }

    @Test func manySendersAtOnceAreAllOnDiskWhenAnswered() throws {
        let world = try AgentWorld()
        let port = world.port
        let statuses = Collected<Int>()
        inParallel(16) { sender in
            guard let client = try? RawClient(port: port) else { return }
            for index in 0..<20 {
                let body = Sent.body([Sent(instance: "\(sender)/\(index)", value: 1, ago: 1)])
                client.request("POST", "/api/v1/write", body: body)
                statuses.add((try? client.answer().status) ?? 0)
            }
        }
        #expect(statuses.all == [Int](repeating: 204, count: 320))
        #expect(try world.writesOnDisk() >= 320)
        #expect(try world.metric("pitot_samples_stored_total") == 320)
    }

    @Test func refusedSamplesAreNamedInOneLine() throws {
        let world = try AgentWorld()
        #expect(try world.write(Sent.body([Sent(value: 1, ago: 10)])).status == 204)
        let answer = try world.write(
            Sent.body([Sent(value: 1, ago: 3000), Sent(code: "201", value: 1, ago: 1)]))
        #expect(answer.status == 400 && answer.isOneLine)
        #expect(answer.text.hasPrefix("1 of 2 samples refused, the rest is stored: "))
        #expect(answer.text.contains("requests_total"))
        #expect(try world.metric("pitot_samples_stored_total") == 2)
    }

    @Test(
        arguments: [
            ([], 400), ([0], 400), ([0xff, 0xff, 0xff, 0xff, 0xff], 400),
            ([3, 8, 0x0a, 0xff, 0x01], 400), ([0xff, 0xff, 0xff, 0xff, 0x0f, 0], 413),
        ] as [([UInt8], Int)])
    func aBrokenBodyIsRefusedInOneLine(body: [UInt8], status: Int) throws {
        let world = try AgentWorld()
        let answer = try world.write(body)
        #expect((400..<500).contains(answer.status) && answer.isOneLine, "\(answer.text)")
        #expect(try world.writesOnDisk() == 0)
        #expect(try world.write(Sent.body([Sent(value: 1, ago: 1)])).status == 204)
    }

    @Test func countsComeBackExactlyAfterARestart() throws {
        let world = try AgentWorld()
        for (index, ago) in [60.0, 45, 30, 15].enumerated() {
            let count = Double(index)
            let body = Sent.body([
                Sent(name: "up", code: "", value: 1, ago: ago),
                Sent(value: 1000 + 100 * count, ago: ago),
                Sent(code: "500", value: 7 + 2 * count, ago: ago),
            ])
            #expect(try world.write(body).status == 204)
        }
        #expect(try eventually { try world.events()?["total"] == 306 })
        let before = try #require(try world.events())
        #expect(before["bad"] == 6)
        for _ in 0..<2 {
            try world.restart()
            #expect(try world.events() == before)
        }
        #expect(
            try world.write(Sent.body([Sent(code: "500", value: 20, ago: 5)])).status == 204)
        #expect(try eventually { try world.events()?["bad"] == 13 })
    }

    @Test func pathsAndMethodsAreTold() throws {
        let world = try AgentWorld()
        #expect(try world.get("/nowhere").status == 404)
        for path in ["/metrics", "/api/v1/slos", "/api/v1/alerts"] {
            #expect(try world.get(path).status == 200)
            let head = try exchange(world.port, "HEAD", path)
            #expect(head.status == 200 && head.headers["content-length"] != "0", "HEAD \(path)")
            let post = try world.post(path)
            #expect(post.status == 405 && post.headers["allow"]?.hasPrefix("GET") == true)
        }
        #expect(try world.get("/api/v1/write").headers["allow"] == "POST")
        #expect(try exchange(world.port, "DELETE", "/-/healthy").status == 405)
        #expect(try exchange(world.port, "HEAD", "/-/ready").status == 200)
        #expect(try world.get("/metrics").text.contains("code=\"404\""))
    }

    @Test func aSecondAgentOnTheSameDataIsRefusedWithItsReason() throws {
        let world = try AgentWorld()
        do throws(StartFault) {
            var options = ServeOptions()
            options.data = world.data
            options.listen = "127.0.0.1:0"
            _ = try PitotServer(options, logger: Logger(format: .json, path: "/dev/null"))
            Issue.record("two agents on one folder")
        } catch {
            guard case .log(let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.contains("is another agent using it?"))
        }
        #expect(try world.get("/-/ready").status == 200)
    }

    @Test func aTakenPortGivesTheDataFolderBack() throws {
        let world = try AgentWorld()
        let other = try TemporaryFolder()
        var options = ServeOptions()
        options.data = other.path("data")
        options.listen = "127.0.0.1:\(world.port)"
        let logger = Logger(format: .json, path: "/dev/null")
        for _ in 0..<2 {
            do throws(StartFault) {
                _ = try PitotServer(options, logger: logger)
                Issue.record("two agents on one port")
            } catch {
                guard case .listen(let fault) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(fault.reason == "Address already in use")
            }
        }
    }

    @Test func anIdleAgentDoesNotSpin() throws {
        let world = try AgentWorld()
        let body = Sent.body([Sent(value: 1, ago: 1), Sent(code: "500", value: 1, ago: 1)])
        #expect(try world.write(body).status == 204)
        let before = try world.metric("pitot_loop_turns_total")
        usleep(500_000)
        #expect(try world.metric("pitot_loop_turns_total") - before < 30)
    }
}
