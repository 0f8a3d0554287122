// A parsed template. Trees are at most `TemplateLimits.depthMax` levels deep.

/// One thing a template does.
indirect enum TemplateNode: Sendable {
    case text(String)
    case action(TemplatePipeline)
    case choice(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    case with(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    case range(TemplatePipeline, body: [TemplateNode], otherwise: [TemplateNode])
    case template(String, TemplatePipeline?, at: Int)
    case stop
    case next
}

struct TemplatePipeline: Sendable {
    var at: Int
    /// `$x :=`, `$i, $x :=`.
    var variables: [String] = []
    var isAssignment = false
    var commands: [TemplateCommand] = []

    /// Whether what it prints is marked as HTML already.
    var isSafe: Bool {
        guard case .function(let name)? = commands.last?.operands.first?.kind else { return false }
        return name == "safeHtml" || name == "html"
    }
}

struct TemplateCommand: Sendable {
    var operands: [TemplateOperand]
}

struct TemplateOperand: Sendable {
    indirect enum Kind: Sendable {
        case dot
        case constant(TemplateValue)
        case variable(String)
        case function(String)
        case pipeline(TemplatePipeline)
    }

    var kind: Kind
    /// `.Labels.job` behind it, or alone when the kind is dot.
    var fields: [String] = []
    /// Where it stands, and its text, for errors.
    var at: Int
    var text: String
}

/// Tokens inside an action.
struct TemplateToken: Sendable {
    enum Kind: Sendable, Equatable {
        case word(String)
        case field(String)
        case variable(String)
        case string(String)
        case number(String)
        case character(Int64)
        case dot, pipe, comma, open, close, declare, assign, end
    }

    var kind: Kind
    var start: Int
    var end: Int
    /// Whether a blank stands before it.
    var isSpaced: Bool
}
