import Alerting
import Model
import Text

// `noise` and `watchdog` of `pitot.yaml`: what keeps storms from people, and what tells them that
// the silence is a good one.

/// Reads `noise` and `watchdog`.
struct NoiseReader {
    private(set) var diagnostics: [Diagnostic] = []

    mutating func read(
        _ outer: inout FieldReader, into settings: inout NotifierSettings, receivers: Set<String>
    ) {
        settings.flapping = FlapSettings()
        if let node = outer.optionalNode("noise") {
            var fields = FieldReader(node, of: "noise")
            readNoise(&fields, into: &settings)
            diagnostics += fields.finish()
        }
        if let node = outer.optionalNode("watchdog") {
            var fields = FieldReader(node, of: "watchdog")
            readWatchdog(&fields, into: &settings, receivers)
            diagnostics += fields.finish()
        }
    }

    private mutating func readNoise(
        _ fields: inout FieldReader, into settings: inout NotifierSettings
    ) {
        if let hold = fields.optionalDuration("resolveHold") {
            settings.resolveHold = hold
            if hold > .hours(24) {
                fields.fail(
                    at: fields.position(of: "resolveHold"), "resolveHold is out of range",
                    expected: "0s to 24h")
            }
        }
        guard let node = fields.optionalNode("flapping") else { return }
        if node.asString == "off" || node.asBool == false {
            settings.flapping = nil
            return
        }
        var inner = FieldReader(node, of: "flapping")
        let standard = FlapSettings()
        let flapping = FlapSettings(
            transitions: inner.optionalInteger("transitions") ?? standard.transitions,
            window: inner.optionalDuration("window") ?? standard.window)
        if !(2...1000).contains(flapping.transitions) {
            inner.fail(
                at: inner.position(of: "transitions"), "transitions is out of range",
                expected: "2 to 1000")
        }
        if flapping.window < .minutes(1) || flapping.window > .hours(24) {
            inner.fail(
                at: inner.position(of: "window"), "window is out of range", expected: "1m to 24h")
        }
        settings.flapping = flapping
        diagnostics += inner.finish()
    }

    private func readWatchdog(
        _ fields: inout FieldReader, into settings: inout NotifierSettings,
        _ receivers: Set<String>
    ) {
        guard let receiver = fields.string("receiver") else { return }
        let interval = fields.optionalDuration("interval") ?? .minutes(1)
        if interval < .seconds(1) || interval > .hours(24) {
            fields.fail(
                at: fields.position(of: "interval"), "interval is out of range",
                expected: "1s to 24h")
        }
        guard receivers.contains(receiver) else {
            fields.fail(
                at: fields.position(of: "receiver"), "no receiver is called \"\(receiver)\"",
                expected: "one of " + receivers.sorted().joined(separator: ", "))
            return
        }
        let watchdog = WatchdogSettings(receiver: receiver, interval: interval)
        settings.watchdog = watchdog
        settings.route?.children.insert(watchdog.route, at: 0)
    }
}
