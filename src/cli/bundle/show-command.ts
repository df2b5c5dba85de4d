/**
 * `gatehouse bundle show`: the trust bundles that the Workload API gives, or one that the running server holds.
 * @module
 */
import { Command, Option } from 'commander';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { timeoutOption } from '../jwt/jwt-options.ts';
import { type SocketFlag, socketOption, workloadSocket } from '../svid/socket-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { textTable } from '../terminal/text-table.ts';
import { givenTrustDomain } from './given-trust-domain.ts';

interface Flags extends SocketFlag, AdminFlags {
  readonly format: 'text' | 'pem' | 'jwks' | 'spiffe';
  readonly trustDomain?: string;
  readonly timeout: number;
  readonly output: OutputFormat;
}

/** Exit code 0; 2 if nobody answers, or there is no bundle of that trust domain. */
export function bundleShowCommand(terminal: Terminal): Command {
  return new Command('show')
    .description('show the authorities that workloads here trust: fingerprints and validity, PEM, or a JWK Set')
    .argument('[trust-domain]', 'as the running server holds it, by its admin API; absent: what the Workload API gives')
    .addOption(
      new Option('--format <format>', 'text; pem: the certificates; jwks or spiffe: the bundle as SPIFFE has it')
        .choices(['text', 'pem', 'jwks', 'spiffe'])
        .default('text'),
    )
    .option('--trust-domain <name>', 'only that one; for pem and jwks, where there are several')
    .addOption(socketOption())
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(timeoutOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  gatehouse bundle show\n  gatehouse bundle show --format pem > bundle.pem\n  gatehouse bundle show other.example --format spiffe',
    )
    .action(
      action<Flags>(terminal, async (flags, [name]) => {
        const [{ bundlesOf }, { heldBundle }, { chooseBundles, oneText, shownBundle }] = await Promise.all([
          import('./fetch-bundles.ts'),
          import('./held-bundle.ts'),
          import('./shown-bundle.ts'),
        ]);
        const all =
          name === undefined
            ? chooseBundles(await bundlesOf(await workloadSocket(flags), flags.timeout), flags.trustDomain)
            : [await heldBundle(await adminClient(flags), givenTrustDomain(name))];
        if (flags.format !== 'text' && flags.output === 'table') {
          terminal.out(oneText(all, flags.format));
          return 0;
        }
        show(terminal, flags.output, { bundles: all.map(shownBundle) }, ({ bundles }, look) =>
          bundles
            .map(
              ({ trustDomain, x509Authorities, jwtAuthorities }) =>
                `trust domain ${trustDomain}\n${textTable(
                  ['USE', 'KEY', 'FROM', 'UNTIL', 'SHA-256 OR KEY ID'],
                  [
                    ...x509Authorities.map((each) => [
                      'x509',
                      each.keyType,
                      each.notBefore,
                      each.notAfter,
                      each.sha256,
                    ]),
                    ...jwtAuthorities.map((each) => ['jwt', each.keyType, '', '', each.keyId]),
                  ],
                  'no authority: nobody is trusted',
                  look,
                )}`,
            )
            .join('\n'),
        );
        return 0;
      }),
    );
}
