// Composition root of the page: makes the store, the workers, the node and the view, and joins them. The only file that
// knows everyone.
import { links, shard, signalingUrl, socket, trainer } from './boot.ts';
import type { RoleChoice } from './protocol/control.ts';
import { roleChoices } from './protocol/control.ts';
import { Automation, RecordingViewWriter } from './runtime/automation.ts';
import { browserLabel } from './runtime/browser-label.ts';
import { machineOf } from './runtime/machine.ts';
import { moment } from './runtime/moments.ts';
import { RoomNode } from './runtime/node.ts';
import { PageCommands } from './runtime/page-commands.ts';
import { formatFragment, newRoom, parseFragment, roomKey } from './runtime/room-link.ts';
import { sessionMemory } from './runtime/session-memory.ts';
import { WorkerHandles } from './runtime/worker-handles.ts';
import { createViewStore } from './store/store.ts';

/** The room in the address bar; a new one is put there, so that the link can be copied from it. */
function roomOfPage() {
  const found = parseFragment(location.hash);
  if (found !== null) return found;
  const address = newRoom(Math.random);
  history.replaceState(null, '', formatFragment(address));
  return address;
}

function roleOfPage(): RoleChoice {
  const wanted = new URLSearchParams(location.search).get('role');
  return roleChoices.find((role) => role === wanted) ?? 'auto';
}

/** The socket that is there, once, while it is any good; then new ones. */
function socketOpener(there: WebSocket): (url: string) => WebSocket {
  let isTaken = false;
  return (url) => {
    const isGood = !isTaken && there.readyState <= WebSocket.OPEN;
    isTaken = true;
    return isGood ? there : new WebSocket(url);
  };
}

function openPage(root: HTMLElement): void {
  moment('page');
  const store = createViewStore();
  const workers = new WorkerHandles(trainer, shard, links);
  const address = roomOfPage();
  void workers.openRoom(roomKey(address));
  const role = roleOfPage();
  const now = () => performance.now();
  const view = new RecordingViewWriter(store, address, location.href, now);
  const options = {
    signalingUrl,
    openSocket: socketOpener(socket),
    address,
    role,
    label: browserLabel(navigator.userAgent),
    machine: machineOf(location, navigator, () => localStorage, Math.random),
    iceServers: [],
    random: Math.random,
    now,
    rejoin: () => location.reload(),
  };
  const node = new RoomNode(options, workers, view);
  const commands = new PageCommands(store, node, workers, view, sessionMemory(roomKey(address)));
  store.setState({ role });
  // Another room in the address bar is another page: everything starts anew.
  addEventListener('hashchange', () => location.reload());
  addEventListener('pagehide', () => node.leave());
  // What draws the page is half of its code, and comes after the timer with which signaling begins: the first drawing can wait
  // for a moment, the room can't.
  const drawing = new Promise<void>((resolve) => setTimeout(resolve)).then(async () => {
    const { mount } = await import('./ui/mount.tsx');
    return mount(root, store, commands);
  });
  drawing.catch(() => root.append('This page could not be loaded whole. Reload it.'));
  const stopDrawing = async () => (await drawing)();
  window.pushpull = new Automation(store, view, commands, workers, node, stopDrawing);
}

const root = document.getElementById('root');
if (root !== null) openPage(root);
