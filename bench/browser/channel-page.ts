// One of two tabs: the worker's (trainer side and links worker) or the server's (the shard worker as it is). Beside it, in both,
// a worker with a raw data channel of the same connection.
import { type Remote, transfer, wrap } from 'comlink';
import type { ClusterState } from '../../src/protocol/control.ts';
import { type NodeId, nodeId } from '../../src/protocol/ids.ts';
import type { LinksHost } from '../../src/runtime/links-host.ts';
import type { ShardHost } from '../../src/runtime/shard-host.ts';
import type { BenchClient } from './client.worker.ts';
import { connect } from './connect.ts';
import type { RawChannel } from './raw-channel.worker.ts';

export const WORKER = nodeId(1);
export const SERVER = nodeId(2);

const OURS = { negotiated: true, id: 100 };
const RAW = { negotiated: true, id: 110 };

export interface ChannelBench {
  beWorker(): Promise<void>;
  beServer(): Promise<void>;
  /** The server's tab first: the worker's sends at once. */
  follow(cluster: ClusterState): Promise<void>;
  readonly raw: Remote<RawChannel>;
  readonly client: Remote<BenchClient>;
}

const raw = wrap<RawChannel>(new Worker(new URL('./raw-channel.worker.ts', import.meta.url), { type: 'module' }));
const client = wrap<BenchClient>(new Worker(new URL('./client.worker.ts', import.meta.url), { type: 'module' }));
const links = wrap<LinksHost>(
  new Worker(new URL('../../workers/links.worker.ts', import.meta.url), { type: 'module' }),
);
const shard = wrap<ShardHost>(
  new Worker(new URL('../../workers/shard.worker.ts', import.meta.url), { type: 'module' }),
);
let self: NodeId = WORKER;

declare global {
  interface Window {
    channelBench: ChannelBench;
  }
}

window.channelBench = {
  raw,
  client,

  async beWorker() {
    const { port1, port2 } = new MessageChannel();
    await client.attach(transfer(port2, [port2]));
    await connect('offer', async (pc) => {
      const ours = pc.createDataChannel('ours', OURS);
      const bare = pc.createDataChannel('raw', RAW);
      const joined = links.join(SERVER, transfer({ kind: 'channel', channel: ours }, [ours]), transfer(port1, [port1]));
      const attached = raw.attach(transfer(bare, [bare]), false);
      await Promise.all([joined, attached]);
    });
  },

  async beServer() {
    self = SERVER;
    await shard.init(SERVER);
    await connect('answer', async (pc) => {
      const ours = pc.createDataChannel('ours', OURS);
      const bare = pc.createDataChannel('raw', RAW);
      const attached = shard.attach(WORKER, 'trainer', transfer({ kind: 'channel', channel: ours }, [ours]));
      await Promise.all([attached, raw.attach(transfer(bare, [bare]), true)]);
    });
  },

  follow: (cluster) => (self === SERVER ? shard.setCluster(cluster) : client.follow(WORKER, cluster)),
};
