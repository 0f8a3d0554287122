import Model
import Testing

@Suite struct Base64Tests {
    /// RFC 4648 §10.
    private let known = [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ]

    @Test func theTextsAreThoseOfTheStandard() {
        for (plain, text) in known {
            #expect(Base64.encoded(Array(plain.utf8)) == text)
            #expect(
                Base64.encoded(Array(plain.utf8), isPadded: false)
                    == String(text.prefix { $0 != "=" }))
            #expect(Base64.decoded(Array(text.utf8)) == Array(plain.utf8))
        }
        #expect(Base64.encoded([0xfb, 0xff, 0xbf]) == "+/+/")
    }

    @Test func allBytesComeBack() {
        for count in 0..<260 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
            #expect(Base64.decoded(Array(Base64.encoded(bytes).utf8)) == bytes)
        }
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Z===", "=Zg=", "Zg==Zg==", "Zm 9", "Zm-_", "Zm9vé"])
    func anythingElseIsRefused(text: String) {
        #expect(Base64.decoded(Array(text.utf8)) == nil)
    }
}
