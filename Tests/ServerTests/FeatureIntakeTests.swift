import Agent
import Model
import Synchronization
import Testing
import Wire

@testable import Server

/// The queue in front of the feature reader: bounded, never blocking, counted.
@Suite struct FeatureIntakeTests {
    private let folder: TemporaryFolder
    private let logger: Logger

    init() throws {
        folder = try TemporaryFolder()
        logger = Logger(format: .json, path: folder.path("agent.log"))
    }

    private func event(_ id: Int, bytes: Int = 40) -> FeatureJob {
        let pairs = [
            ("ce-specversion", "1.0"), ("ce-id", String(id)), ("ce-source", "s"),
            ("ce-type", "org.kubeflow.serving.inference.request"),
            ("ce-inferenceservicename", "iris"),
        ]
        let padding = String(repeating: " ", count: bytes)
        return .events(
            CloudEventBody(
                headers: pairs.map { FeatureHeader(name: $0.0, value: $0.1) },
                contentType: "application/json",
                body: Array("{\"instances\":[[\(id)]]}\(padding)".utf8)))
    }

    /// Takes batches once it is opened.
    private final class Gate: Sendable {
        let isOpen = Atomic<Bool>(false)
        let batches = Locked<[FeatureBatch]>([])

        func take(_ batch: FeatureBatch) -> Bool {
            guard isOpen.load(ordering: .acquiring) else { return false }
            batches.withLock { $0.append(batch) }
            return true
        }

        var events: Int { batches.withLock { $0.reduce(0) { $0 + $1.events.count } } }
        var shed: UInt64 { batches.withLock { $0.reduce(0) { $0 + $1.shed } } }
    }

    @Test func whatDoesNotFitIsAnsweredCountedAndTold() {
        let gate = Gate()
        var settings = EventSettings()
        settings.queueBodies = 10
        let intake = FeatureIntake(settings, limits: FeatureLimits(), logger: logger) { batch, _ in
            gate.take(batch)
        }
        intake.start()
        // The reader takes what is there and then waits for the gate.
        #expect(intake.offer(event(0)))
        #expect(eventually { intake.counts.waiting == 0 })
        let taken = (1...100).count { intake.offer(event($0)) }
        #expect(taken == 10)
        #expect(intake.counts.shed == 90)
        gate.isOpen.store(true, ordering: .releasing)
        #expect(eventually { gate.events == 11 })
        #expect(gate.events == 11)
        #expect(intake.offer(event(101)))
        #expect(eventually { gate.events == 12 })
        // In = out + dropped.
        #expect(gate.events == 12 && gate.shed == 90)
        intake.stop()
        #expect(!intake.offer(event(102)))
    }

    @Test func bytesAreBoundedAsWell() {
        let gate = Gate()
        var settings = EventSettings()
        settings.queueBytes = 100_000
        let intake = FeatureIntake(settings, limits: FeatureLimits(), logger: logger) { batch, _ in
            gate.take(batch)
        }
        #expect(intake.offer(event(1, bytes: 90_000)))
        #expect(!intake.offer(event(2, bytes: 90_000)))
        #expect(intake.offer(event(3, bytes: 100)))
        #expect(intake.counts.waitingBytes <= 100_000)
        intake.start()
        gate.isOpen.store(true, ordering: .releasing)
        #expect(eventually { gate.events == 2 })
        #expect(gate.events == 2)
        intake.stop()
    }

    @Test func stoppingDoesNotWaitForAFullBox() {
        let intake = FeatureIntake(EventSettings(), limits: FeatureLimits(), logger: logger) {
            _, _ in
            false
        }
        intake.start()
        #expect(intake.offer(event(1)))
        #expect(eventually { intake.counts.waiting == 0 })
        intake.stop()
    }

    @Test func whatWasNotTakenInIsToldWithoutWaitingForMore() {
        let gate = Gate()
        gate.isOpen.store(true, ordering: .releasing)
        let intake = FeatureIntake(EventSettings(), limits: FeatureLimits(), logger: logger) {
            batch, _ in
            gate.take(batch)
        }
        intake.start()
        intake.count(.tooLarge)
        let large = Int(PayloadFault.tooLarge.rawValue)
        #expect(eventually { gate.batches.withLock { $0.contains { $0.faults[large] == 1 } } })
        intake.shed(2)
        #expect(eventually { gate.shed == 2 })
        intake.stop()
    }
}
