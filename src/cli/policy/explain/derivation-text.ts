/**
 * A past decision as a person reads it.
 * @module
 */
import type { Derivation } from '../../../admin-api/decisions.ts';
import type { ExplainAnswer } from '../../../admin-api/explain.ts';
import { explanationText } from './explanation-text.ts';

/** Renders a derivation; ends with a newline. */
export function derivationText({ record, decider, snapshot, inForce, before, now, notes, caller }: Derivation): string {
  const { id, at, decision, reason, policy, rule, source, request } = record;
  const by = policy === undefined ? '' : ` by ${policy}${rule === undefined ? '' : ` rule ${rule}`}`;
  const rows = [
    `${decision.toUpperCase()}  ${reason}${by}\n`,
    `  decision  ${id} at ${at}\n`,
    ...(decider === undefined ? [] : [`  decider   ${decider}, which says all this\n`]),
    ...(source === undefined
      ? []
      : [
          `  source    ${source.principal === '' ? '(no name)' : source.principal}${source.address === undefined ? '' : ` ${source.address}`}\n`,
        ]),
    ...(caller?.certificate
      ? [
          `  peer      certificate ${caller.certificate.serial}, until ${caller.certificate.notAfter}, of ${caller.certificate.issuer}\n`,
        ]
      : []),
    ...(request === undefined
      ? []
      : [
          `  request   ${[request.protocol, request.method, request.host, request.path].filter((each) => each !== undefined && each !== '').join(' ')}\n`,
        ]),
    `  policies  ${snapshot === inForce ? `generation ${snapshot}, which is in force` : `generation ${snapshot}; now generation ${inForce} is in force`}\n`,
    ...notes.map((note) => `  note      ${note}\n`),
  ];
  return `${rows.join('')}\n${derivations(snapshot, inForce, before, now)}`;
}

function derivations(
  snapshot: number,
  inForce: number,
  before: ExplainAnswer | null,
  now: ExplainAnswer | null,
): string {
  if (now === null) return '';
  if (snapshot === inForce) return explanationText(now);
  const past = before === null ? '' : `UNDER GENERATION ${snapshot}\n\n${explanationText(before)}\n`;
  const same = before?.decision === now.decision && before.policy === now.policy && before.rule === now.rule;
  const verdict = same ? 'the same' : `${now.decision} (${now.reason})`;
  return `${past}NOW, UNDER GENERATION ${inForce}, IT WOULD BE ${verdict.toUpperCase()}\n\n${explanationText(now)}`;
}
