/**
 * The certificate of who called, as far as it is known.
 * @module
 */
import type { JSX } from 'preact';
import type { DerivedCaller } from '../../admin-api/decisions.ts';
import { type Fact, Facts } from '../parts/facts.tsx';

const instant = (at: string): string => at.slice(0, 19).replace('T', ' ');

export function Caller({ caller: { certificate, issued, note } }: { readonly caller: DerivedCaller }): JSX.Element {
  const [row] = issued ?? [];
  const rows: readonly Fact[] =
    certificate === null
      ? []
      : [
          ['serial', certificate.serial],
          ['names', certificate.uris.join(', ')],
          ['subject', certificate.subject],
          ['valid', `${instant(certificate.notBefore)} to ${instant(certificate.notAfter)}`],
          ['issuer', certificate.issuer],
          ['authority', certificate.authorityKeyId],
          [
            'issued here',
            issued === null
              ? ''
              : row === undefined
                ? 'not in the issuance log'
                : `by ${row.channel}, ${row.authorityId}`,
          ],
        ];
  return (
    <section aria-label="the caller's certificate">
      <h3>The caller's certificate</h3>
      <Facts of={rows} />
      {note !== '' && <p class="note">Not known: {note}.</p>}
      {certificate === null && issued !== null && issued.length > 0 && (
        <>
          <p class="note">What was issued to that identity and was good then:</p>
          <ul>
            {issued.map(({ serial, authorityId, notBefore, notAfter, channel }) => (
              <li key={serial}>
                {serial}, {instant(notBefore)} to {instant(notAfter)}, by {channel}, authority {authorityId}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
