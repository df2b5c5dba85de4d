/**
 * The directory of a projected volume as a kubelet fills it: all files are replaced in one step, by a link.
 * @module
 */
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { openssl } from '../openssl.ts';
import type { ApiServer } from './api-server.ts';
import { answerOf, type MountingPod, requestFor, requestsPath } from './pod-volumes.ts';
import type { User } from './users.ts';

const BUNDLE = '/apis/certificates.k8s.io/v1/clustertrustbundles/gatehouse.io:workload:v1';

/** A volume with `svid.pem` (key, then chain) and `roots.pem`. */
export class MountedVolume {
  readonly path: string;
  readonly #server: ApiServer;
  readonly #kubelet: User;
  readonly #pod: MountingPod;
  #files: Readonly<Record<string, string>> = {};
  #writes = 0;

  /** @param path  an empty directory */
  constructor(path: string, server: ApiServer, kubelet: User, pod: MountingPod) {
    this.path = path;
    this.#server = server;
    this.#kubelet = kubelet;
    this.#pod = pod;
  }

  /** Makes a key, asks for a certificate of it, and mounts both. Returns the chain. */
  async refreshCertificate(): Promise<string> {
    const keyFile = join(this.path, `..key-${this.#writes}`);
    const curve = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const csr = openssl([
      'req',
      '-new',
      '-newkey',
      ...curve,
      '-nodes',
      '-keyout',
      keyFile,
      '-subj',
      '/',
      '-outform',
      'DER',
    ]);
    if (!csr.ok) throw new Error(csr.text);
    const spec = { stubPKCS10Request: csr.stdout.toString('base64') };
    const asked = await this.#kubelet.api.must('POST', requestsPath(this.#pod.namespace), requestFor(this.#pod, spec));
    const status = await eventually('the request is answered', () => answerOf(this.#server, asked));
    if (status.certificateChain === undefined) throw new Error(JSON.stringify(status));
    const key = await readFile(keyFile, 'utf8');
    await rm(keyFile);
    await this.#write({ 'svid.pem': `${key}${status.certificateChain}` });
    return status.certificateChain;
  }

  /** Mounts the roots that the cluster has now. */
  async refreshRoots(): Promise<void> {
    const { spec } = await this.#server.admin.api.must('GET', BUNDLE);
    await this.#write({ 'roots.pem': (spec as { trustBundle: string }).trustBundle });
  }

  async #write(files: Readonly<Record<string, string>>): Promise<void> {
    this.#files = { ...this.#files, ...files };
    const into = `..data-${this.#writes++}`;
    await mkdir(join(this.path, into));
    for (const [name, text] of Object.entries(this.#files)) {
      await writeFile(join(this.path, into, name), text, { mode: 0o600 });
      await symlink(join('..data', name), join(this.path, name)).catch(() => undefined); // it is there
    }
    await symlink(into, join(this.path, '..data.next'));
    await rename(join(this.path, '..data.next'), join(this.path, '..data'));
  }
}
