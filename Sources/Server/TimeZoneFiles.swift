public import Agent
import Glibc
import Model

/// Where the system keeps IANA's time zones; `TZDIR` names another folder, as for the C library.
private let zoneFolder = getenv("TZDIR").map { String(cString: $0) } ?? "/usr/share/zoneinfo"

extension ConfigurationFiles {
    /// With the files of the time zones that the rules name. One that is not there is left out: the
    /// rule that names it says so.
    public func addingTimeZones() -> ConfigurationFiles {
        adding(
            zones: zoneNames.compactMap { name in
                readFile(zoneFolder + "/" + name, limit: TimeZoneRules.bytesMax).map {
                    SourceFile(path: name, bytes: $0)
                }
            })
    }
}
