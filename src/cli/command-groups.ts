/**
 * Which commands there are. Each lives in a file of its own that is loaded only when it is called or helped:
 * `GROUP/VERB-command.ts` exports `GroupVerbCommand`, in lower camel case; a command without a group is its own.
 * @module
 */
import { Command } from 'commander';
import type { Terminal } from './terminal/terminal.ts';

type Loader = (terminal: Terminal) => Promise<Command>;

/** A word of the command line, and what it stands for. */
export interface CommandGroup {
  readonly summary: string;
  /** One command of that name, or the commands beneath it. */
  readonly load: Loader | readonly Loader[];
  /** Programs call it, people do not. */
  readonly isHidden?: boolean;
}

/** By the first word of a command line, in the order in which the help shows them. */
export const commandGroups: Readonly<Record<string, CommandGroup>> = {
  serve: {
    summary: 'run the authority and the deciders',
    load: async (terminal) => (await import('./serve/serve-command.ts')).serveCommand(terminal),
  },
  status: {
    summary: 'show on one screen how a running server is',
    load: async (terminal) => (await import('./status/status-command.ts')).statusCommand(terminal),
  },
  svid: {
    summary: 'fetch or watch an identity from the Workload API; look into one; revoke one',
    load: [
      async (terminal) => (await import('./svid/fetch-command.ts')).svidFetchCommand(terminal),
      async (terminal) => (await import('./svid/watch-command.ts')).svidWatchCommand(terminal),
      async (terminal) => (await import('./svid/inspect-command.ts')).svidInspectCommand(terminal),
      async (terminal) => (await import('./svid/revoke-command.ts')).svidRevokeCommand(terminal),
      async (terminal) => (await import('./svid/revocations-command.ts')).svidRevocationsCommand(terminal),
    ],
  },
  jwt: {
    summary: 'fetch a JWT-SVID from the Workload API, or validate one',
    load: [
      async (terminal) => (await import('./jwt/fetch-command.ts')).jwtFetchCommand(terminal),
      async (terminal) => (await import('./jwt/validate-command.ts')).jwtValidateCommand(terminal),
    ],
  },
  bundle: {
    summary: 'show whom workloads here trust; give bundles of other trust domains',
    load: [
      async (terminal) => (await import('./bundle/show-command.ts')).bundleShowCommand(terminal),
      async (terminal) => (await import('./bundle/list-command.ts')).bundleListCommand(terminal),
      async (terminal) => (await import('./bundle/set-command.ts')).bundleSetCommand(terminal),
      async (terminal) => (await import('./bundle/delete-command.ts')).bundleDeleteCommand(terminal),
    ],
  },
  ca: {
    summary: 'look at the authorities, and rotate them safely',
    load: [
      async (terminal) => (await import('./ca/status-command.ts')).caStatusCommand(terminal),
      async (terminal) => (await import('./ca/rotate-command.ts')).caRotateCommand(terminal),
      async (terminal) => (await import('./ca/rehearse-command.ts')).caRehearseCommand(terminal),
      ...(['prepare', 'activate', 'taint', 'revoke', 'undo'] as const).map(
        (verb): Loader =>
          async (terminal) =>
            (await import('./ca/verb-command.ts')).caVerbCommand(verb, terminal),
      ),
      async (terminal) => (await import('./ca/begin-command.ts')).caBeginCommand(terminal),
      async (terminal) => (await import('./ca/ledger-command.ts')).caLedgerCommand(terminal),
      async (terminal) => (await import('./ca/log-command.ts')).caLogCommand(terminal),
      async (terminal) => (await import('./ca/rewrap-command.ts')).caRewrapCommand(terminal),
    ],
  },
  backup: {
    summary: 'write the whole authority to one sealed file',
    load: async (terminal) => (await import('./backup/backup-command.ts')).backupCommand(terminal),
  },
  restore: {
    summary: 'bring a backup into the store',
    load: async (terminal) => (await import('./restore/restore-command.ts')).restoreCommand(terminal),
  },
  'join-token': {
    summary: 'let deciders elsewhere join this authority',
    load: [async (terminal) => (await import('./join-token/create-command.ts')).joinTokenCreateCommand(terminal)],
  },
  entry: {
    summary: 'list and explain who may be what',
    load: [
      async (terminal) => (await import('./entry/list-command.ts')).entryListCommand(terminal),
      async (terminal) => (await import('./entry/explain-command.ts')).entryExplainCommand(terminal),
    ],
  },
  policy: {
    summary: 'check policy files and explain decisions',
    load: [
      async (terminal) => (await import('./policy/check-command.ts')).policyCheckCommand(terminal),
      async (terminal) => (await import('./policy/explain-command.ts')).policyExplainCommand(terminal),
      async (terminal) => (await import('./policy/list-command.ts')).policyListCommand(terminal),
      async (terminal) => (await import('./policy/lint-command.ts')).policyLintCommand(terminal),
      async (terminal) => (await import('./policy/test-command.ts')).policyTestCommand(terminal),
      async (terminal) => (await import('./policy/hits-command.ts')).policyHitsCommand(terminal),
      async (terminal) => (await import('./policy/suggest-command.ts')).policySuggestCommand(terminal),
      async (terminal) => (await import('./policy/map-command.ts')).policyMapCommand(terminal),
      async (terminal) => (await import('./policy/diff-command.ts')).policyDiffCommand(terminal),
      async (terminal) => (await import('./policy/replay-command.ts')).policyReplayCommand(terminal),
      async (terminal) => (await import('./policy/prove-command.ts')).policyProveCommand(terminal),
      async (terminal) => (await import('./policy/candidate-command.ts')).policyCandidateCommand(terminal),
      async (terminal) => (await import('./policy/promote-command.ts')).policyPromoteCommand(terminal),
    ],
  },
  decisions: {
    summary: 'list the latest decisions, or follow them live',
    load: async (terminal) => (await import('./decisions/decisions-command.ts')).decisionsCommand(terminal),
  },
  edges: {
    summary: 'show who asks for whom, and how often it is allowed and denied',
    load: async (terminal) => (await import('./edges/edges-command.ts')).edgesCommand(terminal),
  },
  console: {
    summary: 'serve a page that shows a running server',
    load: async (terminal) => (await import('./console/console-command.ts')).consoleCommand(terminal),
  },
  why: {
    summary: 'derive a past decision by its id',
    load: async (terminal) => (await import('./why/why-command.ts')).whyCommand(terminal),
  },
  envoy: {
    summary: 'make configuration for Envoy; show Envoys that decide themselves',
    load: [
      async (terminal) => (await import('./envoy/bootstrap-command.ts')).envoyBootstrapCommand(terminal.out),
      async (terminal) => (await import('./envoy/istio/istio-command.ts')).envoyIstioCommand(terminal.out),
      async (terminal) => (await import('./envoy/status-command.ts')).envoyStatusCommand(terminal),
    ],
  },
  proxy: {
    summary: 'make configuration for proxies that ask by HTTP',
    load: [async (terminal) => (await import('./proxy/config-command.ts')).proxyConfigCommand(terminal)],
  },
  check: {
    summary: 'check all that a server needs, the one that runs, and Envoys',
    load: async (terminal) => (await import('./check/check-command.ts')).checkCommand(terminal),
  },
  doctor: {
    summary: 'find what makes an Envoy fail open or policies inexact',
    load: async (terminal) => (await import('./doctor/doctor-command.ts')).doctorCommand(terminal),
  },
  kubernetes: {
    summary: 'install Gatehouse in a cluster, and check what one lacks',
    load: [
      async (terminal) => (await import('./kubernetes/manifests-command.ts')).kubernetesManifestsCommand(terminal),
      async (terminal) => (await import('./kubernetes/check-command.ts')).kubernetesCheckCommand(terminal),
      async (terminal) => (await import('./kubernetes/chart-command.ts')).kubernetesChartCommand(terminal),
    ],
  },
  config: {
    summary: 'check and print gatehouse.yaml',
    load: [
      async (terminal) => (await import('./config/check-command.ts')).configCheckCommand(terminal),
      async (terminal) => (await import('./config/print-command.ts')).configPrintCommand(terminal),
      async (terminal) => (await import('./config/schema-command.ts')).configSchemaCommand(terminal),
    ],
  },
  version: {
    summary: 'print the version of this program and of the running server',
    load: async (terminal) => (await import('./version/version-command.ts')).versionCommand(terminal),
  },
  completion: {
    summary: 'let bash, zsh or fish complete commands and options',
    load: async (terminal) => (await import('./completion/completion-command.ts')).completionCommand(terminal),
  },
  complete: {
    summary: 'say what may stand next; shells ask',
    isHidden: true,
    load: async (terminal) =>
      (await import('./completion/complete-command.ts')).completeCommand(terminal, () => everything(terminal)),
  },
};

/** A group or command with all that is beneath it. */
export async function loaded(name: string, { summary, load }: CommandGroup, terminal: Terminal): Promise<Command> {
  if (typeof load === 'function') return load(terminal);
  const group = new Command(name)
    .description(summary)
    .addHelpText('after', `\nExamples: gatehouse ${name} COMMAND --help shows one for each.`);
  for (const each of load) group.addCommand(await each(terminal));
  return group;
}

function everything(terminal: Terminal): Promise<Command[]> {
  const shown = Object.entries(commandGroups).filter(([, group]) => group.isHidden !== true);
  return Promise.all(shown.map(([name, group]) => loaded(name, group, terminal)));
}
