extension IntegrationMessage {
    /// Every text of it that may be a template.
    public var templates: [String] {
        switch self {
        case .webhook(let webhook):
            var texts = webhook.body.map { [$0] } ?? []
            for header in webhook.headers {
                for case .text(let text) in header.value.pieces { texts.append(text) }
            }
            return texts
        case .slack(let slack):
            return [
                slack.channel, slack.username, slack.color, slack.title, slack.titleLink,
                slack.pretext, slack.text, slack.fallback, slack.callbackID, slack.footer,
                slack.iconEmoji, slack.iconURL, slack.imageURL, slack.thumbURL,
            ] + slack.fields.flatMap { [$0.title, $0.value] }
                + slack.actions.flatMap { [$0.text, $0.url, $0.style] }
        case .pagerduty(let pager):
            return [
                pager.client, pager.clientURL, pager.description, pager.severity, pager.source,
                pager.component, pager.group, pager.eventClass,
            ] + pager.details.map(\.value) + PagerDutySettings.standardDetails.map(\.value)
                + (pager.links + pager.images).flatMap { [$0.href, $0.text] }
        case .opsgenie(let alert):
            return [
                alert.message, alert.description, alert.source, alert.tags, alert.actions,
                alert.note, alert.priority, alert.entity,
            ] + alert.details.map(\.value) + alert.responders.flatMap { [$0.value, $0.type] }
        case .msteams(let card): return [card.title, card.text]
        case .googleChat(let chat): return [chat.title, chat.text]
        case .email(let mail):
            return [mail.to, mail.from, mail.html, mail.text] + mail.headers.map(\.value)
        }
    }
}
