/**
 * `gatehouse policy check`: are these policy files good?
 * @module
 */
import { Command } from 'commander';
import type { Finding } from '../../policy/documents/finding.ts';
import type { CheckCounts } from '../../policy/sources/check-policies.ts';
import type { PolicyPath } from '../../policy/sources/policy-path.ts';
import { svidOption } from '../admin/admin-client.ts';
import { action } from '../terminal/action.ts';
import { outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addFindingOptions, type FindingFlags, showCodes, told, withIgnored } from './finding-options.ts';
import { defaultNamespaceOption, givenPaths } from './given-paths.ts';
import type { NativeFlags } from './native/native-model.ts';
import { nativeText } from './native/native-text.ts';
import { checkOptions, policyConfigOption, rootNamespaceOption } from './policy-options.ts';

interface CheckFlags extends NativeFlags, FindingFlags {
  readonly native: boolean;
}

/** Exit code 0 if no file has an error, 1 if one has, 2 if a path does not exist. */
export function policyCheckCommand(terminal: Terminal): Command {
  const command = new Command('check')
    .description('check policy files and directories, and tell all findings with their places')
    .argument('[path...]', 'files and directories; - for standard input')
    .addOption(policyConfigOption())
    .addOption(rootNamespaceOption())
    .addOption(defaultNamespaceOption())
    .option(
      '--native',
      'tell besides, workload by workload, what Envoy decides by itself (serve with envoy bootstrap --native), what asks, and why',
      false,
    )
    .option(
      '--admin <address>',
      'with --native: the pods that the server with this admin API follows in its cluster count too',
    )
    .addOption(svidOption());
  return addFindingOptions(command)
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  gatehouse policy check ./policies --output json\n  kustomize build overlays/prod | gatehouse policy check -\n  gatehouse policy check ./policies ./registry --native',
    )
    .action(
      action<CheckFlags>(terminal, async (flags, names) => {
        if (flags.codes) {
          showCodes(terminal, flags.output);
          return 0;
        }
        const paths = await pathsOf(names, flags);
        const { checkPolicies } = await import('../../policy/sources/check-policies.ts');
        const options = { ...(await checkOptions(flags)), ignore: flags.ignore };
        const { findings: found, summary, counts, ignored } = checkPolicies(paths, options);
        const { rows, errors } = flags.native ? await nativeOf(paths, flags) : none;
        const findings = [...found, ...withoutKnown(errors, found)];
        const native = rows === undefined ? {} : { native: rows };
        const ok = !findings.some(({ severity }) => severity === 'error');
        show(
          terminal,
          flags.output,
          { ok, findings: told(findings, flags), summary, counts, ignored, ...native },
          (shown) =>
            [
              ...shown.findings.map(line),
              `${withIgnored(shown.summary, ignored)}\n`,
              nativeText(shown.native ?? []),
              ...(ok ? ['no errors\n'] : []),
              `${endOf(shown.counts)}\n`,
            ].join(''),
        );
        return ok ? 0 : 1;
      }),
    );
}

/** What is named; with `--native` else what the configuration names. */
async function pathsOf(names: readonly string[], flags: CheckFlags): Promise<readonly PolicyPath[]> {
  if (names.length > 0) return givenPaths(names, flags.defaultNamespace, false);
  if (flags.native) {
    const { configuredPaths } = await import('./native/native-model.ts');
    const paths = configuredPaths(flags);
    if (paths.length > 0) return paths;
  }
  const { GatehouseError } = await import('../../errors.ts');
  throw new GatehouseError('config_invalid', "missing required argument 'path': name files or directories");
}

const none = { rows: undefined, errors: [] };

/** What it loads is heavy. */
async function nativeOf(...asked: Parameters<typeof import('./native/native-rows.ts').nativeRows>) {
  const { nativeRows } = await import('./native/native-rows.ts');
  return nativeRows(...asked);
}

/** Policies are read twice. */
function withoutKnown(errors: readonly Finding[], known: readonly Finding[]): readonly Finding[] {
  const texts = new Set(known.map((each) => JSON.stringify(each)));
  return errors.filter((each) => !texts.has(JSON.stringify(each)));
}

const endOf = ({ policies, files, skipped }: CheckCounts): string =>
  `${policies} ${policies === 1 ? 'policy' : 'policies'} in ${files} ${files === 1 ? 'file' : 'files'}, ${skipped} skipped`;

function line({ file, line, column, severity, code, path, message, fix }: Finding): string {
  const where = path === '' ? '' : `${path}: `;
  return `${file}:${line}:${column}: ${severity}: ${where}${message} (${fix}) [${code}]\n`;
}
