/**
 * The page: its session, its views, and the strip above them.
 * @module
 */
import { type JSX, render } from 'preact';
import { Certificates } from './certificates/certificates-view.tsx';
import { Live } from './live/live-view.tsx';
import { MapView } from './map/map-view.tsx';
import { type ViewName, viewNames, writeAddress } from './model/address.ts';
import { Boundary } from './parts/boundary.tsx';
import { Health } from './parts/health.tsx';
import { Trouble } from './parts/states.tsx';
import { Policies } from './policies/policies-view.tsx';
import { Rotation } from './rotation/rotation-view.tsx';
import { beginSession, session, sessionTrouble } from './session/session.ts';
import { follow } from './session/stream.ts';
import { versionNotice } from './session/versions.ts';
import { address, watchAddress } from './session/view.ts';
import { WhatIf } from './what-if/what-if-view.tsx';

const views: Readonly<Record<ViewName, { readonly title: string; readonly view: () => JSX.Element }>> = {
  live: { title: 'Live', view: Live },
  map: { title: 'Map', view: MapView },
  'what-if': { title: 'What if', view: WhatIf },
  rotation: { title: 'Rotation', view: Rotation },
  certificates: { title: 'Certificates', view: Certificates },
  policies: { title: 'Policies', view: Policies },
};

function Page(): JSX.Element {
  if (session.value === undefined)
    return (
      <main class="gone">
        <h1>Gatehouse</h1>
        <Trouble text={sessionTrouble.value} />
      </main>
    );
  const { view } = address.value;
  const { title, view: View } = views[view];
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
            {views[name].title}
          </a>
        ))}
        <small title={session.value.admin}>{session.value.version}</small>
      </nav>
      <Health />
      <Versions own={session.value.version} />
      <main id="view" tabIndex={-1} key={view}>
        <h1>{title}</h1>
        <Boundary>
          <View />
        </Boundary>
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
const place = document.getElementById('page')!; // index.html has it
place.replaceChildren();
render(<Page />, place);
if (session.value !== undefined) void follow();
