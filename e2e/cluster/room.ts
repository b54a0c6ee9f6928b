// A room with its tabs: server, browsers, tabs in a fixed order, and the first thing that goes wrong in any of them.
import { randomBytes } from 'node:crypto';
import { type RunningServer, startServer } from '../../signaling/http-server.ts';
import { openChromium } from '../browsers/chromium.ts';
import { openFirefox } from '../browsers/firefox.ts';
import type { OpenBrowser, Tab } from '../browsers/tab.ts';
import type { ClusterArguments } from './arguments.ts';
import { ClusterFailure } from './failure.ts';
import { every } from './periods.ts';

export interface Room {
  readonly workers: readonly Tab[];
  readonly servers: readonly Tab[];
  readonly tabs: readonly Tab[];
  readonly browsers: readonly string[];
  /** Rejects when a tab or a browser is lost; never resolves. */
  readonly trouble: Promise<never>;
  close(): Promise<void>;
}

export interface RoomSettings extends Pick<ClusterArguments, 'workers' | 'servers' | 'browser' | 'headed' | 'port'> {
  /** The built page. */
  readonly folder: string;
}

type Role = 'worker' | 'server';

/** What has to be closed, last first. */
class Closers {
  private readonly list: (() => Promise<unknown>)[] = [];

  add(close: () => Promise<unknown>): void {
    this.list.unshift(close);
  }

  async closeAll(): Promise<void> {
    for (const close of this.list.splice(0)) await close();
  }
}

/** Opens worker tabs, then server tabs, each joined before the next: node ids are the same from run to run. */
export async function openRoom(settings: RoomSettings, say: (text: string) => void): Promise<Room> {
  const closers = new Closers();
  try {
    const server = await listen(settings);
    closers.add(() => server.stop());
    const browsers = await openBrowsers(settings, closers);
    let fail: (error: Error) => void = () => undefined;
    const trouble = new Promise<never>((_, reject) => {
      fail = reject;
    });
    trouble.catch(() => undefined);
    const handlers = { onCrash: (what: string) => fail(new ClusterFailure(`${what}.`)), onError: say };
    const address = `#room=cluster-${randomBytes(4).toString('hex')}&secret=${randomBytes(16).toString('hex')}`;
    const tabs: Tab[] = [];
    const open = async (role: Role, index: number): Promise<Tab> => {
      const browser = browsers[tabs.length % browsers.length];
      if (browser === undefined) throw new RangeError('A room needs a browser.');
      const url = `${server.url}?role=${role}${address}`;
      const tab = await browser.openTab(`${role} ${index + 1}`, url, handlers);
      tabs.push(tab);
      await Promise.race([joined(tab, tabs.length), trouble]);
      return tab;
    };
    const workers: Tab[] = [];
    for (let index = 0; index < settings.workers; index++) workers.push(await open('worker', index));
    const servers: Tab[] = [];
    for (let index = 0; index < settings.servers; index++) servers.push(await open('server', index));
    await Promise.race([Promise.all(tabs.map((tab) => joined(tab, tabs.length))), trouble]);
    const versions = browsers.map(({ version }) => version);
    return { workers, servers, tabs, browsers: versions, trouble, close: () => closers.closeAll() };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

async function listen({ port, folder }: RoomSettings): Promise<RunningServer> {
  try {
    return await startServer({ host: '127.0.0.1', port, folder });
  } catch (error) {
    throw new ClusterFailure(`Port ${port} can't be had: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

async function openBrowsers(settings: RoomSettings, closers: Closers): Promise<OpenBrowser[]> {
  const options = { isHeaded: settings.headed };
  const openers = { chromium: [openChromium], firefox: [openFirefox], mixed: [openChromium, openFirefox] };
  const browsers: OpenBrowser[] = [];
  for (const open of openers[settings.browser]) {
    const browser = await open(options);
    closers.add(() => browser.close());
    browsers.push(browser);
  }
  return browsers;
}

/** Until the tab is in the room and connected to all of its `size` nodes. */
async function joined(tab: Tab, size: number): Promise<void> {
  for await (const _ of every('look')) {
    const { connection, nodes } = await tab.call('status');
    if (connection.phase === 'failed')
      throw new ClusterFailure(`${tab.name}: ${connection.reason} ${connection.advice}`);
    const connected = nodes.filter(({ peer }) => peer.phase === 'self' || peer.phase === 'connected');
    if (connection.phase === 'joined' && connected.length === size) return;
  }
}
