import Testing

@testable import Server

/// `stop()`, as SIGTERM does it.
@Suite struct ShutdownTests {
    @Test func everyWriteIsAnsweredOrItsConnectionClosed() throws {
        for round in 0..<5 {
            let world = try AgentWorld()
            let acknowledged = Collected<Int>()
            let others = Collected<Int>()
            let port = world.port
            let senders = (0..<8).map { sender in
                Worker {
                    guard let client = try? RawClient(port: port) else { return }
                    for index in 0..<1000 {
                        let name = "\(sender)/\(index)"
                        let body = Sent.body([Sent(instance: name, value: 1, ago: 1)])
                        client.request("POST", "/api/v1/write", body: body)
                        guard let answer = try? client.answer() else { return }
                        if answer.status == 204 {
                            acknowledged.add(1)
                        } else {
                            others.add(answer.status)
                        }
                    }
                }
            }
            #expect(eventually { acknowledged.count > 20 * round })
            #expect(seconds { world.stop() } < 5)
            for sender in senders { sender.join() }
            #expect(others.all.allSatisfy { $0 == 503 })
            #expect(try world.writesOnDisk() >= acknowledged.count)
            try world.restart()
            #expect(try world.metric("pitot_series") >= Double(acknowledged.count))
        }
    }

    @Test func whatWasTakenIsAnswered() throws {
        for _ in 0..<10 {
            let world = try AgentWorld()
            let clients = try (0..<20).map { index in
                try world.beginWrite(
                    Sent.body([Sent(instance: "\(index)", value: 1, ago: 1)]))
            }
            // One round trip later the agent has seen some or all of them.
            #expect(try world.get("/-/healthy").status == 200)
            world.stop()
            let answers = clients.compactMap { try? $0.answer().status }
            let stored = try world.writesOnDisk()
            #expect(answers.count { $0 == 204 } == stored)
        }
    }

    @Test func readsAndReloadsInFlightDoNotHang() throws {
        let world = try AgentWorld()
        let port = world.port
        let workers = ["/metrics", "/api/v1/slos", "/-/reload", "/-/ready"].map { path in
            Worker {
                guard let client = try? RawClient(port: port) else { return }
                while true {
                    client.request(path == "/-/reload" ? "POST" : "GET", path)
                    if (try? client.answer()) == nil { return }
                }
            }
        }
        #expect(try eventually { try world.metric("pitot_loop_turns_total") > 50 })
        #expect(seconds { world.stop() } < 5)
        for worker in workers { worker.join() }
    }

    @Test func anIdleKeepAliveConnectionDoesNotHoldTheEnd() throws {
        let world = try AgentWorld()
        let client = try RawClient(port: world.port)
        client.request("GET", "/-/ready")
        #expect(try client.answer().status == 200)
        let half = try RawClient(port: world.port)
        half.send("POST /api/v1/write HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\nabc")
        #expect(seconds { world.stop() } < 5)
        #expect(client.isClosedByPeer() && half.isClosedByPeer())
    }

    @Test func deliveriesUnderWayDoNotHoldTheEnd() throws {
        let world = try AgentWorld()
        for _ in 0..<3 {
            #expect(seconds { world.stop() } < 5)
            try world.restart()
        }
    }
}
