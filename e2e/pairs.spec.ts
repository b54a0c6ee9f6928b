// Pairs of tabs that lose each other, or never meet, though both reach everybody else: it is told, with the reason, the room
// trains on, and when the way is free again all is as it was.
import type { Page } from '@playwright/test';
import { TabPage } from './fixtures/tab-page.ts';
import { expect, test } from './fixtures/test.ts';

const timeline = (tab: TabPage) => tab.page.getByRole('region', { name: 'What happened' });

/** Lets no address of this page get to node `other`, and none back, as a firewall would. @returns what opens the way */
async function wallOff(page: Page, other: number): Promise<() => void> {
  let isUp = true;
  const isBlocked = (message: string | Buffer) => {
    const { kind, to, from } = JSON.parse(String(message)) as { kind: string; to?: number; from?: number };
    return isUp && kind === 'signal' && (to === other || from === other);
  };
  await page.routeWebSocket(/./, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => (isBlocked(message) ? undefined : server.send(message)));
    server.onMessage((message) => (isBlocked(message) ? undefined : socket.send(message)));
  });
  return () => {
    isUp = false;
  };
}

/** In a page: the next text that is sent over a data channel goes nowhere. */
function loseOneText(): void {
  const { prototype } = RTCDataChannel;
  const send = prototype.send as (this: RTCDataChannel, data: string) => void;
  prototype.send = function (this: RTCDataChannel, text: string) {
    prototype.send = send as RTCDataChannel['send'];
    Object.assign(window, { lostText: text });
  } as RTCDataChannel['send'];
}

/** In a page: answers to pings go nowhere from now on. */
function losePongs(): void {
  const { prototype } = RTCDataChannel;
  const send = prototype.send as (this: RTCDataChannel, data: unknown) => void;
  prototype.send = function (this: RTCDataChannel, data: unknown) {
    if (typeof data !== 'string' || !data.includes('"pong"')) send.call(this, data);
  } as RTCDataChannel['send'];
}

/** Figures that come while a tab sleeps for so long that it asks who still hears it, and not so long that it is given up. */
const NAP_MESSAGES = 16;

test('two tabs that can’t connect are shown with the reason, the room trains on, and takes both when they can', async ({
  room,
}) => {
  const [a, b] = [await room.joinTab(), await room.joinTab()];
  await a.start({ steps: 100_000, consistency: 'BSP' });
  await a.clockOver(2);
  const c = new TabPage(await a.page.context().newPage());
  const open = await wallOff(c.page, await b.id());
  await c.page.goto(room.url);
  await expect(timeline(a)).toContainText(/Node 3 can't reach node 2: .* A firewall or VPN may be between them/);
  const clock = (await a.value('Clock')) ?? 0;
  await a.clockOver(clock + 10);
  await expect(c.row(2)).toContainText(/unreachable.*a firewall may be in the way/);
  expect(await a.clockOf(await c.id())).toBe(-1);
  open();
  await expect(timeline(a)).toContainText('Node 3 is connected again and takes part.');
  await a.clockOver(clock + 20, await c.id());
});

// Chromium can lose what is sent on a channel that has just come in, without an error.
for (const loser of ['who was there', 'who comes'] as const) {
  test(`the hello of ${loser} is lost: the connection is made anew`, async ({ room }) => {
    const a = await room.joinTab();
    const b = new TabPage(await a.page.context().newPage());
    if (loser === 'who was there') await a.page.evaluate(loseOneText);
    else await b.page.addInitScript(loseOneText);
    await b.page.goto(room.url);
    for (const tab of [a, b]) await tab.joined(2);
    expect(await (loser === 'who comes' ? b : a).page.evaluate('window.lostText')).toContain('hello');
  });
}

test('a data channel of one pair dies: the pair is rebuilt, with the reason, and the clocks go on', async ({
  room,
}) => {
  const [a, b] = [await room.joinTab(), await room.joinTab()];
  await a.start({ steps: 100_000, consistency: 'BSP' });
  await a.clockOver(2);
  // The links worker holds the channels from this tab's trainer to the others' shards.
  const links = b.page.workers().find((worker) => /links/.test(worker.url()));
  if (links === undefined) throw new Error('This tab has no links worker.');
  await links.evaluate(() => {
    const send = RTCDataChannel.prototype.send as (this: RTCDataChannel, data: ArrayBuffer) => void;
    RTCDataChannel.prototype.send = function (this: RTCDataChannel) {
      RTCDataChannel.prototype.send = send as RTCDataChannel['send'];
      this.close();
    };
  });
  // Whichever end makes the new connection says why; the other hears no more than that the old one has ended.
  await expect
    .poll(async () => (await Promise.all([a, b].map((tab) => timeline(tab).textContent()))).join())
    .toMatch(/was lost and rebuilt: .*a data channel has died/);
  const clock = (await a.value('Clock')) ?? 0;
  for (const tab of [a, b]) await a.clockOver(clock + 10, await tab.id());
  await expect(b.row(await a.id())).toContainText('connected');
});

test('a tab that has slept makes a new connection to who doesn’t answer it, and the clocks go on', async ({ room }) => {
  const [a, b, c] = [await room.joinTab(), await room.joinTab(), await room.joinTab()];
  await a.start({ steps: 100_000, consistency: 'BSP' });
  await a.clockOver(2, await c.id());
  await b.page.evaluate(losePongs);
  const { messages } = await a.figures();
  const thaw = await c.freeze();
  await expect.poll(async () => (await a.figures()).messages).toBeGreaterThan(messages + NAP_MESSAGES);
  thaw();
  await expect
    .poll(async () => (await Promise.all([b, c].map((tab) => timeline(tab).textContent()))).join())
    .toMatch(/was lost and rebuilt: .*no answer came over it after a tab had slept/);
  await expect(timeline(a)).not.toContainText('fell silent');
  const clock = (await a.value('Clock')) ?? 0;
  for (const tab of [a, b, c]) await a.clockOver(clock + 10, await tab.id());
});
