// What one server admits, each bound with its reason. The first group can be lowered by options.
import { MAX_ROOM_NODES, MAX_SIGNALING_BYTES } from '../src/protocol/limits.ts';
import type { Rate } from './token-bucket.ts';

export interface ServerLimits {
  readonly maxRoomNodes: number;
  /** A room is a few kilobytes; this bounds what someone who makes rooms in a loop can take. */
  readonly maxRooms: number;
  /** Open sockets, joined or not: about 50 kB each, and one file descriptor of the usual 1,024 to 1,048,576. */
  readonly maxSockets: number;
  /** Per socket, in messages of up to 1 KiB. A node joining a full room sends 63 offers with some 15 candidates each. */
  readonly rate: Rate;
}

export const DEFAULT_LIMITS: ServerLimits = {
  maxRoomNodes: MAX_ROOM_NODES,
  maxRooms: 1_000,
  maxSockets: 4_096,
  rate: { burst: 2_000, perSecond: 200 },
};

/** Bytes of a message that cost one token of `rate`. */
export const BYTES_PER_TOKEN = 1_024;

/** An empty room is remembered, so that ids and terms go on when its tabs come back from sleep. */
export const EMPTY_ROOM_MS = 10 * 60_000;

/** Nodes of one room that were cut off and may come back; the longest gone are forgotten first. */
export const MAX_DEPARTED = 256;

/** From opening a socket to `hello`: a page says it at once. */
export const HELLO_TIMEOUT_MS = 10_000;

/** After a restart of the server, how long the scheduler of before is waited for: pages retry within 10 s, and the first
 * retry comes within a quarter of a second. Training goes on meanwhile. */
export const RESTORE_GRACE_MS = 5_000;

/** After a restart strangers may be in a room before its own tabs are back: their last retry comes within 10 s, and the
 * socket may take a while to open. */
export const RESTORABLE_MS = 15_000;

/** A restarted server learns ids and terms from those who come back. Others may know newer ones: it goes on this far
 * above, so that no id or term is handed out twice. */
export const RESTORE_GAP = 1_024;

/** How deep the JSON of a signal may nest. SDP and candidates take three; deeper ones could exhaust the stack. */
export const MAX_SIGNAL_DEPTH = 8;

/** Characters of an error message. */
export const MAX_ERROR_LENGTH = 500;

/** Larger messages end the socket before they are read; up to here the sender is told why. */
export const MAX_RECEIVED_BYTES = 4 * MAX_SIGNALING_BYTES;

/** Bytes waiting for a page that doesn't read; over it the socket is ended. */
export const MAX_SOCKET_BACKLOG_BYTES = 4 * 1024 * 1024;

/** Sockets are pinged this often; one that missed a whole interval is dead. Half of what middleboxes allow to idle. */
export const PING_INTERVAL_MS = 15_000;

/** Timeouts of the rooms are looked at this often. */
export const TICK_MS = 1_000;

/** On stopping, how long pages get to close their sockets before these are cut. */
export const STOP_TIMEOUT_MS = 500;
