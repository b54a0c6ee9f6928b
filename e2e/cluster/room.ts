// A room with its tabs: server, browsers, tabs in a fixed order, and the first thing that goes wrong in any of them. Tabs
// may come and go in mid-run, and so may the server, where that is asked for.
import { randomBytes } from 'node:crypto';
import { type RunningServer, startServer } from '../../signaling/http-server.ts';
import { openChromium } from '../browsers/chromium.ts';
import { openFirefox } from '../browsers/firefox.ts';
import type { OpenBrowser, Tab } from '../browsers/tab.ts';
import type { ClusterArguments } from './arguments.ts';
import { ClusterFailure } from './failure.ts';
import { every } from './periods.ts';

export interface RoomSettings extends Pick<ClusterArguments, 'workers' | 'servers' | 'browser' | 'headed' | 'port'> {
  /** The built page. */
  readonly folder: string;
}

export type TabRole = 'worker' | 'server';

export interface RoomTab {
  readonly tab: Tab;
  readonly role: TabRole;
  readonly node: number;
}

export class Room {
  /** Rejects when a tab or a browser is lost that nobody wanted to lose; never resolves. */
  readonly trouble: Promise<never>;
  private members: RoomTab[] = [];
  private opened = 0;
  private fail: (error: Error) => void = () => undefined;
  private readonly lost = new Set<string>();
  private readonly address =
    `#room=cluster-${randomBytes(4).toString('hex')}&secret=${randomBytes(16).toString('hex')}`;

  constructor(
    private readonly settings: RoomSettings,
    private server: RunningServer,
    private readonly openBrowsers: readonly OpenBrowser[],
    private readonly say: (text: string) => void,
  ) {
    this.trouble = new Promise<never>((_, reject) => {
      this.fail = reject;
    });
    this.trouble.catch(() => undefined);
  }

  /** Tabs that are there now, in the order in which they came. */
  get all(): readonly RoomTab[] {
    return this.members;
  }

  get tabs(): readonly Tab[] {
    return this.members.map(({ tab }) => tab);
  }

  get browsers(): readonly string[] {
    return this.openBrowsers.map(({ version }) => version);
  }

  /** The tab through which the room is led and looked at: the oldest that is left. */
  get first(): Tab {
    const [first] = this.members;
    if (first === undefined) throw new ClusterFailure('No tab is left in the room.');
    return first.tab;
  }

  /** Opens a tab; resolves once it has joined and is connected to all others. */
  async open(role: TabRole): Promise<RoomTab> {
    const browser = this.openBrowsers[this.opened++ % this.openBrowsers.length];
    if (browser === undefined) throw new RangeError('A room needs a browser.');
    const name = `${role} ${this.members.filter((member) => member.role === role).length + 1}`;
    const url = `${this.server.url}?role=${role}${this.address}`;
    const handlers = {
      onCrash: (what: string) => this.lost.has(name) || this.fail(new ClusterFailure(`${what}.`)),
      onError: this.say,
    };
    const tab = await browser.openTab(name, url, handlers);
    const node = await Promise.race([joined(tab, this.members.length + 1), this.trouble]);
    const member = { tab, role, node };
    this.members.push(member);
    return member;
  }

  /** Until every tab is connected to every other. */
  async settled(): Promise<void> {
    await Promise.race([Promise.all(this.tabs.map((tab) => joined(tab, this.tabs.length))), this.trouble]);
  }

  /** From now on the room does without this tab, and its end is no trouble. */
  drop(member: RoomTab): void {
    this.lost.add(member.tab.name);
    this.members = this.members.filter((other) => other !== member);
  }

  async stopSignaling(): Promise<void> {
    await this.server.stop();
  }

  /** The server again, on the port that it had. */
  async restartSignaling(): Promise<void> {
    this.server = await listen({ ...this.settings, port: Number(new URL(this.server.url).port) });
  }

  async close(): Promise<void> {
    this.members = [];
    for (const browser of this.openBrowsers) await browser.close();
    await this.server.stop();
  }
}

/** Opens worker tabs, then server tabs, each joined before the next: node ids are the same from run to run. */
export async function openRoom(settings: RoomSettings, say: (text: string) => void): Promise<Room> {
  const server = await listen(settings);
  const browsers: OpenBrowser[] = [];
  const room = new Room(settings, server, browsers, say);
  try {
    await openBrowsers(settings, browsers);
    for (let index = 0; index < settings.workers; index++) await room.open('worker');
    for (let index = 0; index < settings.servers; index++) await room.open('server');
    await room.settled();
    return room;
  } catch (error) {
    await room.close();
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

async function openBrowsers(settings: RoomSettings, browsers: OpenBrowser[]): Promise<void> {
  const options = { isHeaded: settings.headed };
  const openers = { chromium: [openChromium], firefox: [openFirefox], mixed: [openChromium, openFirefox] };
  for (const open of openers[settings.browser]) browsers.push(await open(options));
}

/** Until the tab is in the room and connected to all of its `size` nodes. @returns its node id */
async function joined(tab: Tab, size: number): Promise<number> {
  for await (const _ of every('look')) {
    const { connection, nodes, self } = await tab.call('status');
    if (connection.phase === 'failed')
      throw new ClusterFailure(`${tab.name}: ${connection.reason} ${connection.advice}`);
    const connected = nodes.filter(({ peer }) => peer.phase === 'self' || peer.phase === 'connected');
    if (connection.phase === 'joined' && connected.length === size && self !== null) return self;
  }
  throw new RangeError('A timer ended.');
}
