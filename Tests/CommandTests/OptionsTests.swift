import Testing

@testable import pitot

@Suite struct OptionsTests {
    private func parse(_ line: String) -> Options {
        Options(
            line.split(separator: " ").map(String.init), valued: ["--data", "-o"],
            flags: ["--help", "--fatal"])
    }

    @Test func valuesFlagsAndOperandsAreToldApart() {
        let options = parse("a --data x -o json --fatal b - --data=y=z")
        #expect(options.fault == nil)
        #expect(options.operands == ["a", "b", "-"])
        #expect(options.all("--data") == ["x", "y=z"])
        #expect(options.last("--data") == "y=z")
        #expect(options.last("-o") == "json")
        #expect(options.has("--fatal") && !options.has("--help"))
        #expect(options.all("--help") == [] && options.last("--help") == nil)
    }

    @Test func whatFollowsADoubleDashIsNoOption() {
        let options = parse("--fatal -- --data --unknown")
        #expect(options.fault == nil && options.operands == ["--data", "--unknown"])
    }

    @Test func anEmptyValueIsAValue() {
        let options = Options(["--data=", "-o", "", "x"], valued: ["--data", "-o"])
        #expect(options.fault == nil)
        #expect(options.all("--data") == [""] && options.all("-o") == [""])
        #expect(options.operands == ["x"])
    }

    @Test(arguments: [
        ("--data", "--data needs a value"),
        ("x -o", "-o needs a value"),
        ("--dta x", "unknown option --dta; expected one of --data, -o, --help, --fatal"),
        ("--fatal=yes", "unknown option --fatal; expected one of --data, -o, --help, --fatal"),
        ("-x", "unknown option -x; expected one of --data, -o, --help, --fatal"),
        ("--=x", "unknown option --; expected one of --data, -o, --help, --fatal"),
    ])
    func aBadLineSaysWhatIsWrong(line: String, fault: String) {
        #expect(parse(line).fault == fault)
    }
}
