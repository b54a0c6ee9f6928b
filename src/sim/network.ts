// A virtual network: one connection per pair of nodes, with latency, bandwidth, stalls and breaks. Frames of one lane keep
// their order, lanes overtake each other, and what is under way on a connection that breaks is lost with it, or comes late and twice.
import type { NodeId } from '../protocol/ids.ts';
import type { Random } from '../random.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface NetworkSettings {
  /** One way, per connection: uniform between these, plus jitter per message. */
  readonly latencyMs: readonly [number, number];
  readonly jitterMs: number;
  /** Of each connection and direction: between these, evenly on a logarithmic scale. */
  readonly bytesPerMs: readonly [number, number];
  /** From the wish to connect to a connection. */
  readonly connectMs: readonly [number, number];
}

/** Tabs of one room on one network: some on a cable, some on a bad radio link. */
export const LAN: NetworkSettings = {
  latencyMs: [0.2, 4],
  jitterMs: 1,
  bytesPerMs: [1_000, 40_000],
  connectMs: [30, 150],
};

/** Tabs at home, in several countries. */
export const INTERNET: NetworkSettings = {
  latencyMs: [5, 80],
  jitterMs: 15,
  bytesPerMs: [500, 5_000],
  connectMs: [100, 600],
};

/** The lane of control messages; all others carry frames. */
export const CONTROL_LANE = 'control';

/** Browsers give a silent connection up after 5 to 6 seconds. */
const GIVE_UP_MS = 6_000;

/** Messages of a broken connection that come late, once the next one is up: at most so many, and so much later. */
const MAX_LATE = 64;
const LATE_MS = 50;

/** The page tries again this long after a connection broke. */
const RETRY_MS: readonly [number, number] = [100, 900];

export interface NetworkHandlers {
  onUp(node: NodeId, peer: NodeId): void;
  onDown(node: NodeId, peer: NodeId): void;
  isAlive(node: NodeId): boolean;
  /** Hears of every message that leaves. */
  readonly onSend?: ((from: NodeId, to: NodeId, lane: string, bytes: number) => void) | undefined;
  /** Can this node's offers travel? Not while it can't reach the signaling server. */
  canSignal(node: NodeId): boolean;
}

interface Pair {
  readonly nodes: readonly [NodeId, NodeId];
  readonly latencyMs: number;
  isUp: boolean;
  isConnecting: boolean;
  /** Grows with every connection: what was sent on an older one never arrives. */
  generation: number;
  readonly bytesPerMs: number;
  /** No connection comes about before then. */
  blockedUntil: number;
  /** Until when nothing gets through, from the smaller to the larger node and back. */
  readonly stalledUntil: [number, number];
  /** Until when the transport waits before it tries again, which a new connection doesn't. */
  readonly backedOffUntil: [number, number];
  /** Until when each direction is busy sending: all lanes share it. */
  readonly busyUntil: [number, number];
  readonly lanes: Map<string, number>;
  /** What was under way when the connection broke, where that comes late instead of never. */
  readonly late: { readonly to: NodeId; readonly deliver: () => void }[];
  keepsLate: boolean;
}

export class Network {
  private readonly pairs = new Map<string, Pair>();
  /** Frames are lost while control messages get through, until the connection is made anew. */
  private readonly dead = new Set<Pair>();
  messages = 0;
  bytes = 0;

  constructor(
    private readonly time: VirtualTime,
    private readonly random: Random,
    private readonly settings: NetworkSettings,
    private readonly handlers: NetworkHandlers,
  ) {}

  /** Wishes for a connection; it comes about by itself, and comes back by itself. */
  connect(a: NodeId, b: NodeId): void {
    const pair = this.pairOf(a, b);
    if (pair.isUp || pair.isConnecting) return;
    pair.isConnecting = true;
    this.time.after(this.between(this.settings.connectMs), () => this.open(pair));
  }

  /** Up, and does everything get through? */
  isFlowing(a: NodeId, b: NodeId): boolean {
    const pair = this.pairOf(a, b);
    return pair.isUp && Math.max(...pair.stalledUntil, ...pair.backedOffUntil) <= this.time.now;
  }

  /**
   * Ends a connection; both ends are told, and who still lives tries again.
   * @param keepsLate what is under way arrives after the connection is there again, some of it twice; else it is lost
   */
  cut(a: NodeId, b: NodeId, keepsLate = false): void {
    const pair = this.pairOf(a, b);
    if (!pair.isUp) return;
    pair.isUp = false;
    pair.keepsLate = keepsLate;
    if (!keepsLate) pair.late.length = 0;
    pair.generation++;
    pair.lanes.clear();
    pair.busyUntil.fill(0);
    pair.backedOffUntil.fill(0);
    for (const [node, peer] of [pair.nodes, [pair.nodes[1], pair.nodes[0]] as const]) {
      if (this.handlers.isAlive(node)) this.handlers.onDown(node, peer);
    }
    this.time.after(this.between(RETRY_MS), () => this.connect(a, b));
  }

  /** Ends a connection, and makes none between these two for a while. */
  block(a: NodeId, b: NodeId, durationMs: number): void {
    const pair = this.pairOf(a, b);
    pair.blockedUntil = Math.max(pair.blockedUntil, this.time.now + durationMs);
    this.cut(a, b);
  }

  /** The channels of frames die, the control channel lives. */
  killBulk(a: NodeId, b: NodeId): void {
    this.dead.add(this.pairOf(a, b));
  }

