/**
 * Every view but the first: one script, which comes after the page is there.
 * @module
 */
import type { JSX } from 'preact';
import { Certificates } from './certificates/certificates-view.tsx';
import { MapView } from './map/map-view.tsx';
import type { ViewName } from './model/address.ts';
import { Policies } from './policies/policies-view.tsx';
import { Rotation } from './rotation/rotation-view.tsx';
import { WhatIf } from './what-if/what-if-view.tsx';

export const otherViews: Readonly<Record<Exclude<ViewName, 'live'>, () => JSX.Element>> = {
  map: MapView,
  'what-if': WhatIf,
  rotation: Rotation,
  certificates: Certificates,
  policies: Policies,
};
