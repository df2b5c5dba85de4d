/**
 * Istio's own agent: its citadel client and secret manager, as a program.
 * @module
 */
import { join } from 'node:path';
import { buildGo } from '../build-go.ts';
import { startChild } from '../child.ts';
import { projectRoot } from '../run-gatehouse.ts';

/** What a pod tells it by environment and files. */
export interface AgentWords {
  readonly Address: string;
  readonly ServerName: string;
  readonly RootFile: string;
  readonly TokenFile: string;
  /** The certificate that it shows the CA, where it has one. */
  readonly CertFile?: string;
  readonly KeyFile?: string;
  /** Where it writes certificate and key. */
  readonly OutputDir?: string;
  readonly ClusterID: string;
  readonly TrustDomain: string;
  readonly Namespace: string;
  readonly ServiceAccount: string;
  readonly TTLSeconds: number;
  /** Which part of a certificate's life is left when it is renewed. */
  readonly GraceRatio: number;
  /** `''`: RSA, as agents make by default. */
  readonly KeyAlgorithm: 'ECDSA' | '';
}

/** What it has got, or why it has not. */
export interface AgentLine {
  readonly resource: string;
  /** PEM, leaf first. */
  readonly chain?: string;
  readonly root?: string;
  readonly error?: string;
}

export interface IstioAgent extends AsyncDisposable {
  /** All that it has said so far. */
  readonly lines: readonly AgentLine[];
  log(): string;
}

/** Builds it if need be, and starts it. @param told  called with each line */
export function startIstioAgent(words: AgentWords, told: (line: AgentLine) => void = () => undefined): IstioAgent {
  const program = buildGo({ folder: join(projectRoot, 'test/kubernetes/judges/istio-agent') });
  const child = startChild(program, [JSON.stringify(words)]);
  const lines: AgentLine[] = [];
  child.onLine((text) => {
    if (!text.startsWith('{"resource"')) return; // its log
    const line = JSON.parse(text) as AgentLine; // the judge's own form
    lines.push(line);
    told(line);
  });
  return { lines, log: child.stderr, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}
