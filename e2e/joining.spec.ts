// Ways in which a tab can't join, each with a sentence that says why and what to do.
import { TabPage } from './fixtures/tab-page.ts';
import { expect, newRoom, test } from './fixtures/test.ts';

test('a room that is full says so', async ({ room, serve }) => {
  const server = await serve({ limits: { maxRoomNodes: 1 } });
  const url = `${server.url}${newRoom()}`;
  await room.joinTab({ url });
  const late = await room.openTab({ url });
  await expect(late.alert).toContainText(/has its 1 node/);
  await expect(late.alert).toContainText('Close a tab of this room');
  await expect(late.button('Try again')).toBeVisible();
});

test('a wrong secret says so', async ({ room, server }) => {
  await room.joinTab();
  const wrong = room.url.replace(/secret=.*/, 'secret=this-is-not-it');
  expect(wrong.startsWith(server.url)).toBe(true);
  const tab = await room.openTab({ url: wrong });
  await expect(tab.alert).toContainText(/secret/);
  await expect(tab.alert).toContainText('Open the complete link');
});

test('a page of another protocol version is told so', async ({ room, context }) => {
  await context.routeWebSocket(/\/signal$/, (page) => {
    const server = page.connectToServer();
    page.onMessage((message) => server.send(String(message).replace(/"version":\d+/, '"version":999')));
  });
  const tab = await room.openTab();
  await expect(tab.alert).toContainText(/version/);
  await expect(tab.alert).toContainText('Reload the page');
});

test('signaling that can’t be reached says so, and joins when it is back', async ({ room, context }) => {
  let isAway = true;
  await context.routeWebSocket(/\/signal$/, (page) => {
    if (isAway) void page.close({ code: 1013, reason: 'away' });
    else page.connectToServer();
  });
  const tab = await room.openTab();
  await expect(tab.connection).toHaveText(/Reconnecting/);
  isAway = false;
  await tab.joined(1);
});

test('training goes on while signaling is away', async ({ room, serve }) => {
  const server = await serve();
  const url = `${server.url}${newRoom()}`;
  const [a, b] = [await room.joinTab({ url }), await room.joinTab({ url })];
  await a.start({ steps: 100_000 });
  await b.clockOver(2);
  await server.stop();
  await expect(a.connection).toHaveText('Reconnecting…');
  await expect(b.connection).toHaveText('Reconnecting…');
  await b.clockOver(((await b.value('Clock')) ?? 0) + 5);
  await a.button('Stop').click();
  await expect(b.runState).toHaveText('Stopped');
});

test('a stranger is in the room first after signaling has restarted: all come together, and training goes on', async ({
  room,
  serve,
  context,
  browser,
}) => {
  let isHeldBack = false;
  await context.routeWebSocket(/\/signal$/, (page) => {
    const server = page.connectToServer();
    page.onMessage((message) => {
      if (isHeldBack && String(message).includes('"resume"')) void page.close({ code: 1013, reason: 'held back' });
      else server.send(message);
    });
  });
  const server = await serve();
  const url = `${server.url}${newRoom()}`;
  const [a, b] = [await room.joinTab({ url }), await room.joinTab({ url })];
  await a.start({ steps: 100_000 });
  await b.clockOver(2);
  isHeldBack = true;
  await server.stop();
  await serve({ port: server.port });
  // In a context of its own, whose sockets nobody holds: a page that loads anew closes them.
  const stranger = new TabPage(await browser.newPage());
  await stranger.page.goto(url);
  await stranger.joined(1);
  isHeldBack = false;
  // The stranger had the first tab's id: it comes in anew.
  for (const tab of [a, b, stranger]) await tab.joined(3);
  expect([await a.id(), await b.id()]).toEqual([1, 2]);
  const clock = (await b.value('Clock')) ?? 0;
  for (const tab of [a, stranger]) await b.clockOver(clock + 5, await tab.id());
});

test('a browser without WebRTC says so', async ({ room, context }) => {
  await context.addInitScript(() => {
    Reflect.deleteProperty(window, 'RTCPeerConnection');
    Reflect.deleteProperty(window, 'webkitRTCPeerConnection');
  });
  const tab = await room.openTab();
  await expect(tab.alert).toContainText('WebRTC');
});
