{{- /* SPDX-License-Identifier: BSD-2-Clause */ -}}
{{- define "exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "exporter.fullname" -}}
{{- $name := include "exporter.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "exporter.selector" -}}
app.kubernetes.io/name: {{ include "exporter.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "exporter.labels" -}}
{{ include "exporter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "exporter.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "exporter.probe" -}}
{{- if .root.Values.webConfig.existingSecret -}}
tcpSocket:
  port: metrics
{{- else -}}
httpGet:
  path: {{ .path }}
  port: metrics
{{- end -}}
{{- end -}}

{{- /* Kubernetes gives capabilities to root only. */ -}}
{{- define "exporter.securityContext" -}}
runAsUser: 0
runAsGroup: 0
readOnlyRootFilesystem: true
{{- if eq .Values.privileges "privileged" }}
privileged: true
{{- else }}
privileged: false
{{- /* Kubernetes refuses the combination with SYS_ADMIN. */}}
{{- if eq .Values.privileges "capabilities" }}
allowPrivilegeEscalation: false
{{- end }}
capabilities:
  drop:
    - ALL
  add:
    {{- if eq .Values.privileges "sys-admin" }}
    - SYS_ADMIN
    - SYS_PTRACE
    - DAC_READ_SEARCH
    {{- else }}
    - BPF
    - PERFMON
    - SYS_PTRACE
    - DAC_READ_SEARCH
    - CHECKPOINT_RESTORE
    {{- end }}
seccompProfile:
  type: {{ .Values.seccomp.type }}
  {{- if eq .Values.seccomp.type "Localhost" }}
  localhostProfile: {{ .Values.seccomp.localhostProfile | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{- /* What the values say comes first: the same key twice would be refused. */ -}}
{{- define "exporter.endpoint" -}}
{{- $endpoint := dict "port" "metrics" "path" "/metrics" "interval" .monitor.interval -}}
{{- with .monitor.scrapeTimeout }}{{ $_ := set $endpoint "scrapeTimeout" . }}{{ end -}}
{{- /* namespace, pod and container are those of the observed Gunicorn, not the exporter's own. */ -}}
{{- $_ := set $endpoint "honorLabels" true -}}
{{ mergeOverwrite $endpoint (.monitor.endpoint | default dict) | toYaml }}
{{- end -}}
