/**
 * What was found in an SVID, for people.
 * @module
 */
import type { Look, Style } from '../../terminal/look.ts';
import { spanText } from '../../terminal/span-text.ts';
import { textTable } from '../../terminal/text-table.ts';
import type { KeyReport, SvidReport, Validity } from './report.ts';

type Line = readonly [name: string, style: Style | undefined, text: string];

const kinds = { x509: 'X.509-SVID', jwt: 'JWT-SVID', key: 'private key' } as const;
const marks = { must: ['×', 'bad'], should: ['!', 'warning'] } as const;

/** Renders it; the last line says whether it is in order. */
export function reportText(report: SvidReport, look: Look): string {
  const { kind, file, validity, key, token, certificates, deviations } = report;
  const lines: Line[] = [
    [kinds[kind], undefined, file],
    ...(kind === 'key' ? [] : [idLine(report)]),
    ...(validity ? [validityLine(validity)] : []),
    ...(key ? [keyLine(key)] : []),
    ...(kind === 'key' ? [] : [verificationLine(report)]),
    ...(token
      ? ([
          ['header', undefined, JSON.stringify(token.header)],
          ['claims', undefined, JSON.stringify(token.claims)],
        ] as const)
      : []),
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const block = lines.map(
    ([name, style, text]) => `${name.padEnd(width)}  ${style === undefined ? text : look.style(style, text)}`,
  );
  const said = deviations.map(({ at, spec, demand, problem }) => {
    const [mark, style] = marks[demand];
    return `${look.style(style, mark)} ${at}: ${problem} (${spec}, ${demand})`;
  });
  const table = certificates.length > 0 ? [chainTable(report, look).trimEnd()] : [];
  const end = report.inOrder ? look.style('good', 'in order') : look.style('bad', 'not in order');
  return `${[block.join('\n'), ...table, ...(said.length > 0 ? [said.join('\n')] : []), end].join('\n\n')}\n`;
}

const idLine = ({ spiffeId }: SvidReport): Line =>
  spiffeId === null ? ['SPIFFE ID', 'bad', 'none'] : ['SPIFFE ID', undefined, spiffeId];

function validityLine({ notBefore, notAfter, state, secondsLeft }: Validity): Line {
  const span = `${notBefore === null ? '' : `from ${notBefore} `}until ${notAfter ?? 'ever'}`;
  const left = spanText(Math.abs(secondsLeft ?? 0) * 1000);
  const says = {
    valid: ['good', `${span}: ${left} left`],
    expired: ['bad', `${span}: expired ${left} ago`],
    not_yet_valid: ['bad', `${span}: not valid yet`],
    unknown: ['bad', `${span}: it does not say until when`],
  } as const;
  return ['valid', ...says[state]];
}

function keyLine({ file, state, keyType, problem }: KeyReport): Line {
  const said = `${keyType === null ? '' : `${keyType}, `}${file}: `;
  if (state === 'alone') return ['key', undefined, keyType ?? ''];
  if (state === 'fits') return ['key', 'good', `${said}fits the certificate`];
  const style = state === 'encrypted' || state === 'unreadable' ? 'warning' : 'bad';
  return ['key', style, `${said}${problem ?? state}`];
}

function verificationLine({ verification, kind }: SvidReport): Line {
  if (verification === null)
    return ['verified', 'warning', 'not tried: no bundle lies beside; give one by --bundle FILE'];
  const { file, verified, reason, until } = verification;
  if (!verified) return ['verified', 'bad', `no, by ${file}: ${reason ?? ''}`];
  return ['verified', 'good', `by ${file}${kind === 'x509' && until !== null ? `, until ${until}` : ''}`];
}

const chainTable = ({ certificates }: SvidReport, look: Look): string =>
  textTable(
    ['#', 'KIND', 'NAME', 'UNTIL', 'KEY', 'SERIAL'],
    certificates.map(({ kind, spiffeId, subject, notAfter, keyType, serial }, i) => [
      ...[String(i + 1), kind, spiffeId ?? (subject || 'no name'), notAfter ?? 'unknown', keyType, serial],
    ]),
    '',
    look,
  );
