// The links of one worker, by the node at the other end. A new link to a node replaces the old one.
import type { Pacer } from '../net/pacer.ts';
import type { Frame } from '../protocol/frames.ts';
import type { NodeId } from '../protocol/ids.ts';
import { type Endpoint, FrameLink } from './frame-link.ts';

export interface LinkTableHandlers {
  onFrame(from: NodeId, frame: Frame, bytes: number): void;
  onUp?(node: NodeId): void;
  /** @param isGarbage the other end sent what no honest end sends */
  onDown?(node: NodeId, isGarbage: boolean): void;
}

/** Bytes carried for one node since the table was made, over all of its links. */
export interface NodeBytes {
  readonly node: NodeId;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

interface Entry {
  readonly link: FrameLink;
  readonly isLocal: boolean;
}

export class LinkTable {
  private readonly entries = new Map<NodeId, Entry>();
  /** Nodes whose link has ended, though nobody here wanted that. */
  private readonly lost = new Set<NodeId>();
  private readonly sentKinds = new Map<Frame['kind'], number>();
  private readonly savedKinds = new Map<Frame['kind'], number>();
  /** Bytes of links that have ended. */
  private readonly past = new Map<NodeId, { bytesIn: number; bytesOut: number }>();

  /** @param pacer of links to other tabs */
  constructor(
    private readonly handlers: LinkTableHandlers,
    private readonly pacer?: Pacer,
  ) {}

  attach(node: NodeId, endpoint: Endpoint): void {
    this.detach(node, 'replaced by a newer link');
    const handlers = {
      onFrame: (frame: Frame, bytes: number) => this.handlers.onFrame(node, frame, bytes),
      onClose: (_reason: string, isGarbage: boolean) => this.forget(node, link, isGarbage),
      onSaved: (kind: Frame['kind'], saved: number) =>
        void this.savedKinds.set(kind, (this.savedKinds.get(kind) ?? 0) + saved),
    };
    const link: FrameLink = new FrameLink(endpoint, handlers, this.pacer);
    this.entries.set(node, { link, isLocal: endpoint.kind === 'local' });
    this.handlers.onUp?.(node);
  }

  detach(node: NodeId, reason: string): void {
    this.entries.get(node)?.link.close(reason);
    this.lost.delete(node);
  }

  /** Nodes whose link has died and has not been replaced. */
  broken(): NodeId[] {
    return [...this.lost];
  }

  /** Nodes with a link now. */
  nodes(): NodeId[] {
    return [...this.entries.keys()];
  }

  has(node: NodeId): boolean {
    return this.entries.has(node);
  }

  /**
   * @returns bytes that leave the tab: none where the other end is in it, too, nor where there is no link. Whoever needs an
   * answer sends again when there is one.
   */
  send(node: NodeId, frame: Frame): number {
    const entry = this.entries.get(node);
    if (entry === undefined) return 0;
    const bytes = entry.link.send(frame);
    if (entry.isLocal) return 0;
    this.sentKinds.set(frame.kind, (this.sentKinds.get(frame.kind) ?? 0) + bytes);
    return bytes;
  }

  /** Bytes of frames for other tabs, by kind. */
  get sentByKind(): ReadonlyMap<Frame['kind'], number> {
    return this.sentKinds;
  }

  /** Bytes of a kind that didn't travel, either way, as they were deflated. */
  savedOf(kind: Frame['kind']): number {
    return this.savedKinds.get(kind) ?? 0;
  }

  /** How many links go over WebRTC, and how many stay in the tab. */
  count(): { webrtc: number; port: number } {
    const links = [...this.entries.values()];
    const port = links.filter(({ isLocal }) => isLocal).length;
    return { webrtc: links.length - port, port };
  }

  /** Bytes per second that links to other tabs have drained lately, or are allowed; nodes of which nobody knows are not there. */
  drains(): [NodeId, number][] {
    return [...this.entries].flatMap(([node, { link }]): [NodeId, number][] =>
      link.bytesPerMs === null ? [] : [[node, 1000 * link.bytesPerMs]],
    );
  }

  /** Bytes to and from other tabs; what stays in this one isn't traffic. */
  bytes(): NodeBytes[] {
    const sums = new Map([...this.past].map(([node, sum]) => [node, { ...sum }]));
    for (const [node, { link, isLocal }] of this.entries) if (!isLocal) addBytes(sums, node, link);
    return [...sums].map(([node, sum]) => ({ node, ...sum }));
  }

  private forget(node: NodeId, link: FrameLink, isGarbage: boolean): void {
    const entry = this.entries.get(node);
    if (entry?.link !== link) return;
    this.entries.delete(node);
    if (!isGarbage) this.lost.add(node);
    if (!entry.isLocal) addBytes(this.past, node, link);
    this.handlers.onDown?.(node, isGarbage);
  }
}

function addBytes(sums: Map<NodeId, { bytesIn: number; bytesOut: number }>, node: NodeId, link: FrameLink): void {
  const sum = sums.get(node) ?? { bytesIn: 0, bytesOut: 0 };
  const { bytesIn, bytesOut } = link.stats;
  sums.set(node, { bytesIn: sum.bytesIn + bytesIn, bytesOut: sum.bytesOut + bytesOut });
}
