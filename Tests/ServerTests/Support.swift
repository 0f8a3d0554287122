import Foundation
import Glibc
import Model
import Testing

@testable import Server

// What the tests of the shell share: a folder that goes away, bounded polling, a client that speaks
// HTTP byte by byte.

/// A folder of one test. Gone with the value.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/pitot-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func path(_ name: String) -> String { path + "/" + name }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = URL(fileURLWithPath: path(name))
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
        return path(name)
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: path(name), withDestinationPath: target)
    }
}

/// Looks again every few milliseconds until it holds; false when it never does.
func eventually(within seconds: Double = 10, _ holds: () throws -> Bool) rethrows -> Bool {
    let end = monotonicSeconds() + seconds
    while monotonicSeconds() < end {
        if try holds() { return true }
        usleep(5000)
    }
    return try holds()
}

func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// How long something took, in seconds.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = monotonicSeconds()
    try body()
    return monotonicSeconds() - start
}

/// Values that threads collect.
final class Collected<Value: Sendable>: Sendable {
    private let values = Locked<[Value]>([])

    func add(_ value: Value) { values.withLock { $0.append(value) } }
    var all: [Value] { values.withLock { $0 } }
    var count: Int { values.withLock { $0.count } }

    func takeAll() -> [Value] {
        values.withLock { values in
            defer { values = [] }
            return values
        }
    }
}

/// Runs `body` on threads of its own, `count` at once, and waits for all.
func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let workers = (0..<count).map { index in Worker { body(index) } }
    for worker in workers { worker.join() }
}

/// What a server answered.
struct Answer: Sendable {
    var status = 0
    var headers: [String: String] = [:]
    var body: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }
    var isOneLine: Bool { text.hasSuffix("\n") && text.count { $0 == "\n" } == 1 }
}

/// A connection that is written to and read byte by byte. Reads give up after ten seconds.
final class RawClient {
    enum Fault: Error {
        case refused(Int32)
        case closed
        case malformed(String)
    }

    private let file: Int32
    private var unread: [UInt8] = []

    init(port: UInt16, isIPv6: Bool = false) throws {
        file = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let status = isIPv6 ? connectIPv6(file, port) : connectIPv4(file, port)
        guard status == 0 else {
            // All is initialised: the deinitialiser runs and closes it.
            throw Fault.refused(errno)
        }
    }

    deinit { Glibc.close(file) }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Sends what the peer takes; that it has gone shows in the next read.
    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }

    func request(
        _ method: String, _ path: String, _ headers: [(String, String)] = [], body: [UInt8] = []
    ) {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: test\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if !body.isEmpty || method == "POST" { head += "Content-Length: \(body.count)\r\n" }
        send(Array((head + "\r\n").utf8) + body)
    }

    /// Reads one answer; `isHead` when it has no body whatever its headers say.
    func answer(isHead: Bool = false) throws -> Answer {
        let head = try line(endingIn: "\r\n\r\n")
        let lines = head.split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else { throw Fault.malformed(head) }
        var answer = Answer(status: status)
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            guard pair.count == 2 else { throw Fault.malformed(String(line)) }
            answer.headers[pair[0].lowercased()] = String(pair[1].drop { $0 == " " })
        }
        let length = answer.headers["content-length"].flatMap { Int($0) } ?? 0
        if isHead || status == 204 || status < 200 { return answer }
        while unread.count < length { try more() }
        answer.body = Array(unread.prefix(length))
        unread.removeFirst(length)
        return answer
    }

    /// Whether the peer closes the connection before it sends anything more.
    func isClosedByPeer() -> Bool {
        var byte: UInt8 = 0
        let count = recv(file, &byte, 1, 0)
        return unread.isEmpty && (count == 0 || (count < 0 && errno == ECONNRESET))
    }

    /// Goes away at once, with a reset.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(file, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        shutdown(file, Int32(SHUT_RDWR))
    }

    private func line(endingIn end: String) throws -> String {
        let mark = Array(end.utf8)
        while true {
            if let range = unread.firstRange(of: mark) {
                let text = String(decoding: unread[..<range.upperBound], as: UTF8.self)
                unread.removeFirst(range.upperBound)
                return text
            }
            try more()
        }
    }

    private func more() throws {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(file, &chunk, chunk.count, 0)
        guard count > 0 else { throw Fault.closed }
        unread += chunk[..<count]
    }
}

private func connectIPv4(_ file: Int32, _ port: UInt16) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}

private func connectIPv6(_ file: Int32, _ port: UInt16) -> Int32 {
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = port.bigEndian
    address.sin6_addr = in6addr_loopback
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(file, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
    }
}

/// One exchange on a connection of its own.
func exchange(
    _ port: UInt16, _ method: String, _ path: String, _ headers: [(String, String)] = [],
    body: [UInt8] = []
) throws -> Answer {
    let client = try RawClient(port: port)
    client.request(method, path, headers, body: body)
    return try client.answer(isHead: method == "HEAD")
}
