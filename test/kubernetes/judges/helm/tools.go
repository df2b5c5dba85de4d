//go:build tools

package judges

import _ "helm.sh/helm/v4/cmd/helm"
