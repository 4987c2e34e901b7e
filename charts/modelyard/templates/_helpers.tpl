{{- define "modelyard.name" -}}
{{- .Values.fullnameOverride | default (printf "%s-operator" (trunc 44 .Release.Name | trimSuffix "-")) -}}
{{- end }}

{{- define "modelyard.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "modelyard.name" .) -}}
{{- end }}

{{/* The operator, as the API server knows it. */}}
{{- define "modelyard.user" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "modelyard.serviceAccount" . }}
{{- end }}

{{/* What the pods are selected by. It never changes: a Deployment's selector cannot. */}}
{{- define "modelyard.selector" -}}
app.kubernetes.io/name: modelyard-operator
{{- end }}

{{/* What the chart adds to the labels of every object. */}}
{{- define "modelyard.release" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "modelyard.labels" -}}
{{ include "modelyard.selector" . }}
app.kubernetes.io/part-of: modelyard
{{ include "modelyard.release" . }}
{{- end }}

{{/* An image's reference: (list ROOT IMAGE). */}}
{{- define "modelyard.image" -}}
{{- $root := index . 0 }}{{ $image := index . 1 -}}
{{- with $root.Values.images.registry }}{{ . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default $root.Chart.AppVersion }}{{ end -}}
{{- end }}

{{/* A generated object with the release's labels: (list ROOT OBJECT). */}}
{{- define "modelyard.object" -}}
{{- $root := index . 0 }}{{ $object := index . 1 -}}
{{- $labels := merge (dict) ($object.metadata.labels | default dict) (include "modelyard.release" $root | fromYaml) -}}
{{- $_ := set $object.metadata "labels" $labels -}}
{{ toYaml $object }}
{{- end }}

{{- define "modelyard.subject" -}}
- kind: ServiceAccount
  name: {{ include "modelyard.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}
