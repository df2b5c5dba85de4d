/**
 * An image that runs as a container runtime runs it, as far as files go: its own root, read-only, nobody's user, and what every
 * runtime mounts.
 * @module
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild } from '../child.ts';
import type { TempDir } from '../temp-dir.ts';

interface ImageConfig {
  readonly config: {
    readonly User: string;
    readonly Entrypoint: readonly string[];
    readonly Env: readonly string[];
  };
}

/** Runs a program to its end. @throws Error with what it said */
function must(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1e8 });
  if (error) throw new Error(`${program} cannot be run: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}:\n${stdout}${stderr}`);
  return stdout;
}

export interface UnpackedImage {
  readonly root: string;
  readonly image: ImageConfig['config'];
}

/** Takes an OCI layout apart. */
export function unpackImage(layout: string, tag: string, into: TempDir): UnpackedImage {
  const { config } = JSON.parse(must('skopeo', 'inspect', '--config', `oci:${layout}:${tag}`)) as ImageConfig; // OCI's form
  must('umoci', 'unpack', '--image', `${layout}:${tag}`, into.at('bundle'));
  return { root: into.at('bundle/rootfs'), image: config };
}

/** Mounts what every runtime mounts, a directory of configuration and two that can be written, and becomes the program. */
const start = `
mount --bind "$ROOT" "$ROOT"; mount -o remount,ro,bind "$ROOT"
mount -t proc proc "$ROOT/proc"
mount -t tmpfs -o mode=755 dev "$ROOT/dev"
for device in null zero urandom; do touch "$ROOT/dev/$device"; mount --bind "/dev/$device" "$ROOT/dev/$device"; done
for directory in run/gatehouse var/lib/gatehouse; do mount -t tmpfs -o "uid=\${OWNER%:*},gid=\${OWNER#*:}" own "$ROOT/$directory"; done
mount --bind "$CONFIG" "$ROOT/etc/gatehouse"
exec env -i "$PATH_OF_IMAGE" "$CHROOT" --userspec="$OWNER" "$ROOT" "$@"
`;

/** Starts the entrypoint with arguments. @param config  a directory that it finds as /etc/gatehouse */
export function startContainer({ root, image }: UnpackedImage, config: string, ...args: readonly string[]): Child {
  const env = {
    ...process.env,
    ROOT: root,
    CONFIG: config,
    OWNER: image.User,
    PATH_OF_IMAGE: image.Env.find((each) => each.startsWith('PATH='))!,
    CHROOT: must('sh', '-c', 'command -v chroot').trim(),
  };
  const shell = ['--mount', '--propagation', 'private', 'sh', '-euc', start, 'sh', ...image.Entrypoint, ...args];
  return startChild('unshare', shell, env);
}

/** Runs a program of the image beside the one that runs, as `kubectl exec` does. */
export function execIn({ pid }: Child, { image }: UnpackedImage, ...words: readonly string[]): string {
  const [uid, gid] = image.User.split(':');
  return must(
    'nsenter',
    `--target=${pid}`,
    '--mount',
    '--root',
    '--wdns=/',
    `--setuid=${uid}`,
    `--setgid=${gid}`,
    ...words,
  );
}

/** A file as the container sees it. */
export const readIn = ({ pid }: Child, path: string): Buffer => readFileSync(join(`/proc/${pid}/root`, path));
