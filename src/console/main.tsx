/**
 * The page: its session, its views, and the strip above them.
 * @module
 */
import { type JSX, render } from 'preact';
import { Live } from './live/live-view.tsx';
import { type ViewName, viewNames, writeAddress } from './model/address.ts';
import { Boundary } from './parts/boundary.tsx';
import { Health } from './parts/health.tsx';
import { later } from './parts/later.tsx';
import { Trouble } from './parts/states.tsx';
import { beginSession, session, sessionTrouble } from './session/session.ts';
import { follow } from './session/stream.ts';
import { versionNotice } from './session/versions.ts';
import { address, watchAddress } from './session/view.ts';

const titles: Readonly<Record<ViewName, string>> = {
  live: 'Live',
  map: 'Map',
  'what-if': 'What if',
  rotation: 'Rotation',
  certificates: 'Certificates',
  policies: 'Policies',
};

/** Live is there at once. */
const others = later(async () => (await import('./other-views.tsx')).otherViews);

/** For the latest decisions: with them the page is drawn once. */
const MOST_WAIT_MS = 200;
const FETCH_OTHERS_MS = 1_000;

function Page(): JSX.Element {
  if (session.value === undefined)
    return (
      <main class="gone">
        <h1>Gatehouse</h1>
        <Trouble text={sessionTrouble.value} />
      </main>
    );
  const { view } = address.value;
  const title = titles[view];
  document.title = `${title} · Gatehouse`;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('view')?.focus()}>
        to the view
      </button>
      <nav aria-label="views">
        <strong>Gatehouse</strong>
        {viewNames.map((name) => (
          <a
            key={name}
            href={writeAddress({ view: name, query: {} })}
            aria-current={name === view ? 'page' : undefined}
          >
            {titles[name]}
          </a>
        ))}
        <small title={session.value.admin}>{session.value.version}</small>
      </nav>
      <Health />
      <Versions own={session.value.version} />
      <main id="view" tabIndex={-1} key={view}>
        <h1>{title}</h1>
        <Boundary>{view === 'live' ? <Live /> : <others.part name={view} />}</Boundary>
      </main>
    </>
  );
}

/** Whether the server is one that this page knows. */
function Versions({ own }: { readonly own: string }): JSX.Element | null {
  const notice = versionNotice(own);
  if (notice === undefined) return null;
  return (
    <p class="notice" role="status">
      {notice.text}{' '}
      {notice.helps === 'reload' && (
        <button type="button" onClick={() => location.reload()}>
          Reload
        </button>
      )}
    </p>
  );
}

await beginSession();
watchAddress();
if (session.value !== undefined)
  await Promise.race([follow(), new Promise((resolve) => setTimeout(resolve, MOST_WAIT_MS))]);
const place = document.getElementById('page')!; // index.html has it
place.replaceChildren();
render(<Page />, place);
// While the console is there: who looks at another view later may find it away.
setTimeout(others.fetch, FETCH_OTHERS_MS);
