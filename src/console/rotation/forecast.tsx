/**
 * What was forecast of the last rotation, beside what came.
 * @module
 */
import type { JSX } from 'preact';
import { Known } from '../parts/states.tsx';
import { usePolled } from '../session/poll.ts';

const clock = (at: string | null): string => (at === null ? '–' : at.slice(0, 19).replace('T', ' '));

export function Forecast(): JSX.Element {
  const polled = usePolled('GET /v1/rehearsal', {}, 5_000).value;
  if (polled.answer === undefined && polled.trouble !== '')
    return (
      <section class="boxed">
        <h2>Forecast</h2>
        <p class="empty">{polled.trouble}</p>
      </section>
    );
  return (
    <section class="boxed">
      <h2>Forecast, and what came</h2>
      <Known polled={polled}>
        {({ forecast, actual }) => (
          <table class="plain">
            <thead>
              <tr>
                <th></th>
                <th>Forecast: safe from</th>
                <th>Done</th>
              </tr>
            </thead>
            <tbody>
              <tr>
                <th scope="row">start</th>
                <td>{clock(forecast.startAt)}</td>
                <td>{clock(actual.startAt)}</td>
              </tr>
              <tr>
                <th scope="row">activate</th>
                <td>{clock(forecast.activateSafeAt)}</td>
                <td>{clock(actual.activatedAt)}</td>
              </tr>
              <tr>
                <th scope="row">taint</th>
                <td>{clock(forecast.taintSafeAt)}</td>
                <td>{clock(actual.taintedAt)}</td>
              </tr>
              <tr>
                <th scope="row">revoke</th>
                <td>{clock(forecast.revokeSafeAt)}</td>
                <td>{clock(actual.revokedAt)}</td>
              </tr>
              <tr>
                <th scope="row">signed a second at most</th>
                <td>{forecast.signingPeakPerSecond}</td>
                <td>{actual.signingPeakPerSecond ?? '–'}</td>
              </tr>
            </tbody>
          </table>
        )}
      </Known>
    </section>
  );
}
