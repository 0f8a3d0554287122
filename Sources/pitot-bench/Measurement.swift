import CAllocations
import Glibc
import Text

/// What one benchmark measured.
struct Measurement {
    let name: String
    /// What one operation is: "sample", "round".
    let unit: String
    let operations: Int
    let cpuSeconds: Double
    let allocations: UInt64
    /// The most allocations per thousand operations; nil does not gate.
    let allocationsMax: Double?
    var extra: [(name: String, value: Double)] = []

    var allocationsPerThousand: Double { Double(allocations) * 1000 / Double(operations) }

    var isWithinBudget: Bool { allocationsMax.map { allocationsPerThousand <= $0 } ?? true }

    /// Runs `body`, which does `operations` operations, `rounds` times and keeps the fastest time;
    /// allocations are those of the last round, when buffers have grown.
    static func take(
        _ name: String, unit: String, operations: Int, rounds: Int = 5,
        allocationsMax: Double?, _ body: () -> Void
    ) -> Measurement {
        var best = Double.infinity
        var allocations: UInt64 = 0
        for _ in 0..<rounds {
            let before = pitot_allocations()
            let began = cpuTime()
            body()
            best = min(best, cpuTime() - began)
            allocations = pitot_allocations() - before
        }
        return Measurement(
            name: name, unit: unit, operations: operations, cpuSeconds: best,
            allocations: allocations, allocationsMax: allocationsMax)
    }

    var line: String {
        var json = JSONWriter()
        json.object { json in
            json.member("bench", name)
            json.member("unit", unit)
            json.member("operations", integer: operations)
            json.member(
                "nsPerOperation", (cpuSeconds * 1e9 / Double(operations) * 10).rounded() / 10)
            json.member("perCPUSecond", (Double(operations) / cpuSeconds).rounded())
            json.member(
                "allocationsPerThousand", (allocationsPerThousand * 1000).rounded() / 1000)
            if let allocationsMax { json.member("allocationsMax", allocationsMax) }
            for (name, value) in extra { json.member(name, value) }
            json.member("withinBudget", bool: isWithinBudget)
        }
        return json.text
    }
}

private func cpuTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
