/**
 * The authorities, and whether it is safe to go on.
 * @module
 */
import type { JSX } from 'preact';
import type { AuthoritiesAnswer } from '../../admin-api/authorities.ts';
import { countText } from '../model/numbers.ts';
import { fromNow } from '../model/times.ts';
import { Known } from '../parts/states.tsx';
import { Table } from '../parts/table.tsx';
import { serverNowMs } from '../session/clock.ts';
import { usePolled } from '../session/poll.ts';
import { address, tell } from '../session/view.ts';
import { Forecast } from './forecast.tsx';
import { Gate } from './gate.tsx';
import { Signed } from './signed.tsx';
import { Timeline } from './timeline.tsx';

const EVERY_MS = 3_000;
const MOST_AUDIT = 1_000;

/** Which verb of a rotation comes next, by the slots that are filled. */
function nextVerb(authorities: AuthoritiesAnswer['x509Authorities']): 'prepare' | 'activate' | 'taint' | 'revoke' {
  const has = (slot: string): boolean => authorities.some((each) => each.slot === slot);
  if (has('prepared')) return 'activate';
  if (has('old')) return 'taint';
  return has('tainted') ? 'revoke' : 'prepare';
}

/** Slots on a timeline, the gate, who signed, forecast and audit. */
export function Rotation(): JSX.Element {
  const use = address.value.query['use'] === 'jwt' ? 'jwt' : 'x509';
  const authorities = usePolled('GET /v1/authorities', { limit: 10 }, EVERY_MS).value;
  return (
    <div class="view scroll">
      <p class="tools">
        {(['x509', 'jwt'] as const).map((each) => (
          <button key={each} type="button" aria-pressed={use === each} onClick={() => tell({ use: each })}>
            {each === 'x509' ? 'Certificates' : 'Tokens'}
          </button>
        ))}
      </p>
      <Known polled={authorities}>
        {(answer) => {
          const some = use === 'x509' ? answer.x509Authorities : answer.jwtAuthorities;
          return (
            <>
              <Gate key={use} use={use} verb={nextVerb(some)} />
              <Timeline authorities={some} />
            </>
          );
        }}
      </Known>
      <Forecast />
      <Signed />
      <Audit />
    </div>
  );
}

function Audit(): JSX.Element {
  const polled = usePolled('GET /v1/audit', { limit: MOST_AUDIT }, 5_000).value;
  return (
    <section class="boxed">
      <h2>Audit</h2>
      <Known polled={polled}>
        {({ rows }) => (
          <>
            {rows.length >= MOST_AUDIT && (
              <p class="note">The latest {countText(MOST_AUDIT)}: there may be older ones.</p>
            )}
            <Table
              label="audit"
              rows={rows}
              keyOf={({ at, who, verb, authorityId }) => `${at} ${who} ${verb} ${authorityId}`}
              columns={[
                {
                  heading: 'When',
                  width: '19rem',
                  text: ({ at }) => at,
                  cell: ({ at }) => `${at.slice(0, 19).replace('T', ' ')} UTC (${fromNow(at, serverNowMs())})`,
                },
                {
                  heading: 'Who',
                  width: '14rem',
                  text: ({ who, role }) => `${who}${role === '' ? '' : ` as ${role}`}`,
                },
                { heading: 'What', width: '10rem', text: ({ verb, use }) => `${verb} ${use}`.trim() },
                { heading: 'Authority', width: '9rem', text: ({ authorityId }) => authorityId.slice(0, 12) },
                { heading: 'Result', width: '10rem', text: ({ result }) => result },
                { heading: 'Reason', width: '1fr', text: ({ reason }) => reason },
              ]}
              empty="Nobody has ordered anything yet."
            />
          </>
        )}
      </Known>
    </section>
  );
}
