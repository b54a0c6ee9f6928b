// A member that misbehaves on the wire: refused, shut out where no honest tab could have sent it, and training goes on.
import { ChunkWriter } from '../src/net/chunks.ts';
import { Priority } from '../src/net/link.ts';
import type { ClusterState } from '../src/protocol/control.ts';
import { encodeFrame, type Push } from '../src/protocol/frames.ts';
import { nodeId, type WorkerId } from '../src/protocol/ids.ts';
import { MAX_MESSAGE_BYTES } from '../src/protocol/limits.ts';
import { TabPage } from './fixtures/tab-page.ts';
import type { Room } from './fixtures/test.ts';
import { expect, test } from './fixtures/test.ts';

/** Runs in the hostile tab before its page: keeps the channels on the page, and a hand on them. */
function keepChannels(): void {
  const channels: RTCDataChannel[] = [];
  Object.assign(window, { channels });
  const create = RTCPeerConnection.prototype.createDataChannel;
  RTCPeerConnection.prototype.createDataChannel = function (...args) {
    const channel = create.apply(this, args);
    channels.push(channel);
    return channel;
  };
  // As in a browser that can't transfer channels: the page then relays them.
  for (const { prototype } of [MessagePort, Worker]) {
    const post = prototype.postMessage as (this: unknown, message: unknown, transfer?: unknown) => void;
    prototype.postMessage = function (this: unknown, message: unknown, transfer?: unknown) {
      if (Array.isArray(transfer) && transfer.some((item) => item instanceof RTCDataChannel)) {
        throw new DOMException('can not be transferred', 'DataCloneError');
      }
      post.call(this, message, transfer);
    } as typeof prototype.postMessage;
  }
}

/** Sends messages as they are to every shard that the tab's trainer is connected to. The newest tab opens: channel 100. */
const sendRaw = (tab: TabPage, messages: readonly Uint8Array[], times = 1): Promise<void> =>
  tab.page.evaluate(
    ({ messages, times }) => {
      const { channels } = window as unknown as { channels: RTCDataChannel[] };
      for (const channel of channels.filter(({ label }) => label === 'bulk-100')) {
        const sent = messages.map((bytes) => Uint8Array.from(bytes));
        for (let time = 0; time < times; time++) for (const bytes of sent) channel.send(bytes);
      }
    },
    { messages: messages.map((message) => [...message]), times },
  );

/** A frame as the one message that carries it. */
function messageOf(push: Push): Uint8Array {
  const writer = new ChunkWriter();
  writer.add(encodeFrame(push), Priority.push);
  const staging = new Uint8Array(MAX_MESSAGE_BYTES);
  return staging.slice(0, writer.fill(staging, new DataView(staging.buffer)));
}

/** A push for the first segment as this worker would send it now, but for what is changed. */
async function pushOf(tab: TabPage, change: Partial<Push>): Promise<Push> {
  const id = await tab.id();
  const { epoch, workers } = await tab.page.evaluate(() => {
    const { core } = window.pushpull.node as unknown as { core: { newest: ClusterState } };
    return core.newest.map;
  });
  const worker: WorkerId = workers.find(({ node }) => node === id) ?? { node: nodeId(id), incarnation: 1 };
  const head = {
    kind: 'push',
    epoch,
    table: 1,
    segment: 0,
    worker,
    clock: 1,
    settled: 0,
    samples: 1,
    readFront: 0,
  } as const;
  return { ...head, keys: Uint32Array.of(0), values: new Float32Array(256), ...change };
}

/** Two honest tabs and a hostile worker in a BSP run. */
async function trainWithHostile(room: Room): Promise<[TabPage, TabPage]> {
  const honest = await room.joinTab();
  await room.joinTab();
  const hostile = new TabPage(await honest.page.context().newPage());
  await hostile.page.addInitScript(keepChannels);
  await hostile.page.goto(room.url.replace('/#', '/?role=worker#'));
  await hostile.joined(3);
  await honest.start({ steps: 2_000, consistency: 'BSP' });
  await honest.clockOver(2, await hostile.id());
  return [honest, hostile];
}

const SHUT_OUT: readonly [string, (tab: TabPage) => Promise<readonly Uint8Array[]>][] = [
  ['bytes that are no frames', async () => [Uint8Array.of(1, 2, 3)]],
  [
    'gradients that are not numbers',
    async (tab) => Array(20).fill(messageOf(await pushOf(tab, { values: new Float32Array(256).fill(Number.NaN) }))),
  ],
  [
    'keys that no table has',
    async (tab) => Array(20).fill(messageOf(await pushOf(tab, { keys: Uint32Array.of(4_000_000) }))),
  ],
  ['clocks that no run has', async (tab) => Array(20).fill(messageOf(await pushOf(tab, { clock: 2_000_000_000 })))],
  [
    'pushes in another worker’s name',
    async (tab) => Array(20).fill(messageOf(await pushOf(tab, { worker: { node: nodeId(1), incarnation: 1 } }))),
  ],
];

for (const [what, messagesOf] of SHUT_OUT) {
  test(`a worker that sends ${what} is shut out, and training goes on`, async ({ room }) => {
    const [honest, hostile] = await trainWithHostile(room);
    const id = await hostile.id();
    await sendRaw(hostile, await messagesOf(hostile));
    await expect(honest.page.getByRole('region', { name: 'What happened' })).toContainText(
      `Node ${id} is shut out of this run`,
    );
    await expect.poll(() => honest.clockOf(id), { message: 'it works no more' }).toBe(-1);
    await honest.clockOver(((await honest.value('Clock')) ?? 0) + 10);
    expect(await honest.value('Loss')).toBeLessThan(5);
    // What was refused is told in the sender's row.
    const row = honest.page
      .getByRole('table', { name: 'Nodes' })
      .getByRole('row', { name: new RegExp(`Node ${id}\\b`) });
    await expect(row).toContainText(/[1-9]\d* refused/);
    await honest.button('Stop').click();
    await expect(honest.runState).toHaveText('Stopped');
  });
}

test('a worker that floods with frames for a map that never comes is shut out, and training goes on', async ({
  room,
}) => {
  const [honest, hostile] = await trainWithHostile(room);
  const id = await hostile.id();
  // A kilobyte each: what may wait for a map is full after four thousand.
  const flood = messageOf(await pushOf(hostile, { epoch: { term: 4_000_000, counter: 1 } }));
  await sendRaw(hostile, [flood], 8_000);
  await expect(honest.page.getByRole('region', { name: 'What happened' })).toContainText(
    `Node ${id} is shut out of this run`,
  );
  const row = honest.page.getByRole('table', { name: 'Nodes' }).getByRole('row', { name: new RegExp(`Node ${id}\\b`) });
  await expect(row).toContainText(/[1-9]\d* refused/);
  await honest.clockOver(((await honest.value('Clock')) ?? 0) + 10);
  await honest.button('Stop').click();
  await expect(honest.runState).toHaveText('Stopped');
});
