// A worker's side of push and pull without a job: the client as the trainer worker runs it, on the port to the links worker.
import { expose } from 'comlink';
import type { ClusterState } from '../../src/protocol/control.ts';
import { NO_CLOCK, type NodeId } from '../../src/protocol/ids.ts';
import { Client, type PulledTables } from '../../src/runtime/client.ts';
import { FrameLink } from '../../src/runtime/frame-link.ts';

/** Samples of every push: weight 1 for plans with this batch. */
export const SAMPLES = 8;

interface Running {
  readonly client: Client;
  readonly cluster: ClusterState;
  readonly gradient: readonly Float32Array[];
  /** As the training loop has it: two sets in turn, one being filled while the other is used. */
  readonly buffers: readonly (readonly Float32Array[])[];
}

export class BenchClient {
  private link: FrameLink | null = null;
  private running: Running | null = null;
  private requests = 0;
  private clock = 0;

  attach(port: MessagePort): void {
    this.link = new FrameLink(
      { kind: 'joined', port },
      {
        onFrame: (frame, bytes) => {
          const [server] = this.running?.cluster.map.servers ?? [];
          if (server !== undefined) this.running?.client.receive(server, frame, bytes);
        },
        onClose: (reason) => {
          throw new Error(`The link was closed: ${reason}`);
        },
      },
    );
  }

  /** Takes part in a run, from clock 0. */
  follow(self: NodeId, cluster: ClusterState): void {
    const { plan, map } = cluster;
    if (plan === null) throw new RangeError('A cluster without a run.');
    const send = (_: NodeId, frame: Parameters<FrameLink['send']>[0]) => this.link?.send(frame) ?? 0;
    const client = new Client({ node: self, incarnation: 1 }, plan.run, plan.tables, send, () => ++this.requests);
    client.setMap(map);
    for (const server of map.servers) client.setLink(server, true);
    const make = (fill: number) => plan.tables.map(({ keys, width }) => new Float32Array(keys * width).fill(fill));
    this.running = { client, cluster, gradient: make(1), buffers: [make(0), make(0)] };
    this.clock = 0;
  }

  /** Pushes so many gradients, as fast as the client lets. @returns milliseconds until all are acknowledged */
  async push(count: number): Promise<number> {
    const start = performance.now();
    let last: Promise<void> = Promise.resolve();
    for (let at = 0; at < count; at++) {
      await this.client.roomToPush();
      last = this.pushOne();
    }
    await last;
    return performance.now() - start;
  }

  /** Pulls the whole model so often, the next asked for before the last has come. @returns milliseconds */
  async pull(count: number): Promise<number> {
    const start = performance.now();
    let previous: Promise<unknown> = Promise.resolve();
    for (let at = 0; at < count; at++) {
      const pulled = this.pullOne(at);
      await previous;
      previous = pulled;
    }
    await previous;
    return performance.now() - start;
  }

  /** Pulls as `pull` does, and pushes for every pull, as a worker that computes nothing would. @returns milliseconds */
  async both(count: number): Promise<number> {
    const start = performance.now();
    let previous = this.pullOne(0);
    let last: Promise<void> = Promise.resolve();
    for (let at = 1; at <= count; at++) {
      const pulled = at < count ? this.pullOne(at) : previous;
      await previous;
      previous = pulled;
      await this.client.roomToPush();
      last = this.pushOne();
    }
    await last;
    return performance.now() - start;
  }

  /** @returns milliseconds from each push to its acknowledgement, one after the other */
  async roundTrips(count: number): Promise<number[]> {
    const times: number[] = [];
    for (let at = 0; at < count; at++) {
      const start = performance.now();
      await this.pushOne();
      times.push(performance.now() - start);
    }
    return times;
  }

  /** The first parameter, and how many gradients of 1 have been pushed: the server's work can be checked by it. */
  async look(): Promise<{ value: number; pushes: number }> {
    const { tables } = await this.pullOne(0);
    return { value: tables[0]?.[0] ?? Number.NaN, pushes: this.clock };
  }

  private pushOne(): Promise<void> {
    const tables = (this.running?.gradient ?? []).map((values) => ({ keys: null, values }));
    return this.client.push({ clock: this.clock++, samples: SAMPLES, tables, readFronts: new Map() }).done;
  }

  private pullOne(turn: number): Promise<PulledTables> {
    const into = this.running?.buffers[turn % 2] ?? [];
    return this.client.pull({ minClock: NO_CLOCK, keys: into.map(() => null), into }).done;
  }

  private get client(): Client {
    if (this.running === null) throw new Error('No run is followed.');
    return this.running.client;
  }
}

expose(new BenchClient());
