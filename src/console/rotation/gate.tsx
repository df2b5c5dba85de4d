/**
 * Is it safe to go on? What the next verb would meet now, and the verbs themselves where they are allowed.
 * @module
 */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Verb } from '../../admin-api/authorities.ts';
import { shortId } from '../model/decisions.ts';
import { countText } from '../model/numbers.ts';
import { fromNow, spanText } from '../model/times.ts';
import { Known, Trouble } from '../parts/states.tsx';
import { Table } from '../parts/table.tsx';
import { ask } from '../session/ask.ts';
import { serverNowMs } from '../session/clock.ts';
import { usePolled } from '../session/poll.ts';
import { session } from '../session/session.ts';

interface GateProps {
  readonly use: 'x509' | 'jwt';
  readonly verb: Exclude<Verb, 'undo'>;
}

export function Gate({ use, verb }: GateProps): JSX.Element {
  const polled = usePolled('GET /v1/authorities/gate', { verb, use, limit: 500 }, 3_000).value;
  return (
    <section class="boxed">
      <h2>Is it safe to {verb}?</h2>
      <Known polled={polled}>
        {({ open, blockers, blockerCount, etaSeconds }) => (
          <>
            <p class={`answer ${open ? 'good' : 'bad'}`} role="status">
              {open ? 'Yes.' : `No: ${countText(blockerCount)} would break.`}{' '}
              {!open &&
                (etaSeconds === null ? 'Waiting alone does not help.' : `By waiting: in ${spanText(etaSeconds)}.`)}
            </p>
            {blockers.length > 0 && blockers.length < blockerCount && (
              <p class="note">The first {countText(blockers.length)} of them:</p>
            )}
            {blockers.length > 0 && (
              <Table
                label={`blockers of ${verb}`}
                rows={blockers}
                keyOf={({ consumer, spiffeId, serial }) => `${consumer} ${spiffeId} ${serial}`}
                columns={[
                  {
                    heading: 'Who',
                    width: '1fr',
                    text: ({ spiffeId, consumer }) => (spiffeId === '' ? consumer : shortId(spiffeId)),
                  },
                  { heading: 'By', width: '8rem', text: ({ protocol }) => protocol },
                  { heading: 'How surely', width: '9rem', text: ({ grade }) => grade },
                  {
                    heading: 'Holds / needs',
                    width: '8rem',
                    text: ({ holdsSequence, needsSequence }) => `${holdsSequence} / ${needsSequence}`,
                  },
                  {
                    heading: 'Seen',
                    width: '8rem',
                    text: ({ lastSeenAt }) => (lastSeenAt === null ? 'never' : fromNow(lastSeenAt, serverNowMs())),
                  },
                  {
                    heading: 'Gone',
                    width: '8rem',
                    text: ({ doneBy }) => (doneBy === null ? 'not by waiting' : fromNow(doneBy, serverNowMs())),
                  },
                ]}
                empty=""
              />
            )}
          </>
        )}
      </Known>
      {session.value?.allowVerbs === true && <Verbs use={use} verb={verb} />}
    </section>
  );
}

function Verbs({ use, verb }: GateProps): JSX.Element {
  const [reason, setReason] = useState('');
  const [said, setSaid] = useState('');
  const order = async (which: Verb): Promise<void> => {
    try {
      const { authorityId } = await ask(`POST /v1/authorities/${which}`, { use, reason });
      setSaid(`done: ${which} ${authorityId.slice(0, 12)}`);
      setReason('');
    } catch (thrown) {
      setSaid((thrown as Error).message);
    }
  };
  return (
    <form class="tools" onSubmit={(event) => event.preventDefault()}>
      <label>
        Reason <input required value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
      <button type="button" disabled={reason.trim() === ''} onClick={() => void order(verb)}>
        {verb}
      </button>
      <button type="button" disabled={reason.trim() === ''} onClick={() => void order('undo')}>
        undo the last
      </button>
      {said !== '' && <Trouble text={said} />}
    </form>
  );
}