  /** Peers of a node whose channels of frames are dead. */
  deadBulk(node: NodeId): NodeId[] {
    const dead = [...this.dead].filter(({ isUp, nodes }) => isUp && nodes.includes(node));
    return dead.map(({ nodes: [a, b] }) => (a === node ? b : a));
  }

  /** A dead node's connections: nobody is told for seconds, that is how WebRTC is. */
  forget(node: NodeId): void {
    for (const pair of this.pairs.values()) {
      if (!pair.nodes.includes(node) || !pair.isUp) continue;
      const { generation } = pair;
      this.time.after(GIVE_UP_MS, () => {
        if (pair.generation === generation) this.cut(...pair.nodes);
      });
    }
  }

  /** Nothing gets through from `from` to `to` for a while; longer than browsers wait breaks the connection. */
  stall(from: NodeId, to: NodeId, durationMs: number): void {
    const pair = this.pairOf(from, to);
    const way = from < to ? 0 : 1;
    pair.stalledUntil[way] = Math.max(pair.stalledUntil[way], this.time.now + durationMs);
    const { generation } = pair;
    if (durationMs < GIVE_UP_MS) return;
    this.time.after(GIVE_UP_MS, () => {
      if (pair.generation === generation) this.cut(from, to);
    });
  }

  /**
   * A node comes back after so long. SCTP waits twice as long before each new try, so what others send gets through again after
   * some of the same time once more, unless the connection is made anew.
   */
  backOff(node: NodeId, sleptMs: number): void {
    for (const pair of this.pairs.values()) {
      if (!pair.isUp || !pair.nodes.includes(node)) continue;
      pair.backedOffUntil[pair.nodes[0] === node ? 1 : 0] = this.time.now + this.random.unit() * sleptMs;
    }
  }

  /** Delivers in the lane's order. A message to a dead node, or on a broken connection, is lost. */
  send(from: NodeId, to: NodeId, lane: string, bytes: number, deliver: () => void): void {
    const pair = this.pairOf(from, to);
    if (!pair.isUp || (lane !== CONTROL_LANE && this.dead.has(pair))) return;
    this.messages++;
    this.bytes += bytes;
    this.handlers.onSend?.(from, to, lane, bytes);
    const way = from < to ? 0 : 1;
    const start = Math.max(this.time.now, pair.stalledUntil[way], pair.backedOffUntil[way], pair.busyUntil[way]);
    pair.busyUntil[way] = start + bytes / pair.bytesPerMs;
    const travel = pair.latencyMs + this.random.unit() * this.settings.jitterMs;
    const key = `${from} ${lane}`;
    const arrival = Math.max(pair.busyUntil[way] + travel, pair.lanes.get(key) ?? 0);
    pair.lanes.set(key, arrival);
    const { generation } = pair;
    this.time.after(arrival - this.time.now, () => {
      if (pair.generation !== generation) this.keepLate(pair, generation, to, deliver);
      else if (this.handlers.isAlive(to)) deliver();
    });
  }

  /** Only what was under way on the connection just before: older ones are beyond recall. */
  private keepLate(pair: Pair, generation: number, to: NodeId, deliver: () => void): void {
    if (!pair.keepsLate || pair.generation - generation > 2 || pair.late.length >= MAX_LATE) return;
    pair.late.push({ to, deliver });
    if (pair.isUp) this.deliverLate(pair);
  }

  private deliverLate(pair: Pair): void {
    for (const { to, deliver } of pair.late.splice(0)) {
      const arrive = () => {
        if (this.handlers.isAlive(to)) deliver();
      };
      this.time.after(this.random.unit() * LATE_MS, arrive);
      if (this.random.unit() < 0.5) this.time.after(this.random.unit() * LATE_MS, arrive);
    }
  }

  private open(pair: Pair): void {
    pair.isConnecting = false;
    const [a, b] = pair.nodes;
    if (pair.isUp || !this.handlers.isAlive(a) || !this.handlers.isAlive(b)) return;
    const isStalled = Math.max(pair.blockedUntil, ...pair.stalledUntil) > this.time.now;
    if (isStalled || !this.handlers.canSignal(a) || !this.handlers.canSignal(b)) {
      this.time.after(this.between(RETRY_MS), () => this.connect(a, b));
      return;
    }
    pair.isUp = true;
    this.dead.delete(pair);
    pair.generation++;
    this.handlers.onUp(a, b);
    this.handlers.onUp(b, a);
    this.deliverLate(pair);
  }

  private between([least, most]: readonly [number, number]): number {
    return least + this.random.unit() * (most - least);
  }

  private pairOf(a: NodeId, b: NodeId): Pair {
    const nodes: [NodeId, NodeId] = a < b ? [a, b] : [b, a];
    const key = nodes.join(' ');
    const known = this.pairs.get(key);
    if (known !== undefined) return known;
    const [slowest, fastest] = this.settings.bytesPerMs;
    const pair: Pair = {
      nodes,
      latencyMs: this.between(this.settings.latencyMs),
      bytesPerMs: slowest * (fastest / slowest) ** this.random.unit(),
      isUp: false,
      isConnecting: false,
      generation: 0,
      blockedUntil: 0,
      stalledUntil: [0, 0],
      backedOffUntil: [0, 0],
      busyUntil: [0, 0],
      lanes: new Map(),
      late: [],
      keepsLate: false,
    };
    this.pairs.set(key, pair);
    return pair;
  }
}
