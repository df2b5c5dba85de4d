/**
 * Ports of Services in policies that are asked about the ports of containers.
 * @module
 */
import type { Expr, Policy, TransportPolicy } from '../../policy/model.ts';
import type { Endpoint } from '../../policy/registry/registry.ts';
import type { LintFinding } from './scene/lint-finding.ts';
import type { LintScene } from './scene/lint-scene.ts';

interface AskedPort {
  readonly policy: Policy | TransportPolicy;
  readonly position: Policy['position'];
  readonly path: string;
  readonly port: number;
}

/** One finding a policy and port (`service-port`). Callers come to the port of the container, whatever the Service's. */
export function servicePorts(scene: LintScene): LintFinding[] {
  const seen = new Set<string>();
  return askedPorts(scene).flatMap(({ policy, position, path, port }) => {
    const key = JSON.stringify([policy.ref, port]);
    if (seen.has(key)) return [];
    seen.add(key);
    const selected = scene.workloadsSelectedBy(policy.subject);
    if (selected.some((endpoint) => listensOn(endpoint, port))) return [];
    const instead = selected.flatMap(({ behind = [] }) => behind.filter(({ own }) => own === port))[0];
    if (instead === undefined) return [];
    const { ref } = policy;
    return [
      {
        ...position,
        severity: 'warning' as const,
        code: 'service-port' as const,
        path,
        message: `${ref.kind} ${ref.namespace === '' ? '' : `${ref.namespace}/`}${ref.name} names port ${port}, which is that of ${instead.service}: connections come to port ${instead.port} of the container`,
        fix: `write ${instead.port}`,
        witness: null,
        owners: scene.owners(policy),
      },
    ];
  });
}

const listensOn = ({ ports, behind = [] }: Endpoint, wanted: number): boolean =>
  ports.some(({ port }) => port === wanted) || behind.some(({ port }) => port === wanted);

function askedPorts(scene: LintScene): readonly AskedPort[] {
  const ofTransport = scene.deps.model.planes
    .flatMap(({ stages }) => stages.flatMap((stage) => (stage.kind === 'transport' ? stage.policies : [])))
    .flatMap((policy) =>
      policy.ports.map(([port]) => ({ policy, position: policy.position, path: `spec.portLevelMtls.${port}`, port })),
    );
  const ofRules = scene.rules
    .filter(({ plane, stage }) => plane !== 'site' && stage.direction !== 'egress')
    .flatMap(({ policy, rule }) =>
      portsIn(rule.http).map((port) => ({ policy, position: rule.position, path: '', port })),
    );
  return [...ofTransport, ...ofRules];
}

function portsIn(expr: Expr): readonly number[] {
  if (expr.op === 'all' || expr.op === 'any') return expr.of.flatMap(portsIn);
  if (expr.op === 'not') return portsIn(expr.of);
  return expr.op === 'port' && expr.fact === 'destinationPort'
    ? expr.any.flatMap(({ from, to }) => (from === to ? [from] : []))
    : [];
}
