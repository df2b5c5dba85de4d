/**
 * Has a graph laid out beside the page, which goes on meanwhile.
 * @module
 */
import type { Graph } from '../model/graph.ts';

/** Where everything is, in pixels. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: Readonly<
    Record<string, { readonly x: number; readonly y: number; readonly width: number; readonly height: number }>
  >;
  /** In the order of the graph's edges. */
  readonly edges: readonly (readonly { readonly x: number; readonly y: number }[])[];
}

const MOST_MS = 2_000;

/** The only script besides the page's own that runs here; the policy of its content lets no other begin. */
const scripts = (
  globalThis as unknown as {
    readonly trustedTypes?: {
      createPolicy(
        name: string,
        rules: { createScriptURL(url: string): string },
      ): { createScriptURL(url: string): string };
    };
  }
).trustedTypes?.createPolicy('gatehouse', { createScriptURL: (url) => (url === '/layout.js' ? url : '') });

/** Lays out. @param done  is told once @returns ends it */
export function layOut(graph: Graph, done: (laid: Layout | 'late') => void): () => void {
  const worker = new Worker(scripts?.createScriptURL('/layout.js') ?? '/layout.js', { type: 'module' });
  const end = (): void => {
    clearTimeout(late);
    worker.terminate();
  };
  let late: ReturnType<typeof setTimeout> | undefined;
  const giveUp = (): void => {
    end();
    done('late');
  };
  worker.onmessage = ({ data }: MessageEvent<Layout | 'ready'>) => {
    // A browser that is busy may take its time to begin; what is bounded is the work.
    if (data === 'ready') {
      late = setTimeout(giveUp, MOST_MS);
      worker.postMessage({ nodes: graph.nodes, edges: graph.edges.map(({ from, to }) => [from, to]) });
      return;
    }
    end();
    done(data);
  };
  worker.onerror = giveUp;
  return end;
}
