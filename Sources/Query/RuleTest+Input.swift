public import Model
public import Text

extension RuleTest {
    /// The input series as promtool loads them; `fault` is why they are not. `round` is the file's
    /// `evaluation_interval`.
    public func inputSeries(
        round: TimeSpan
    ) -> (series: [SeriesNotation], fault: (position: SourcePosition, what: String)?) {
        do throws(RuleTestFault) {
            return (try RuleTestInput(self, round: round).series, nil)
        } catch {
            return ([], (error.position, error.what))
        }
    }
}
