import Agent
import Glibc
import Model
import Text

/// Requests by path and status, and bodies refused by reason.
final class RequestCounts: Sendable {
    private struct Key: Hashable {
        let path: String
        let status: Int
    }

    private let requests = Locked<[Key: Int]>([:])
    private let refusals = Locked<[String: Int]>([:])

    /// Status 0 is a write handed to the owner: its answer shows in the samples' counters.
    func answered(_ path: String, _ status: Int) {
        requests.withLock { $0[Key(path: path, status: status), default: 0] += 1 }
    }

    func refused(_ reason: String) { refusals.withLock { $0[reason, default: 0] += 1 } }

    func write(into out: inout ExpositionWriter) {
        out.metric(
            "pitot_http_requests_total", .counter,
            "Requests by path and status; \"taken\" are writes whose body decoded.")
        let all = requests.withLock { $0 }
        for (key, count) in all.sorted(by: {
            ($0.key.path, $0.key.status) < ($1.key.path, $1.key.status)
        }) {
            let code = key.status == 0 ? "taken" : String(key.status)
            out.sample(
                "pitot_http_requests_total", [("path", key.path), ("code", code)], Double(count))
        }
        out.metric(
            "pitot_write_bodies_refused_total", .counter,
            "Remote-write bodies of which nothing was stored, by reason.")
        for (reason, count) in refusals.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            out.sample("pitot_write_bodies_refused_total", [("reason", reason)], Double(count))
        }
    }
}

/// The usual `process_*` metrics.
func writeProcessMetrics(startedAt: Timestamp, into out: inout ExpositionWriter) {
    out.single(
        "process_cpu_seconds_total", .counter, "CPU time used, in seconds.", processCPUSeconds())
    out.single(
        "process_start_time_seconds", .gauge, "Start of the process, seconds since the epoch.",
        startedAt.seconds)
    out.single(
        "process_resident_memory_bytes", .gauge, "Resident memory, in bytes.",
        Double(residentPages() * sysconf(Int32(_SC_PAGESIZE))))
    out.single(
        "process_open_fds", .gauge, "Open file descriptors.",
        Double(listFolder("/proc/self/fd")?.count ?? 0))
    out.metric("pitot_build_info", .gauge, "1, with the version.")
    out.sample("pitot_build_info", [("version", version)], 1)
}

/// Second field of /proc/self/statm.
private func residentPages() -> Int {
    guard let bytes = readFile("/proc/self/statm") else { return 0 }
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? Int(fields[1]) ?? 0 : 0
}
