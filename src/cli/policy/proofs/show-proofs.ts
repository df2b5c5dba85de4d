/**
 * Writes proofs.
 * @module
 */
import type { Counterexample } from '../../../analysis/proofs/prove/proof.ts';
import { proveTenants } from '../../../analysis/proofs/prove/prove.ts';
import { notAheadText, proveDocument, whyText } from '../../../analysis/proofs/prove/prove-document.ts';
import type { Tenant } from '../../../analysis/proofs/prove/tenants.ts';
import { createReplay } from '../../../analysis/proofs/replay.ts';
import { createEffort } from '../../../analysis/regions/bound.ts';
import { GatehouseError } from '../../../errors.ts';
import { emptyRegistry } from '../../../policy/registry/registry.ts';
import type { ProofSide } from '../../../server/policy/proof-side.ts';
import { plainLook } from '../../terminal/look.ts';
import { jsonText, paint } from '../../terminal/output.ts';
import type { ExitCode, Terminal } from '../../terminal/terminal.ts';
import { textTable } from '../../terminal/text-table.ts';
import { leftOutOf } from './left-out.ts';
import { shownProgress } from './progress.ts';

/** Exit code 1 if a tenant is not proved to be alone. @throws BoundMet if it cannot be said; GatehouseError `not_found` */
export function showProofs(
  side: ProofSide,
  tenants: readonly Tenant[],
  flags: { readonly tenant?: string; readonly timeout: number; readonly output: string },
  terminal: Terminal,
): ExitCode {
  if (flags.tenant !== undefined && tenants.every(({ name }) => name !== flags.tenant))
    throw new GatehouseError('not_found', `the configuration has no tenant ${flags.tenant}`, { tenant: flags.tenant });
  const { model, planes, allowEmpty, options } = side;
  const proofs = proveTenants({
    ...{ side, planes, allowEmpty, tenants, only: flags.tenant, trustedHops: options.trustedHops },
    effort: createEffort(flags.timeout),
    believesForeigners: side.believesForeigners,
    replayWith: (each) => createReplay(each, options, allowEmpty),
    progress: shownProgress(terminal, 'proofs') ?? (() => {}),
  });
  terminal.progress?.('');
  if (flags.output === 'json')
    terminal.out(
      jsonText(
        { ...proveDocument(proofs, (model.registry ?? emptyRegistry).endpoints.length), leftOut: leftOutOf([model]) },
        1,
      ),
    );
  else {
    const rows = proofs.map(({ tenant, direction, proved, scope, counterexample, beyond, notAhead }) => [
      tenant,
      direction,
      proved ? 'proved' : 'NOT proved',
      proved ? scope : '',
      [shortText(counterexample ?? beyond), notAhead === '' ? '' : notAheadText(notAhead)].filter(Boolean).join('; '),
    ]);
    const look = terminal.look ?? plainLook;
    paint(terminal, textTable(['TENANT', 'DIRECTION', '', 'FOR', 'BUT'], rows, 'no tenants', look));
  }
  return proofs.every(({ proved }) => proved) ? 0 : 1;
}

const shortText = (found: Counterexample | undefined): string =>
  found === undefined ? '' : `${whyText(found)}${found.weakness === undefined ? '' : ` (${found.weakness.fix})`}`;
