// The page's list of what happened: one line per event, also where two sources each know half of it.
import type { ClusterState } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import type { ViewStore } from '../store/store.ts';
import type { NoticeView, PeerView } from '../store/view.ts';
import { departureText, type Fate, NO_STORY, tellChanges } from './cluster-notices.ts';

/** Notices kept; older ones go. */
const MAX_NOTICES = 100;

/** The two halves of a departure, from this tab's own connection and from the scheduler's map, come within so long. */
const DEPARTURE_MS = 15_000;

/** A node on its way out: what is known of it so far. */
interface Departure {
  readonly atMs: number;
  reason: string | null;
  fate: Fate | null;
  /** Its line, once there is one. */
  notice: number | null;
}

export class Timeline {
  private count = 0;
  private story = NO_STORY;
  private cluster: ClusterState | null = null;
  private readonly departures = new Map<NodeId, Departure>();

  constructor(
    private readonly store: ViewStore,
    private readonly now: () => number,
  ) {}

  note(level: NoticeView['level'], text: string): number {
    const notice = { id: ++this.count, atMs: this.now(), level, text };
    this.store.setState({ notices: [...this.store.getState().notices, notice].slice(-MAX_NOTICES) });
    return notice.id;
  }

  /** The room as the scheduler says it is. The first state is no event: it was so before this tab came. */
  onCluster(next: ClusterState): void {
    const old = this.cluster;
    this.cluster = next;
    if (old === null) return;
    const { lines, fates, story } = tellChanges(this.story, old, next, this.self);
    this.story = story;
    for (const fate of fates) this.depart(fate.node, { fate });
    for (const { level, text } of lines) this.note(level, text);
  }

  /** Said once it is over: a connection that was lost for good is part of a departure, or of a pair that can't reach. */
  onPeer(node: NodeId, before: PeerView | undefined, after: PeerView): void {
    if (before?.phase !== 'reconnecting' || after.phase !== 'connected') return;
    this.note('good', `The connection to node ${node} was lost and rebuilt: ${before.reason}.`);
  }

  /** @param reason in words that follow the node's name: "was closed" */
  onGone(node: NodeId, reason: string): void {
    const leavers = this.story.leavers.filter((leaver) => leaver !== node);
    if (leavers.length < this.story.leavers.length) this.story = { ...this.story, leavers };
    this.depart(node, { reason });
  }

  private get self(): NodeId | null {
    return this.store.getState().self;
  }

  private depart(node: NodeId, part: { reason: string } | { fate: Fate }): void {
    for (const [old, { atMs }] of this.departures) if (this.now() - atMs > DEPARTURE_MS) this.departures.delete(old);
    const departure = this.departures.get(node) ?? { atMs: this.now(), reason: null, fate: null, notice: null };
    Object.assign(departure, part);
    const text = departureText(node, departure.reason, departure.fate, this.self);
    if (text !== null) {
      const level = departure.reason === 'left' ? 'info' : 'warning';
      if (departure.notice === null) departure.notice = this.note(level, text);
      else this.reword(departure.notice, level, text);
    }
    if (departure.reason !== null && departure.fate !== null) this.departures.delete(node);
    else this.departures.set(node, departure);
  }

  private reword(id: number, level: NoticeView['level'], text: string): void {
    const notices = this.store.getState().notices;
    this.store.setState({
      notices: notices.map((notice) => (notice.id === id ? { ...notice, level, text } : notice)),
    });
  }
}
