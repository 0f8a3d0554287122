import Glibc
import Query
import Server

/// `pitot test`: runs test files.
enum TestCommand {
    private static let usage = """
        usage: pitot test --promqltest FILE...

          --promqltest   the files are promqltest scripts

        Prints each failure as FILE:LINE, and last `N passed, M failed`.
        Ends with 0 when all passed, 1 when not.
        """

    /// The largest script.
    private static let bytesMax = 64 << 20

    static func run(_ arguments: [String]) -> Int32 {
        let options = Options(arguments, valued: [], flags: ["--promqltest", "--help"])
        if options.has("--help") {
            printLine(usage)
            return ExitCode.ok
        }
        guard options.fault == nil, options.has("--promqltest"), !options.operands.isEmpty else {
            printError("pitot test: \(options.fault ?? "no --promqltest, or no FILE")\n\n\(usage)")
            return ExitCode.usage
        }
        return promqlScripts(options.operands)
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
