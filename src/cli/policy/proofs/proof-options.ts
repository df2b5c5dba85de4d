/**
 * What the exact commands are asked with.
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { PlaneId } from '../../../policy/model.ts';
import { PLACES_TEXT } from '../../config/config-option.ts';
import { durationOption } from '../../terminal/number-options.ts';
import { defaultNamespaceOption } from '../given-paths.ts';
import { rootNamespaceOption } from '../policy-options.ts';

/** How an answer is written. */
export type ProofOutput = 'json' | 'table' | 'dot' | 'svg' | 'mermaid' | 'markdown';

/** What the options of `proofOptions` say. */
export interface ProofFlags {
  readonly config?: string;
  readonly policies?: readonly string[];
  readonly registry?: readonly string[];
  readonly trustDomain?: string;
  readonly rootNamespace?: string;
  readonly defaultNamespace?: string;
  readonly planes?: readonly PlaneId[];
  /** Another name of `planes`. */
  readonly plane?: readonly PlaneId[];
  /** Milliseconds that an answer may take. */
  readonly timeout: number;
  readonly output: ProofOutput;
}

/** The options that say which policies are asked, about whom, and how the answer is written. */
export function proofOptions(outputs: readonly ProofOutput[]): Option[] {
  return [
    new Option('-c, --config <file>', `policies, registry, planes of this configuration (else ${PLACES_TEXT})`),
    new Option('--policies <path...>', 'in place of its policies: these files and directories; - for standard input'),
    new Option(
      '--registry <path...>',
      'in place of its registry: Pods, Namespaces and ServiceAccounts as Kubernetes YAML',
    ),
    new Option('--trust-domain <name>', 'with --policies: the trust domain (default: cluster.local)'),
    rootNamespaceOption(),
    defaultNamespaceOption(),
    new Option(
      '--planes <list>',
      'combine these of istio,calico,l4,site (default: those that the configuration enforces)',
    )
      .argParser(planesOf)
      .conflicts('plane'),
    new Option('--plane <list>', 'the same').argParser(planesOf),
    durationOption('--timeout <duration>', 'say that it is unknown where an answer takes longer', {
      ...{ usual: '10m', least: '10ms', most: '24h' },
    }),
    new Option('--output <format>', 'json: one document on stdout; table: for people')
      .choices(outputs)
      .default('table'),
  ];
}

const planes: readonly string[] = ['istio', 'calico', 'l4', 'site'];

function planesOf(text: string): readonly PlaneId[] {
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !planes.includes(name));
  if (wrong !== undefined) throw new InvalidArgumentError(`${JSON.stringify(wrong)} is none of ${planes.join(', ')}.`);
  return names as PlaneId[]; // each is one
}
