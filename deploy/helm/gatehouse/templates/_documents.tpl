{{/* Lays the second map over the first, key by key; null takes a key away. */}}
{{- define "gatehouse.lay" -}}
{{- $below := index . 0 -}}
{{- range $key, $above := index . 1 -}}
{{- $old := get $below $key -}}
{{- if and (kindIs "map" $old) (kindIs "map" $above) -}}
{{- include "gatehouse.lay" (list $old $above) -}}
{{- else if kindIs "invalid" $above -}}
{{- $_ := unset $below $key -}}
{{- else -}}
{{- $_ := set $below $key $above -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "gatehouse.document" -}}
{{- include "gatehouse.lay" . -}}
{{- toYaml (index . 0) -}}
{{- end -}}

{{- define "gatehouse.json" -}}
{{- include "gatehouse.lay" . -}}
{{- toJson (index . 0) -}}
{{- end -}}

{{- define "gatehouse.authority" -}}
trustDomain: {{ $.Values.trustDomain | toJson }}
dataDir: /var/lib/gatehouse/data
{{- if (eq $.Values.authority.store "postgres") }}
store: {{ $.Values.authority.postgres.url | toJson }}
{{- else }}
store: "sqlite:/var/lib/gatehouse/data/gatehouse.db"
{{- end }}
{{- if $.Values.authority.keyEncryptionKey.name }}
authority:
  keyEncryptionKeyFile: /run/secrets/gatehouse/kek/kek
{{- end }}
policies:
  paths: []
attestation:
  kubernetes:
    {{- if $.Values.istioCa.enabled }}
    audience:
    - gatehouse
    - istio-ca
    {{- else }}
    audience: gatehouse
    {{- end }}
    implicit:
      namespaces: {{ $.Values.identity.namespaces | toJson }}
      {{- if $.Values.identity.namespaceLabels }}
      namespaceSelector:
        matchLabels: {{ $.Values.identity.namespaceLabels | toJson }}
      {{- end }}
    nodeProxies: {{ $.Values.istioCa.nodeProxies | toJson }}
    clusterId: {{ $.Values.istioCa.clusterId | toJson }}
{{- if (or (not (and $.Values.node.enabled (eq $.Values.authority.store "postgres"))) (not (eq $.Values.admission.check "off"))) }}
roles:
- authority
- decider
{{- else }}
roles:
- authority
{{- end }}
{{- if (or (not (and $.Values.node.enabled (eq $.Values.authority.store "postgres"))) (not (eq $.Values.admission.check "off"))) }}
kubernetes:
  kubeconfig: ""
  policies: true
  registry: true
  status: {{ $.Values.status.enabled | toJson }}
  {{- if $.Values.signer.enabled }}
  signer:
    name: {{ $.Values.signer.name | toJson }}
    ttl: {{ $.Values.signer.ttl | toJson }}
  {{- end }}
  {{- if (or $.Values.signer.enabled (and $.Values.status.enabled (or (not (and $.Values.node.enabled (eq $.Values.authority.store "postgres"))) (not (eq $.Values.admission.check "off"))))) }}
  leader:
    lease: {{ $.Values.name | toJson }}
  {{- end }}
{{- else }}
kubernetes:
  kubeconfig: ""
  policies: false
  registry: false
  {{- if $.Values.signer.enabled }}
  signer:
    name: {{ $.Values.signer.name | toJson }}
    ttl: {{ $.Values.signer.ttl | toJson }}
  {{- end }}
  {{- if (or $.Values.signer.enabled (and $.Values.status.enabled (or (not (and $.Values.node.enabled (eq $.Values.authority.store "postgres"))) (not (eq $.Values.admission.check "off"))))) }}
  leader:
    lease: {{ $.Values.name | toJson }}
  {{- end }}
{{- end }}
listen:
  workloadApi: "unix:/run/gatehouse/workload.sock"
  extAuthz: {{ list $.Values.listenAddress ":9191" | join "" | toJson }}
  admin: "unix:/run/gatehouse/admin.sock"
  health: {{ list $.Values.listenAddress ":9909" | join "" | toJson }}
  feed: {{ list $.Values.listenAddress ":9444" | join "" | toJson }}
  {{- if $.Values.istioCa.enabled }}
  istioCa: {{ list $.Values.listenAddress ":15012" | join "" | toJson }}
  {{- end }}
  {{- if (not (eq $.Values.admission.check "off")) }}
  admission: {{ list $.Values.listenAddress ":8443" | join "" | toJson }}
  {{- end }}
{{- if (not (eq $.Values.admission.check "off")) }}
admission:
  check: {{ $.Values.admission.check | toJson }}
  prove: {{ $.Values.admission.prove | toJson }}
  service: {{ list $.Values.name "-authority." $.Release.Namespace | join "" | toJson }}
  configuration: {{ $.Values.name | toJson }}
{{- end }}
tls:
  dnsNames:
  - {{ list $.Values.name "-authority." $.Release.Namespace ".svc" | join "" | toJson }}
  - {{ list $.Values.name "-authority." $.Release.Namespace ".svc.cluster.local" | join "" | toJson }}
{{- end -}}

{{- define "gatehouse.node" -}}
trustDomain: {{ $.Values.trustDomain | toJson }}
dataDir: /var/lib/gatehouse/data
{{- if (eq $.Values.authority.store "postgres") }}
store: {{ $.Values.authority.postgres.url | toJson }}
{{- else }}
store: "sqlite:/var/lib/gatehouse/data/gatehouse.db"
{{- end }}
{{- if $.Values.authority.keyEncryptionKey.name }}
authority:
  keyEncryptionKeyFile: /run/secrets/gatehouse/kek/kek
{{- end }}
policies:
  paths: []
attestation:
  kubernetes:
    {{- if $.Values.istioCa.enabled }}
    audience:
    - gatehouse
    - istio-ca
    {{- else }}
    audience: gatehouse
    {{- end }}
    implicit:
      namespaces: {{ $.Values.identity.namespaces | toJson }}
      {{- if $.Values.identity.namespaceLabels }}
      namespaceSelector:
        matchLabels: {{ $.Values.identity.namespaceLabels | toJson }}
      {{- end }}
    nodeProxies: {{ $.Values.istioCa.nodeProxies | toJson }}
    clusterId: {{ $.Values.istioCa.clusterId | toJson }}
roles:
- authority
- decider
kubernetes:
  kubeconfig: ""
  policies: true
  registry: true
listen:
  workloadApi: "unix:/run/gatehouse/workload.sock"
  extAuthz: {{ list $.Values.listenAddress ":9191" | join "" | toJson }}
  admin: "unix:/run/gatehouse/admin.sock"
  health: {{ list $.Values.listenAddress ":9909" | join "" | toJson }}
tls:
  dnsNames:
  - {{ list $.Values.name "-ext-authz." $.Release.Namespace ".svc" | join "" | toJson }}
  - {{ list $.Values.name "-ext-authz." $.Release.Namespace ".svc.cluster.local" | join "" | toJson }}
{{- end -}}
