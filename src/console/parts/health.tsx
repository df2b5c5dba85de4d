/**
 * The strip above every view: how the server is.
 * @module
 */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { StatusAnswer } from '../../admin-api/status.ts';
import { fromNow, spanText, tookText } from '../model/times.ts';
import { serverNowMs } from '../session/clock.ts';
import { usePolled } from '../session/poll.ts';
import { away, CONNECTING, state } from '../session/stream.ts';
import { noteServerVersion } from '../session/versions.ts';
import { Trouble } from './states.tsx';

const EVERY_MS = 2_000;

/** Ready or not, policy and its age, deciders, followers, the feed, Check's latency, what is degraded. */
export function Health(): JSX.Element {
  const polled = usePolled('GET /v1/status', {}, EVERY_MS).value;
  const edges = usePolled('GET /v1/edges', { limit: 1 }, 10_000).value.answer;
  const { answer } = polled;
  useEffect(() => {
    if (answer?.version !== undefined) noteServerVersion(answer.version);
  }, [answer?.version]);
  const isSilent = away.value !== '';
  const isAway = isSilent && (answer === undefined || polled.trouble !== '');
  const ready = answer?.ready ?? state.value?.ready;
  const word =
    isAway && away.value !== CONNECTING ? 'away' : ready === true ? 'ready' : ready === false ? 'not ready' : '…';
  const dropped = (edges?.deciders ?? []).reduce((sum, each) => sum + each.dropped.logged + each.dropped.sent, 0);
  return (
    <section class="health" aria-label="health">
      <span class={`dot ${isAway ? 'bad' : ready === true ? 'good' : 'warn'}`} role="status">
        {word}
        {isSilent && <small> {isAway ? away.value : `decisions do not come: ${away.value}`}</small>}
      </span>
      <Fact
        name="policy"
        text={`${answer?.generation ?? state.value?.generation ?? '–'}`}
        note={answer?.policiesSince && fromNow(answer.policiesSince, serverNowMs())}
      />
      {!isAway && polled.trouble !== '' && <Trouble text={`status: ${polled.trouble}`} />}
      {answer !== undefined && <Parts answer={answer} dropped={dropped} />}
    </section>
  );
}

function Parts({ answer, dropped }: { readonly answer: StatusAnswer; readonly dropped: number }): JSX.Element {
  const { deciders, decisions, followers = [], feed, degraded, waiting, silent = [] } = answer;
  const behind = deciders.filter(({ generation }) => generation !== answer.generation).length;
  const troubles = [...Object.entries(waiting).map(([part, why]) => `${part}: ${why}`), ...degraded];
  return (
    <>
      <Fact name="deciders" text={`${deciders.length}`} note={behind > 0 ? `${behind} behind` : undefined} />
      <Fact
        name="followers"
        text={`${followers.length}`}
        note={silent.length > 0 ? `${silent.length} silent` : undefined}
      />
      {feed && <Fact name="feed" text={feed.connected ? spanText(feed.ageSeconds ?? 0) : 'away'} note={feed.why} />}
      <Fact name="store" text={answer.details['store'] ?? 'here'} />
      <Fact
        name="checks/s"
        text={(decisions?.perSecond ?? 0).toFixed(1)}
        note={`${(decisions?.deniedPerSecond ?? 0).toFixed(1)} denied`}
      />
      <Fact name="p50 / p99" text={`${tookText(decisions?.p50Seconds)} / ${tookText(decisions?.p99Seconds)}`} />
      <Fact name="dropped" text={`${dropped}`} />
      <details class={troubles.length === 0 ? 'fact' : 'fact warn'}>
        <summary>degraded {troubles.length}</summary>
        <ul>{troubles.length === 0 ? <li>nothing</li> : troubles.map((each) => <li key={each}>{each}</li>)}</ul>
      </details>
    </>
  );
}

const Fact = ({
  name,
  text,
  note,
}: {
  readonly name: string;
  readonly text: string;
  readonly note?: string | undefined;
}): JSX.Element => (
  <span class="fact">
    <small>{name}</small> {text} {note !== undefined && note !== '' && <small>({note})</small>}
  </span>
);
