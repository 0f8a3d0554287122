import Text

extension AgentCore {
    /// What was asked for SLIs, and answered: asked = answered + lost + under way.
    func writeAsks(into out: inout ExpositionWriter) {
        out.single(
            "pitot_asks_total", .counter, "Questions asked for SLIs.", Double(asks.tally.asked))
        out.single(
            "pitot_asks_lost_total", .counter, "Questions that were never answered.",
            Double(asks.tally.lost))
        out.metric("pitot_asks_answered_total", .counter, "Answers, by question and outcome.")
        for (key, count) in asks.tally.answers.sorted(by: { $0.key < $1.key }) {
            let parts = key.split(separator: "/").map(String.init)
            out.sample(
                "pitot_asks_answered_total", [("kind", parts[0]), ("outcome", parts[1])],
                Double(count))
        }
    }
}
