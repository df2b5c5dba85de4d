package trial

import (
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gatehouse.test/istiojudge/internal/ask"
)

// Vector is one question and its answer.
type Vector struct {
	ID       string         `json:"id"`
	Set      string         `json:"set"`
	World    string         `json:"world"`
	Tier     int            `json:"tier"`
	Kind     string         `json:"kind"`
	Check    string         `json:"check"`
	Status   int            `json:"status"`
	Body     *string        `json:"body,omitempty"`
	GRPC     string         `json:"grpc_status,omitempty"`
	By       string         `json:"by,omitempty"`
	Details  string         `json:"details,omitempty"`
	WWW      string         `json:"www_authenticate,omitempty"`
	Shadow   map[string]any `json:"shadow,omitempty"`
	Features []string       `json:"features,omitempty"`
	Request  *ask.Request   `json:"request,omitempty"`
}

var (
	policyID = regexp.MustCompile(`rbac_access_denied_matched_policy\[(.*)\]$`)
	jwtText  = regexp.MustCompile(`jwt_authn_access_denied\{(.*)\}`)
)

// vector joins what was asked, what was answered and what Envoy logged. Lost is why there is no verdict: the filters were never reached, or
// something else answered.
func (t *Trial) vector(j *job) (v Vector, lost string) {
	if j.err != nil {
		return v, trim(j.err.Error())
	}
	q, line := j.request, t.httpLog[j.id]
	if q.TCP {
		line = t.tcpLog[j.reply.Local]
	}
	if j.asked == nil {
		return v, fmt.Sprintf("not asked, %d", j.reply.Status)
	}
	v = Vector{ID: j.id, Set: j.of.Workload.Namespace, Kind: "http", Check: base64.StdEncoding.EncodeToString(j.asked), Status: j.reply.Status,
		WWW: j.reply.Header("www-authenticate"), GRPC: j.reply.Header("grpc-status"), Request: q}
	if q.TCP {
		v.Kind = "tcp"
	}
	v.read(line)
	if v.Status == 404 && v.Details == "route_not_found" {
		v.Status = 200 // every filter let it pass; only our one route did not fit
	}
	if !v.isConsistent() {
		return v, fmt.Sprintf("status %d details %q", v.Status, trim(v.Details))
	}
	if v.Status != 200 && j.reply.HasBody && !q.TCP {
		v.Body = &j.reply.Body
	}
	features := maps.Clone(j.of.Features)
	maps.Copy(features, q.Features)
	v.Features = slices.Sorted(maps.Keys(features))
	return v, ""
}

// read takes what Envoy logged.
func (v *Vector) read(line map[string]any) {
	if v.Details = str(line["details"]); v.Details == "-" {
		v.Details = ""
	}
	if md, ok := line["rbac"].(map[string]any); ok {
		v.By = str(md["enforced_effective_policy_id"])
		delete(md, "enforced_effective_policy_id")
		delete(md, "enforced_engine_result")
		v.Shadow = md
	}
	if m := policyID.FindStringSubmatch(v.Details); m != nil {
		v.By = m[1]
	} else if m := jwtText.FindStringSubmatch(v.Details); m != nil {
		v.By = m[1]
	}
}

func (v *Vector) isConsistent() bool {
	rbac, jwt := strings.HasPrefix(v.Details, "rbac_access_denied"), strings.HasPrefix(v.Details, "jwt_authn")
	switch v.Status {
	case 200:
		return v.Details == "direct_response" || v.Details == "route_not_found" || v.Kind == "tcp" && !rbac
	case 401:
		return jwt
	case 403:
		return rbac || jwt
	}
	return false
}

func str(v any) string { s, _ := v.(string); return s }

func trim(s string) string {
	if i := strings.Index(s, "->"); i > 0 {
		if j := strings.Index(s[i:], ": "); j > 0 {
			s = s[i+j:]
		}
	}
	return s[:min(90, len(s))]
}
