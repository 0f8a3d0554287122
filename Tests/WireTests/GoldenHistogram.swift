/// Contents of Histogram messages, written down by hand.
enum GoldenHistogram {
    /// 2 and 5 observations in buckets 1 and 2, 3 in bucket -4 of the other sign, 1 at zero.
    static let integer =
        Protobuf.integer(1, 11) + Protobuf.double(3, 18.4) + Protobuf.signed(4, 3)
        + Protobuf.double(5, 1e-128) + Protobuf.integer(6, 1)
        + Protobuf.span(8, -4, 1) + Protobuf.bytes(9, [6])
        + Protobuf.span(11, 1, 2) + Protobuf.bytes(12, [4, 6])
        + Protobuf.integer(14, 2) + Protobuf.integer(15, 1_700_000_000_000)

    /// A gauge, its counts one by one.
    static let float =
        Protobuf.double(2, 2.5) + Protobuf.double(3, -1) + Protobuf.signed(4, -2)
        + Protobuf.double(7, 0.5) + Protobuf.span(11, 0, 1) + Protobuf.span(11, 3, 1)
        + Protobuf.double(13, 1.5) + Protobuf.double(13, 0.5) + Protobuf.integer(14, 3)
        + Protobuf.integer(15, 1_700_000_015_000)

    /// Bounds 0.1 and 5, and a bucket above them.
    static let custom =
        Protobuf.integer(1, 6) + Protobuf.double(3, 40) + Protobuf.signed(4, -53)
        + Protobuf.span(11, 0, 3) + Protobuf.bytes(12, [2, 2, 2])
        + Protobuf.integer(15, 1_700_000_000_000) + Protobuf.doubles(16, [0.1, 5])
}
