// The connections of this tab: one simple-peer per other node, with a control channel on the page and negotiated bulk
// channels for the workers. The only importer of simple-peer, and the only user of its private fields.
import type { Instance } from 'simple-peer';
import SimplePeer from 'simple-peer/simplepeer.min.js';
import type { NodeId } from '../protocol/ids.ts';
import { MAX_CONTROL_BYTES } from '../protocol/limits.ts';
import { hasWebRtc, WebRtcMissing } from './capabilities.ts';
import {
  type Connection,
  type ConnectionHandlers,
  type PairSignal,
  PeerPair,
  type PeerSignal,
  type PeerState,
  pairSignalSchema,
} from './peer-pair.ts';
import type { StartTimer } from './timers.ts';

/** Whose ends a bulk channel joins, mine first: 'trainer-shard' is my trainer and their shard. */
export type BulkKind = 'trainer-shard' | 'shard-trainer' | 'shard-shard' | 'trainer-trainer';

/** Ids of the negotiated channels; both ends name them alike, so no message is needed to agree. simple-peer's own
 * channel gets the lowest free id (0 or 1), far from these. */
const BULK_CHANNELS: readonly { id: number; initiator: BulkKind; responder: BulkKind }[] = [
  { id: 100, initiator: 'trainer-shard', responder: 'shard-trainer' },
  { id: 101, initiator: 'shard-trainer', responder: 'trainer-shard' },
  { id: 102, initiator: 'shard-shard', responder: 'shard-shard' },
  { id: 103, initiator: 'trainer-trainer', responder: 'trainer-trainer' },
];

export interface MeshHandlers {
  /**
   * A bulk channel of a new connection, not open yet. To transfer it to a worker, do so before returning: later the
   * browser refuses. It replaces every earlier channel of this peer and kind.
   */
  onBulkChannel(peer: NodeId, kind: BulkKind, channel: RTCDataChannel): void;
  /** A control text; 'connected' has been reported before it. Not parsed yet. */
  onControl(peer: NodeId, text: string): void;
  /** The initiator of a connection speaks first: until then the other end is not connected. */
  onPeerState(peer: NodeId, state: PeerState): void;
  /** To be relayed by the signaling server. May be lost: the mesh tries again. */
  onSignal(peer: NodeId, connection: number, data: PairSignal): void;
}

export interface MeshOptions {
  readonly self: NodeId;
  /** STUN and TURN servers that the user set; none by default, which is enough on one machine and on a LAN. */
  readonly iceServers: readonly RTCIceServer[];
  /** Uniform in [0, 1): the jitter of retries. */
  readonly random: () => number;
  readonly startTimer: StartTimer;
}

/** Without an answer for 5 s browsers call a connection disconnected, and wait for 10 s more before they give it up; a
 * path that only blinked is back within a second or two. */
const DISCONNECTED_MS = 3_000;

/** All connections of one node. Of each pair the newer node (larger id) opens the connection. */
export class Mesh {
  private readonly pairs = new Map<NodeId, PeerPair>();
  private connections = 0;

  /** @throws WebRtcMissing */
  constructor(
    private readonly options: MeshOptions,
    private readonly handlers: MeshHandlers,
  ) {
    if (!hasWebRtc() || !SimplePeer.WEBRTC_SUPPORT) throw new WebRtcMissing();
  }

  /** Nodes that this one is connected to or keeps trying to reach. */
  get peers(): NodeId[] {
    return [...this.pairs.keys()];
  }

  /** Connects to a member of the room, and stays connected until `close`. Both ends call it; twice is once. */
  connect(peer: NodeId): void {
    if (peer === this.options.self || this.pairs.has(peer)) return;
    const { handlers, options } = this;
    const isInitiator = options.self > peer;
    const pair = new PeerPair({
      isInitiator,
      nextConnection: () => ++this.connections,
      openConnection: (connectionHandlers) =>
        openConnection(isInitiator, options, connectionHandlers, (kind, channel) =>
          handlers.onBulkChannel(peer, kind, channel),
        ),
      sendSignal: (connection, data) => handlers.onSignal(peer, connection, data),
      onControl: (text) => handlers.onControl(peer, text),
      onState: (state) => handlers.onPeerState(peer, state),
      random: options.random,
      startTimer: options.startTimer,
    });
    this.pairs.set(peer, pair);
    pair.start();
  }

  /** Takes a signal that the server relayed; what isn't one of ours is dropped. False when it was dropped. */
  receiveSignal(peer: NodeId, connection: number, data: unknown): boolean {
    const pair = this.pairs.get(peer);
    const signal = pairSignalSchema.safeParse(data);
    if (pair === undefined || !signal.success) return false;
    pair.receiveSignal(connection, signal.data);
    return true;
  }

