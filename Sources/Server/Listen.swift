import Glibc

/// Why an address could not be listened on.
public struct ListenFault: Error, Sendable {
    public let address: String
    public let reason: String
}

/// A TCP socket that listens on "host:port", "[v6]:port" or ":port" (all addresses of both
/// families).
/// Of a name's addresses it takes the first that works.
func listeningSocket(_ address: String) throws(ListenFault) -> Int32 {
    guard let colon = address.lastIndex(of: ":"),
        let port = UInt16(address[address.index(after: colon)...])
    else { throw ListenFault(address: address, reason: "expected host:port") }
    var host = String(address[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host.isEmpty ? nil : host, String(port), &hints, &found)
    guard status == 0 else {
        throw ListenFault(address: address, reason: String(cString: gai_strerror(status)))
    }
    defer { freeaddrinfo(found) }
    var candidates = Array(
        sequence(first: found, next: { $0?.pointee.ai_next }).prefix { $0 != nil }
    )
    .compactMap { $0 }
    // One socket of the newer family hears the older too; without that family the older must do.
    if host.isEmpty {
        candidates.sort { $0.pointee.ai_family == AF_INET6 && $1.pointee.ai_family != AF_INET6 }
    }
    var fault = ListenFault(address: address, reason: "no address found")
    for info in candidates {
        do throws(ListenFault) {
            return try listeningSocket(address, info, isDual: host.isEmpty)
        } catch { fault = error }
    }
    throw fault
}

private func listeningSocket(
    _ address: String, _ info: UnsafeMutablePointer<addrinfo>, isDual: Bool
) throws(ListenFault) -> Int32 {
    let file = socket(
        info.pointee.ai_family, info.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard file >= 0 else {
        throw ListenFault(address: address, reason: String(cString: strerror(errno)))
    }
    var yes: Int32 = 1
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    if isDual && info.pointee.ai_family == AF_INET6 {
        var no: Int32 = 0
        setsockopt(
            file, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &no, socklen_t(MemoryLayout<Int32>.size))
    }
    guard bind(file, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0, listen(file, 512) == 0
    else {
        let reason = String(cString: strerror(errno))
        close(file)
        throw ListenFault(address: address, reason: reason)
    }
    return file
}

func boundPort(of socket: Int32) -> UInt16 {
    var address = sockaddr_in6()
    var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
        _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            getsockname(socket, $0, &size)
        }
    }
    // The port stands at the same place in both families.
    return UInt16(bigEndian: address.sin6_port)
}
