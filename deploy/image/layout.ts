/**
 * An OCI layout of one image: equal files make equal bytes, whenever and by whomever it is made.
 * @module
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { run } from './packages.ts';
import { entrypoint, type Layer, USER } from './root.ts';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Writes the layout. @returns the digest of the image's manifest */
export function writeLayout(layers: readonly Layer[], directory: string, tag: string, work: string): string {
  const blobs = join(directory, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const blob = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const digest = digestOf(bytes);
    writeFileSync(join(blobs, digest.slice('sha256:'.length)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const json = (mediaType: string, value: unknown): Descriptor => blob(mediaType, Buffer.from(JSON.stringify(value)));

  const archives = layers.map(({ folder }, i) => archive(folder, join(work, `layer-${i}.tar`)));
  const config = json('application/vnd.oci.image.config.v1+json', {
    architecture: 'amd64',
    os: 'linux',
    config: {
      User: `${USER}:${USER}`,
      Env: ['PATH=/usr/local/bin:/usr/bin'],
      Entrypoint: entrypoint,
      WorkingDir: '/',
      Labels: { 'org.opencontainers.image.title': 'gatehouse', 'org.opencontainers.image.version': tag },
    },
    rootfs: { type: 'layers', diff_ids: archives.map(digestOf) },
    history: layers.map(({ what }) => ({ created_by: what })),
  });
  const manifest = json('application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config,
    layers: archives.map((bytes) => blob('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(bytes, { level: 6 }))),
  });
  writeFileSync(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const named = {
    ...manifest,
    platform: { architecture: 'amd64', os: 'linux' },
    annotations: { 'org.opencontainers.image.ref.name': tag },
  };
  writeFileSync(
    join(directory, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [named] }),
  );
  return manifest.digest;
}

/** Names in order, no times, root's, and modes that no umask has a part in. */
const SAME = [
  ...['--create', '--format=ustar', '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'],
  '--mode=u=rwX,go=rX',
];

function archive(folder: string, file: string): Buffer {
  run('tar', [...SAME, '--file', file, '--directory', folder, '.'], folder, { ...process.env, LC_ALL: 'C' });
  return readFileSync(file);
}