  /**
   * Sends a control text, now or as soon as connected. False when it can't be taken: unknown peer, or too much waits.
   * @throws ControlTooLong over `MAX_CONTROL_BYTES`
   */
  sendControl(peer: NodeId, text: string): boolean {
    return this.pairs.get(peer)?.sendControl(text) ?? false;
  }

  /** Tries again at once wherever nothing is connected, e.g. when signaling is back. */
  retry(): void {
    for (const pair of this.pairs.values()) pair.retry();
  }

  /** Loses the connection to a node as a broken network would: both ends notice, and it is rebuilt. */
  cut(peer: NodeId, reason?: string): void {
    this.pairs.get(peer)?.cut(reason);
  }

  /** Ends the connection to one node, or to all. No handler is called for it any more. */
  close(peer?: NodeId): void {
    for (const [id, pair] of this.pairs) {
      if (peer !== undefined && id !== peer) continue;
      this.pairs.delete(id);
      pair.close();
    }
  }
}

/** simple-peer keeps its connection and its channel in private fields; this is what is used of them. */
interface PeerInternals {
  readonly _pc: RTCPeerConnection | null | undefined;
  /** The initiator's control channel; the other end's comes later. */
  readonly _channel: RTCDataChannel | null;
}

const internals = (peer: Instance): PeerInternals => peer as unknown as PeerInternals;

/** Opens one connection with its bulk channels. All handlers are called later, never before this returns. */
function openConnection(
  initiator: boolean,
  { iceServers, startTimer }: MeshOptions,
  handlers: ConnectionHandlers,
  onBulkChannel: (kind: BulkKind, channel: RTCDataChannel) => void,
): Connection {
  // Object mode keeps each text one 'data' event. Without `config` simple-peer would ask public STUN servers.
  const peer = new SimplePeer({ initiator, trickle: true, objectMode: true, config: { iceServers: [...iceServers] } });
  let isDestroyed = false;
  let lastError = 'the connection was closed by the other end or lost';
  peer.on('signal', (data) => {
    const signal = pairSignalSchema.safeParse(data);
    if (signal.success && signal.data.type !== 'restart') handlers.onSignal(signal.data);
  });
  peer.on('data', (data: unknown) => {
    if (typeof data === 'string' && data.length <= MAX_CONTROL_BYTES) handlers.onText(data);
    else peer.destroy(new Error('the other end sent something else than a control message'));
  });
  // Every error is followed by 'close'.
  peer.on('error', (error) => {
    lastError = error.message;
  });
  let cancelTimer = (): void => {};
  peer.on('iceStateChange', (state) => {
    cancelTimer();
    if (state !== 'disconnected') return;
    cancelTimer = startTimer(() => peer.destroy(new Error('the other end no longer answers')), DISCONNECTED_MS);
  });
  peer.on('close', () => {
    cancelTimer();
    if (!isDestroyed) handlers.onClose(lastError);
  });
  const { _pc, _channel } = internals(peer);
  // Without one, simple-peer has failed already and reports it in a microtask.
  if (_pc) {
    // simple-peer's own 'connect' waits for statistics that name the chosen path, and looks for it every 100 ms. At the other
    // end neither counts: Chromium (156) calls a channel that has come in open before it is, and what is sent on it just
    // then is lost without an error. There the first text that arrives is the sign.
    _channel?.addEventListener('open', () => handlers.onConnect());
    refuseExtraChannels(_pc, initiator);
    for (const { id, initiator: mine, responder: theirs } of BULK_CHANNELS) {
      const kind = initiator ? mine : theirs;
      onBulkChannel(kind, _pc.createDataChannel(`bulk-${id}`, { negotiated: true, id }));
    }
  }
  return {
    signal: (data) => signalPeer(peer, data),
    send: (text) => peer.send(text),
    get bufferedBytes() {
      return peer.bufferSize;
    },
    destroy: () => {
      isDestroyed = true;
      peer.destroy();
    },
  };
}

/** simple-peer takes any channel that the other end opens for its own, replacing the one it has: allow just the first. */
function refuseExtraChannels(connection: RTCPeerConnection, initiator: boolean): void {
  const accept = connection.ondatachannel;
  const refuse = (event: RTCDataChannelEvent): void => event.channel.close();
  connection.ondatachannel = initiator
    ? refuse
    : (event) => {
        connection.ondatachannel = refuse;
        accept?.call(connection, event);
      };
}

/** Feeds a signal; a candidate or description that the browser can't even parse fails this connection only. */
function signalPeer(peer: Instance, data: PeerSignal): void {
  if (peer.destroyed) return;
  try {
    peer.signal(data.type === 'candidate' ? { type: 'candidate', candidate: data.candidate as RTCIceCandidate } : data);
  } catch (error) {
    peer.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}
