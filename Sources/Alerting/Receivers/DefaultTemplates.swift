/// The templates that receivers refer to when the configuration does not say otherwise, under the
/// names that Alertmanager gives them. The texts are ours and read the same.
enum DefaultTemplates {
    static let text = subjects + lists + chats + services + mail

    private static let subjects = #"""
        {{- define "__alertmanager" }}Pitot{{ end -}}
        {{- define "__alertmanagerURL" -}}
        {{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}
        {{- end -}}
        {{- define "__subject" -}}
        [{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}\#
        {{ end }}] {{ .GroupLabels.SortedPairs.Values | join " " }} \#
        {{ if gt (len .CommonLabels) (len .GroupLabels) }}(\#
        {{ with .CommonLabels.Remove .GroupLabels.Names }}{{ .Values | join " " }}{{ end }})\#
        {{ end }}
        {{- end -}}
        {{- define "__description" }}{{ end -}}
        {{- define "__single_message_title" -}}
        [{{ .Status | toUpper }}] {{ .CommonLabels.alertname }}
        {{- end -}}

        """#

    private static let lists = #"""
        {{- define "__text_alert_list" -}}
        {{ range . }}Labels:
        {{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
        {{ end }}Annotations:
        {{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}
        {{ end }}Source: {{ .GeneratorURL }}
        {{ end }}{{ end -}}
        {{- define "__text_alert_list_markdown" -}}
        {{ range . }}
        Labels:
        {{ range .Labels.SortedPairs }}  - {{ .Name }} = {{ .Value }}
        {{ end }}
        Annotations:
        {{ range .Annotations.SortedPairs }}  - {{ .Name }} = {{ .Value }}
        {{ end }}
        Source: {{ .GeneratorURL }}
        {{ end }}
        {{ end -}}

        """#

    private static let chats = #"""
        {{- define "slack.default.title" }}{{ template "__subject" . }}{{ end -}}
        {{- define "slack.default.username" }}{{ template "__alertmanager" . }}{{ end -}}
        {{- define "slack.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end -}}
        {{- define "slack.default.fallback" -}}
        {{ template "slack.default.title" . }} | {{ template "slack.default.titlelink" . }}
        {{- end -}}
        {{- define "slack.default.color" -}}
        {{ if eq .Status "firing" }}danger{{ else }}good{{ end }}
        {{- end -}}
        {{- define "slack.default.pretext" }}{{ end -}}
        {{- define "slack.default.text" }}{{ end -}}
        {{- define "slack.default.callbackid" }}{{ end -}}
        {{- define "slack.default.footer" }}{{ end -}}
        {{- define "slack.default.iconemoji" }}{{ end -}}
        {{- define "slack.default.iconurl" }}{{ end -}}
        {{- define "msteams.default.title" }}{{ template "__subject" . }}{{ end -}}
        {{- define "msteams.default.summary" }}{{ template "__subject" . }}{{ end -}}
        {{- define "msteamsv2.default.title" }}{{ template "__subject" . }}{{ end -}}
        {{- define "msteamsv2.default.text" }}
        {{ if gt (len .Alerts.Firing) 0 }}
        # Alerts Firing:
        {{ template "__text_alert_list_markdown" .Alerts.Firing }}
        {{ end }}
        {{ if gt (len .Alerts.Resolved) 0 }}
        # Alerts Resolved:
        {{ template "__text_alert_list_markdown" .Alerts.Resolved }}
        {{ end }}
        {{ end -}}
        {{- define "msteams.default.text" }}{{ template "msteamsv2.default.text" . }}{{ end -}}
        {{- define "googlechat.default.title" }}{{ template "__subject" . }}{{ end -}}
        {{- define "googlechat.default.text" -}}
        {{ range .Alerts }}{{ .Status | toUpper }} {{ with .Annotations.summary }}{{ . }}\#
        {{ else }}{{ .Labels.SortedPairs.Values | join " " }}{{ end }}\#
        {{ with .GeneratorURL }} <{{ . }}|source>{{ end }}
        {{ end }}{{ end -}}

        """#

    private static let services = #"""
        {{- define "pagerduty.default.description" }}{{ template "__subject" . }}{{ end -}}
        {{- define "pagerduty.default.client" }}{{ template "__alertmanager" . }}{{ end -}}
        {{- define "pagerduty.default.clientURL" }}{{ template "__alertmanagerURL" . }}{{ end -}}
        {{- define "pagerduty.default.instances" }}{{ template "__text_alert_list" . }}{{ end -}}
        {{- define "opsgenie.default.message" }}{{ template "__subject" . }}{{ end -}}
        {{- define "opsgenie.default.description" -}}
        {{ .CommonAnnotations.SortedPairs.Values | join " " }}
        {{ if gt (len .Alerts.Firing) 0 -}}
        Alerts Firing:
        {{ template "__text_alert_list" .Alerts.Firing }}
        {{ end }}{{ if gt (len .Alerts.Resolved) 0 -}}
        Alerts Resolved:
        {{ template "__text_alert_list" .Alerts.Resolved }}
        {{ end }}{{ end -}}
        {{- define "opsgenie.default.source" }}{{ template "__alertmanagerURL" . }}{{ end -}}

        """#

    private static let mail = #"""
        {{- define "email.default.subject" }}{{ template "__subject" . }}{{ end -}}
        {{- define "__email_rows" -}}
        {{ range . }}<div style="border-left:4px solid {{ if eq .Status "firing" }}#d63333\#
        {{ else }}#2a8f4a{{ end }};padding:4px 12px;margin:12px 0">
        <p><strong>Labels</strong><br>
        {{ range .Labels.SortedPairs }}{{ .Name }} = {{ .Value }}<br>
        {{ end }}</p>
        {{ if gt (len .Annotations) 0 }}<p><strong>Annotations</strong><br>
        {{ range .Annotations.SortedPairs }}{{ .Name }} = {{ .Value }}<br>
        {{ end }}</p>
        {{ end }}{{ with .GeneratorURL }}<p><a href="{{ . }}">Source</a></p>
        {{ end }}</div>
        {{ end }}{{ end -}}
        {{- define "email.default.html" -}}
        <!DOCTYPE html>
        <html><head><meta charset="utf-8"><title>{{ template "__subject" . }}</title></head>
        <body style="font-family:sans-serif;color:#222">
        <h2>{{ .Alerts | len }} alert{{ if gt (len .Alerts) 1 }}s{{ end }} for \#
        {{ range .GroupLabels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}</h2>
        <p><a href="{{ template "__alertmanagerURL" . }}">View in \#
        {{ template "__alertmanager" . }}</a></p>
        {{ if gt (len .Alerts.Firing) 0 }}<h3>[{{ .Alerts.Firing | len }}] Firing</h3>
        {{ template "__email_rows" .Alerts.Firing }}{{ end }}\#
        {{ if gt (len .Alerts.Resolved) 0 }}<h3>[{{ .Alerts.Resolved | len }}] Resolved</h3>
        {{ template "__email_rows" .Alerts.Resolved }}{{ end }}<p><a href="\#
        {{ .ExternalURL }}">Sent by {{ template "__alertmanager" . }}</a></p>
        </body></html>
        {{ end -}}

        """#
}
