/**
 * Authorities by slot, from when to when they may sign.
 * @module
 */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { AuthorityRow } from '../../admin-api/authorities.ts';
import { countText } from '../model/numbers.ts';
import { fromNow } from '../model/times.ts';
import { saveSvg } from '../parts/save.ts';
import { serverNowMs } from '../session/clock.ts';

const WIDTH = 1_000;
const ROW = 34;
const LEFT = 230;

export function Timeline({ authorities }: { readonly authorities: readonly AuthorityRow[] }): JSX.Element {
  const drawing = useRef<SVGSVGElement>(null);
  const nowMs = serverNowMs();
  const times = authorities.flatMap(({ notBefore, notAfter }) => [Date.parse(notBefore), Date.parse(notAfter)]);
  const [first, last] = [Math.min(nowMs, ...times), Math.max(nowMs + 1, ...times)];
  const x = (ms: number): number => LEFT + ((ms - first) / (last - first)) * (WIDTH - LEFT - 10);
  const height = ROW * authorities.length + 30;
  return (
    <section class="boxed">
      <h2>Authorities</h2>
      <p class="tools">
        <button type="button" onClick={() => drawing.current && saveSvg('authorities.svg', drawing.current)}>
          SVG
        </button>
      </p>
      {authorities.length === 0 && <p class="empty">There is none.</p>}
      <svg
        ref={drawing}
        viewBox={`0 0 ${WIDTH} ${height}`}
        class="timeline"
        role="img"
        aria-label="authorities by slot, over time"
      >
        {authorities.map((each, i) => (
          <g key={each.id} transform={`translate(0 ${i * ROW})`}>
            <title>{`${each.id}: ${each.slot}, ${each.notBefore} to ${each.notAfter}`}</title>
            <text x={4} y={20}>
              {each.slot}
            </text>
            <text x={90} y={20} class="faint">
              {each.id.slice(0, 12)}
            </text>
            <rect
              class={`slot ${each.slot}`}
              x={x(Date.parse(each.notBefore))}
              y={6}
              width={Math.max(2, x(Date.parse(each.notAfter)) - x(Date.parse(each.notBefore)))}
              height={20}
              rx={3}
            />
          </g>
        ))}
        <line class="now" x1={x(nowMs)} x2={x(nowMs)} y1={0} y2={height - 24} />
        <text x={Math.min(WIDTH - 40, x(nowMs))} y={height - 8}>
          now
        </text>
      </svg>
      <table class="plain">
        <thead>
          <tr>
            <th>Slot</th>
            <th>Authority</th>
            <th>Until</th>
            <th>Live SVIDs</th>
            <th>Not known to hold it</th>
            <th>Waiting will not help</th>
          </tr>
        </thead>
        <tbody>
          {authorities.map((each) => (
            <tr key={each.id}>
              <td>{each.slot}</td>
              <td>
                <code>{each.id.slice(0, 12)}</code>
              </td>
              <td title={each.notAfter}>{fromNow(each.notAfter, nowMs)}</td>
              <td>{countText(each.unexpiredSvids)}</td>
              <td>{countText(each.unacknowledgedCount)}</td>
              <td>{countText(each.unacknowledgedNotByWaiting)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
