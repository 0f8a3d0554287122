import Glibc
import Query
import Server
import Text

/// `pitot test`: runs test files.
enum TestCommand {
    private static let usage = """
        usage: pitot test [--run REGEX]... [--junit FILE] [--enable-feature NAMES] FILE...
               pitot test --promqltest FILE...

          FILE                 unit tests of rules, as promtool test rules takes them
          --run REGEX          only the tests whose name matches; may be given more than once
          --junit FILE         also write the results as JUnit XML
          --enable-feature N   promql-experimental-functions, promql-delayed-name-removal ...,
                               separated by commas
          --ignore-unknown-fields
                               unknown keys of test and rule files do not count
          --promqltest         the files are promqltest scripts

        Prints each failure as FILE:LINE:COLUMN with what was expected (-) and found (+), and last
        `N passed, M failed`. Ends with 0 when all passed, 1 when not, 2 when the line is wrong.
        """

    /// The largest script.
    private static let bytesMax = 64 << 20

    static func run(_ arguments: [String]) -> Int32 {
        let options = Options(
            arguments, valued: ["--run", "--junit", "--enable-feature"],
            flags: ["--promqltest", "--ignore-unknown-fields", "--help"])
        if options.has("--help") {
            printLine(usage)
            return ExitCode.ok
        }
        var ruleTests = RuleTests()
        let fault =
            options.fault ?? (options.operands.isEmpty ? "no FILE" : nil)
            ?? ruleTests.configure(options)
        if let fault {
            printError("pitot test: \(fault)\n\n\(usage)")
            return ExitCode.usage
        }
        if options.has("--promqltest") { return promqlScripts(options.operands) }
        return ruleTests.run(options.operands, junit: options.last("--junit"))
    }

    private static func promqlScripts(_ paths: [String]) -> Int32 {
        var passed = 0
        var failed = 0
        for path in paths {
            guard let bytes = readFile(path, limit: bytesMax) else {
                printError("\(path): \(String(cString: strerror(errno)))")
                failed += 1
                continue
            }
            let report = ScriptRunner.run(String(decoding: bytes, as: UTF8.self))
            for failure in report.failures { printLine("\(path):\(failure.line): \(failure.what)") }
            passed += report.passed
            failed += report.failures.count
        }
        printLine("\(passed) passed, \(failed) failed")
        return failed == 0 ? ExitCode.ok : ExitCode.failed
    }
}
