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
  /** Frozen: they answer nobody, so nobody asks them. */
  private readonly asleep = new Set<RoomTab>();
  /** Pending while there is no signaling server, and so no page to open either. */
  private serving = Promise.resolve();
  private serve: () => void = () => undefined;
  private fail: (error: Error) => void = () => undefined;
  /** How many tabs of a role were opened: no two have the same name. */
  private readonly numbers = new Map<TabRole, number>();
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

  /** Those that answer. */
  get awake(): readonly RoomTab[] {
    return this.members.filter((member) => !this.asleep.has(member));
  }

  get tabs(): readonly Tab[] {
    return this.awake.map(({ tab }) => tab);
  }

  get browsers(): readonly string[] {
    return this.openBrowsers.map(({ version }) => version);
  }

  /** The tab through which the room is led and looked at: the oldest that is left and awake. */
  get first(): Tab {
    const [first] = this.awake;
    if (first === undefined) throw new ClusterFailure('No tab is left in the room.');
    return first.tab;
  }

  /** Resolves when there is a signaling server again. */
  served(): Promise<void> {
    return this.serving;
  }

  /** Opens a tab; resolves once it has joined and is connected to all others that are awake. */
  async open(role: TabRole): Promise<RoomTab> {
    const browser = this.openBrowsers[this.opened++ % this.openBrowsers.length];
    if (browser === undefined) throw new RangeError('A room needs a browser.');
    const name = this.nextName(role);
    // Without tabs that only serve the room chooses, as it does on the page.
    const asked = role === 'worker' && this.settings.servers === 0 ? 'auto' : role;
    const url = `${this.server.url}?role=${asked}${this.address}`;
    const handlers = {
      onCrash: (what: string) => this.lost.has(name) || this.fail(new ClusterFailure(`${what}.`)),
      onError: this.say,
    };
    const tab = await browser.openTab(name, url, handlers);
    const node = await Promise.race([joined(tab, () => this.awake), this.trouble]);
    const member = { tab, role, node };
    this.members.push(member);
    return member;
  }

  private nextName(role: TabRole): string {
    const number = (this.numbers.get(role) ?? 0) + 1;
    this.numbers.set(role, number);
    return `${role} ${number}`;
  }

  /** Until every tab is connected to every other. */
  async settled(): Promise<void> {
    await Promise.race([Promise.all(this.tabs.map((tab) => joined(tab, () => this.awake))), this.trouble]);
  }

  /** Stops everything in a tab for so long. */
  async freeze(member: RoomTab, ms: number): Promise<void> {
    this.asleep.add(member);
    await member.tab.freeze(ms);
    this.asleep.delete(member);
  }

  /** From now on the room does without this tab, and its end is no trouble. */
  drop(member: RoomTab): void {
    this.lost.add(member.tab.name);
    this.members = this.members.filter((other) => other !== member);
  }

  async stopSignaling(): Promise<void> {
    this.serving = new Promise((resolve) => {
      this.serve = resolve;
    });
    await this.server.stop();
  }

  /** The server again, on the port that it had. */
  async restartSignaling(): Promise<void> {
    this.server = await listen({ ...this.settings, port: Number(new URL(this.server.url).port) });
    this.serve();
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

/** Until the tab is in the room and connected to all of `others`, who may come and go. @returns its node id */
async function joined(tab: Tab, others: () => readonly RoomTab[]): Promise<number> {
  for await (const _ of every('look')) {
    const { connection, nodes, self } = await tab.call('status');
    if (connection.phase === 'failed')
      throw new ClusterFailure(`${tab.name}: ${connection.reason} ${connection.advice}`);
    const connected = new Set(nodes.filter(({ peer }) => peer.phase === 'connected').map(({ id }): number => id));
    const isWithAll = others().every(({ node }) => node === self || connected.has(node));
    if (connection.phase === 'joined' && isWithAll && self !== null) return self;
  }
  throw new RangeError('A timer ended.');
}
