/**
 * The programs of a control plane, built from their Go modules. The first build takes minutes.
 * @module
 */
import { join } from 'node:path';
import { buildGo, goModule } from '../build-go.ts';
import { projectRoot } from '../run-gatehouse.ts';

const judges = join(projectRoot, 'test/kubernetes/judges');
const VERSION = 'v1.37.2'; // of go.mod there

const linked = [`gitVersion=${VERSION}`, 'gitMajor=1', 'gitMinor=37'];

/** `kube-apiserver`. */
export const apiServerProgram = (): string =>
  buildGo({
    folder: join(judges, 'api-server'),
    of: 'k8s.io/kubernetes/cmd/kube-apiserver',
    flags: ['-ldflags', `-s -w ${linked.map((value) => `-X k8s.io/component-base/version.${value}`).join(' ')}`],
  });

/** `etcd`, a version that knows progress on request: without it the API server has no lists by watch. */
export const etcdProgram = (): string => buildGo({ folder: join(judges, 'etcd') });

/** Files of the CustomResourceDefinitions of Istio, ClusterNetworkPolicy and Calico, by whose they are. */
export function crdFiles(): {
  readonly istio: string;
  readonly clusterNetworkPolicy: string;
  readonly calico: readonly string[];
} {
  const pinned = join(judges, 'crds');
  const calico = goModule(
    join(projectRoot, 'test/differential/kubernetes/calico-selectors'),
    'github.com/projectcalico/calico',
  );
  return {
    istio: join(goModule(pinned, 'istio.io/api'), 'kubernetes/customresourcedefinitions.gen.yaml'),
    clusterNetworkPolicy: join(
      goModule(pinned, 'sigs.k8s.io/network-policy-api'),
      'config/crd/standard/policy.networking.k8s.io_clusternetworkpolicies.yaml',
    ),
    calico: ['networkpolicies', 'globalnetworkpolicies', 'networksets', 'globalnetworksets'].map((plural) =>
      join(calico, `libcalico-go/config/crd/crd.projectcalico.org_${plural}.yaml`),
    ),
  };
}

/** `helm`. */
export const helmProgram = (): string =>
  buildGo({ folder: join(judges, 'helm'), of: 'helm.sh/helm/v4/cmd/helm', flags: ['-ldflags', '-s -w'] });
