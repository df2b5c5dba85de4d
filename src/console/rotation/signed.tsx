/**
 * Which authority signed how much, over time.
 * @module
 */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import { countText } from '../model/numbers.ts';
import { issuedOverTime } from '../model/renewals.ts';
import { colourOf } from '../parts/colour.ts';
import { Known } from '../parts/states.tsx';
import { usePolled } from '../session/poll.ts';

const SPANS = 120;
const colours = ['#2a78d6', '#eb6834', '#1baf7a', '#a04bc6', '#8c6d00'];
/** Of lines, and what CSS calls it in their legend. */
const dashes = [
  { line: [], name: 'solid' },
  { line: [8, 4], name: 'dashed' },
  { line: [2, 3], name: 'dotted' },
] as const;

export function Signed(): JSX.Element {
  const polled = usePolled('GET /v1/ledger', { limit: 10_000 }, 10_000).value;
  return (
    <section class="boxed">
      <h2>Who signed</h2>
      <Known polled={polled}>
        {({ rows, next }) =>
          rows.length === 0 ? (
            <p class="empty">Nothing has been issued yet.</p>
          ) : (
            <>
              <p class="note">
                {next === undefined ? 'All' : 'Only the latest'} {countText(rows.length)} issuances
                {next !== undefined && ': older ones are not drawn'}, by authority. Times are UTC.
              </p>
              <Plot issued={issuedOverTime(rows, SPANS)} />
            </>
          )
        }
      </Known>
    </section>
  );
}

function Plot({ issued }: { readonly issued: ReturnType<typeof issuedOverTime> }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const key = JSON.stringify(issued);
  useEffect(() => {
    if (place.current === null) return undefined;
    const { authorities, at, series } = issued;
    const drawn = place.current;
    const axis: UPlot.Axis = {
      stroke: () => colourOf(drawn, '--text'),
      grid: { stroke: () => colourOf(drawn, '--line'), width: 1 },
      ticks: { stroke: () => colourOf(drawn, '--line'), width: 1 },
    };
    const plot = new UPlot(
      {
        width: Math.max(300, place.current.clientWidth),
        height: 180,
        series: [
          {},
          ...authorities.map((id, i) => ({
            label: id.slice(0, 8),
            stroke: colours[i % colours.length]!,
            width: 2,
            dash: [...dashes[i % dashes.length]!.line],
            points: { show: at.length < 3 },
          })),
        ],
        tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
        axes: [axis, axis],
        legend: { markers: { dash: (_, i) => dashes[(i - 1) % dashes.length]?.name ?? 'solid' } }, // the first is the time
      },
      [at, ...series],
      place.current,
    );
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const again = (): void => plot.redraw();
    scheme.addEventListener('change', again);
    return () => {
      scheme.removeEventListener('change', again);
      plot.destroy();
    };
  }, [key]);
  return (
    <div
      ref={place}
      class="plot"
      role="img"
      aria-label={`issued by ${issued.authorities.length} authorities over time`}
    />
  );
}
