import Alerting
import Model
import Text

// Alertmanager's `global`: what receivers have when they do not say otherwise.

/// The defaults of receivers.
struct GlobalSettings {
    var mail = EmailSettings(to: "")
    var slackURL: SecretText?
    var slackAppURL = "https://slack.com/api/chat.postMessage"
    var slackToken: SecretSource?
    var pagerdutyURL = "https://events.pagerduty.com/v2/enqueue"
    var opsgenieURL = "https://api.opsgenie.com/"
    var opsgenieKey: SecretSource?
    var http = HTTPSettings()
}

extension GlobalSettings {
    /// Reads `global`; the standard values when it is absent.
    static func read(_ outer: inout FieldReader) -> GlobalSettings {
        var global = GlobalSettings()
        guard let node = outer.optionalNode("global") else { return global }
        var fields = FieldReader(node, of: "global section")
        global.mail.from = fields.optionalString("smtp_from") ?? ""
        global.mail.smarthost = fields.optionalString("smtp_smarthost") ?? ""
        global.mail.hello = fields.optionalString("smtp_hello") ?? "localhost"
        global.mail.username = fields.optionalString("smtp_auth_username") ?? ""
        global.mail.identity = fields.optionalString("smtp_auth_identity") ?? ""
        global.mail.password =
            fields.secret("smtp_auth_password", ["smtp_auth_password_file"])
            ?? fields.secret("smtp_auth_secret", ["smtp_auth_secret_file"])
        global.mail.requiresTLS = fields.optionalBool("smtp_require_tls") ?? true
        if let tls = fields.optionalNode("smtp_tls_config") {
            global.mail.tls = TLSSettings.read(tls, &fields)
        }
        global.slackURL = fields.secretURL("slack_api_url", ["slack_api_url_file"])
        global.slackToken = fields.secret("slack_app_token", ["slack_app_token_file"])
        if let url = fields.plainURL("slack_app_url") { global.slackAppURL = url }
        if let url = fields.plainURL("pagerduty_url") { global.pagerdutyURL = url }
        if let url = fields.plainURL("opsgenie_api_url") { global.opsgenieURL = url }
        global.opsgenieKey = fields.secret("opsgenie_api_key", ["opsgenie_api_key_file"])
        if let http = fields.optionalNode("http_config") {
            global.http = HTTPSettings.read(http, &fields)
        }
        // Alerts of ours end when their rule says so.
        _ = fields.optionalDuration("resolve_timeout")
        // Of receivers that are refused where they are used.
        fields.allow(
            "victorops_api_key", "victorops_api_key_file", "victorops_api_url", "wechat_api_url",
            "wechat_api_secret", "wechat_api_secret_file", "wechat_api_corp_id",
            "telegram_api_url", "telegram_bot_token", "telegram_bot_token_file",
            "webex_api_url", "rocketchat_api_url", "rocketchat_token", "rocketchat_token_file",
            "rocketchat_token_id", "rocketchat_token_id_file", "jira_api_url",
            "mattermost_webhook_url",
            "mattermost_webhook_url_file")
        outer.add(fields.finish())
        return global
    }
}

extension HTTPSettings {
    /// Reads `http_config`.
    static func read(_ node: YAMLNode, _ outer: inout FieldReader) -> HTTPSettings {
        var http = HTTPSettings()
        var fields = FieldReader(node, of: "http_config")
        http.authorization = authorization(&fields)
        if let url = fields.secretURL("proxy_url", []) { http.proxyURL = url }
        http.noProxy = fields.optionalString("no_proxy") ?? ""
        http.followsRedirects = fields.optionalBool("follow_redirects") ?? false
        _ = fields.optionalBool("enable_http2")
        _ = fields.optionalBool("proxy_from_environment")
        if let tls = fields.optionalNode("tls_config") { http.tls = TLSSettings.read(tls, &fields) }
        for key in ["oauth2", "proxy_connect_header"] where fields.optionalNode(key) != nil {
            fields.fail(
                at: fields.position(of: key), "\(key) is not supported",
                expected: "authorization, basic_auth or none",
                hint: "put a proxy that signs requests in between")
        }
        outer.add(fields.finish())
        return http
    }

    /// At most one of the three ways to say who we are.
    private static func authorization(_ fields: inout FieldReader) -> SecretText? {
        var found: [SecretText] = []
        if let node = fields.optionalNode("authorization") {
            var inner = FieldReader(node, of: "authorization")
            let type = inner.optionalString("type") ?? "Bearer"
            if let secret = inner.secret("credentials", ["credentials_file"]) {
                found.append(SecretText([.text(type + " "), .secret(secret)]))
            }
            fields.add(inner.finish())
        }
        if let node = fields.optionalNode("basic_auth") {
            var inner = FieldReader(node, of: "basic_auth")
            let user = inner.optionalString("username") ?? ""
            let secret = inner.secret("password", ["password_file"])
            if inner.optionalNode("username_file") != nil {
                inner.fail(
                    at: inner.position(of: "username_file"), "username_file is not supported",
                    expected: "username", hint: "write the name; only the password is a secret")
            }
            found.append(
                SecretText([
                    .text("Basic "), .basic(user: user, password: secret ?? .given("")),
                ]))
            fields.add(inner.finish())
        }
        if let secret = fields.secret("bearer_token", ["bearer_token_file"]) {
            found.append(SecretText([.text("Bearer "), .secret(secret)]))
        }
        if found.count > 1 {
            fields.fail(
                at: fields.node, "more than one of authorization, basic_auth and bearer_token",
                expected: "one")
        }
        return found.first
    }
}

extension TLSSettings {
    /// Reads `tls_config`.
    static func read(_ node: YAMLNode, _ outer: inout FieldReader) -> TLSSettings {
        var tls = TLSSettings()
        var fields = FieldReader(node, of: "tls_config")
        tls.caFile = fields.optionalString("ca_file") ?? ""
        tls.certFile = fields.optionalString("cert_file") ?? ""
        tls.keyFile = fields.optionalString("key_file") ?? ""
        tls.serverName = fields.optionalString("server_name") ?? ""
        tls.skipsVerification = fields.optionalBool("insecure_skip_verify") ?? false
        for key in ["min_version", "max_version"] {
            guard let version = fields.optionalString(key) else { continue }
            if !["TLS10", "TLS11", "TLS12", "TLS13"].contains(version) {
                fields.fail(
                    at: fields.position(of: key), "\(key) \"\(version)\"",
                    expected: "TLS10, TLS11, TLS12 or TLS13")
            }
        }
        if (tls.certFile.isEmpty) != (tls.keyFile.isEmpty) {
            fields.fail(
                at: fields.node, "cert_file and key_file belong together", expected: "both")
        }
        if !tls.serverName.isEmpty {
            fields.fail(
                at: fields.position(of: "server_name"), "server_name is not supported",
                expected: "a host in the address that its certificate names")
        }
        for key in ["ca", "cert", "key"] where fields.optionalNode(key) != nil {
            fields.fail(
                at: fields.position(of: key), "\(key) inline is not supported",
                expected: "\(key)_file")
        }
        outer.add(fields.finish())
        return tls
    }
}
