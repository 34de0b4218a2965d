{{- define "varve.name" -}}
{{- printf "%s-operator" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "varve.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "varve.name" .) -}}
{{- end -}}

{{- define "varve.selector" -}}
app.kubernetes.io/name: varve-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "varve.labels" -}}
{{ include "varve.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}
