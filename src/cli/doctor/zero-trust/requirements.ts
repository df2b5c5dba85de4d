/**
 * The five requirements of a zero trust network, and what each is judged by.
 * @module
 */
import { everythingElseIsDenied } from './default-deny.ts';
import { everyPathIsEncrypted } from './encrypted.ts';
import { everyWorkloadIsEnforced } from './enforced.ts';
import type { Evidence } from './evidence.ts';
import { type Finding, type State, stateOf } from './finding.ts';
import { identityIsCertificateAndPlace } from './identity.ts';
import { noWayRound } from './no-way-round.ts';

interface Requirement {
  readonly number: number;
  readonly name: string;
  /** What no evidence of ours can reach. */
  readonly beyond: string;
  readonly judge: (evidence: Evidence) => readonly Finding[];
}

const requirements: readonly Requirement[] = [
  {
    number: 1,
    name: 'every workload is enforced',
    beyond:
      'whether every replica of a workload has the Envoy that one was seen to have, and workloads that are in no registry',
    judge: everyWorkloadIsEnforced,
  },
  {
    number: 2,
    name: 'identity is certificate and place',
    beyond: 'whether the network lets somebody send from an address that is not his',
    judge: identityIsCertificateAndPlace,
  },
  {
    number: 3,
    name: 'everything else is denied',
    beyond: 'whether the network plugin enforces what pods may send to addresses outside of the mesh',
    judge: everythingElseIsDenied,
  },
  {
    number: 4,
    name: 'no way round the sidecar',
    beyond:
      'the redirection of packets into the sidecar, the kernel, the node, and who may write to the cluster or to the repository of policies',
    judge: noWayRound,
  },
  {
    number: 5,
    name: 'every path is encrypted',
    beyond: 'connections that workloads make themselves, past any Envoy',
    judge: everyPathIsEncrypted,
  },
];

/** One requirement, judged. */
export interface Judged {
  readonly number: number;
  readonly name: string;
  readonly state: State;
  readonly findings: readonly Finding[];
  readonly beyond: string;
}

/** All five, in their order. */
export function judgeAll(evidence: Evidence): readonly Judged[] {
  return requirements.map(({ number, name, beyond, judge }) => {
    const findings = judge(evidence);
    return { number, name, state: stateOf(findings), findings, beyond };
  });
}

/** 0: all true; 1: one is false; 2: none is false, and one is unknown. */
export function exitCodeOf(judged: readonly Judged[]): 0 | 1 | 2 {
  if (judged.some(({ state }) => state === 'false')) return 1;
  return judged.every(({ state }) => state === 'true') ? 0 : 2;
}
