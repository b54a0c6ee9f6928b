// Every bound of the protocol, each with its reason. Nothing here is configurable: both ends must agree.

/** Raised whenever a frame or message changes meaning; tabs of different versions refuse each other by name. */
export const PROTOCOL_VERSION = 10;

/** One frame, reassembled. Larger tensors are split into segments long before; this bounds what a peer can make us hold. */
export const MAX_FRAME_BYTES = 256 * 1024 * 1024 + 64 * 1024;

/** One data-channel message. Chromium closes the channel over 256 KiB; 64 KiB measured as fast as 256 KiB, and it
 * keeps other frames from waiting behind a big one (SCTP interleaving is off in browsers). */
export const MAX_MESSAGE_BYTES = 64 * 1024;

/**
 * Bytes of messages on their way on one link before the receiver has taken them, at first and after every rest. Chromium's socket drops what is over 64 KiB
 * at once, and its SCTP then takes seconds to recover where both directions lose: with 256 KiB and more, and with
 * `bufferedAmount` as the only brake, every second start of a run lost packets and many stalled; with 128 KiB none in
 * 30 runs, at the same speed.
 */
export const LINK_WINDOW_BYTES = 128 * 1024;

/**
 * What it grows to between near tabs while it is full: one message more. With two of them a browser's five threads wait for
 * each other (push 0.77 of a raw channel; with three 1.0). It grows by credits, so never more than two messages leave at once.
 */
export const NEAR_LINK_WINDOW_BYTES = LINK_WINDOW_BYTES + MAX_MESSAGE_BYTES;

/** What a link's window may grow to over a long round trip: 20 MB/s at 100 ms, or 4 MB/s half round the world. */
export const MAX_LINK_WINDOW_BYTES = 2 * 1024 * 1024;

/** The receiver says what it has taken in steps of this: a quarter, so that the sender never waits for want of a word. */
export const CREDIT_STEP_BYTES = LINK_WINDOW_BYTES / 4;

/** Frames waiting in one link, both ends slow: two of the largest. Over it the link closes with a reason. */
export const MAX_LINK_QUEUE_BYTES = 2 * MAX_FRAME_BYTES;

/** One control message on simple-peer's own channel: under the 256 KiB that browsers take, and room for the largest map. */
export const MAX_CONTROL_BYTES = 192 * 1024;

/** One signaling message: an SDP offer with its candidates is under 10 KiB. */
export const MAX_SIGNALING_BYTES = 64 * 1024;

/** Nodes in a room: every pair is connected, and Chromium allows 500 connections per renderer, closed ones counted. */
export const MAX_ROOM_NODES = 64;

/** Tables of one job. */
export const MAX_TABLES = 64;

/** Segments of one table: fits the u16 of the frame header. */
export const MAX_SEGMENTS = 4_096;

/** Segments of one job, over all tables: bounds the cluster map to what fits a control message. */
export const MAX_PLACEMENTS = 4_096;

/** Keys in one frame: bounds what a hostile key list can make a shard look up. */
export const MAX_FRAME_KEYS = 16 * 1024 * 1024;

/** State arrays of an updater: FTRL has three. */
export const MAX_SLOTS = 8;

/** Copies of a segment besides the owner's. */
export const MAX_REPLICAS = 3;

/** Floats of all tables together: 1 GiB, and two to four times that with the updater's slots and a replica, spread over
 * the servers. More than a few tabs can hold. */
export const MAX_PARAMETERS = 2 ** 28;

/** Floats per row. */
export const MAX_WIDTH = 65_536;

/** A worker's clocks with pushes not yet acknowledged; the next push waits. Bounds the client's memory in async. */
export const MAX_UNACKED_CLOCKS = 4;

/** Frames that a shard keeps for one sender because they carry an epoch that it has not heard of yet: maps arrive within
 * milliseconds of each other, and what has no room is sent again. */
export const MAX_EARLY_BYTES = 4 * 1024 * 1024;

/** Times that everything a client has under way may come for maps that a shard has not heard of, and find no room: a client
 * sends it again with every map, and a shard is a few maps behind at most. Who sends more floods, and is dropped. */
export const MAX_EARLY_ROUNDS = 16;

/** Times that a client sends the same again at a shard's word, with nothing acknowledged and no newer map in between:
 * one lost push makes up to `MAX_UNACKED_CLOCKS − 1` out of order; a shard that asks for ever would make traffic of nothing. */
export const MAX_RESENDS = 8;

/** Frames that no honest node sends (keys out of range, NaN, another's name), from one sender before it is dropped: a
 * bug may send one; who goes on is hostile or broken. */
export const MAX_VIOLATIONS = 16;

/** Workers whose pushes a segment's history counts by name: far more than a run sees come and go; others count together. */
export const MAX_COUNTED_WORKERS = 1_000;

/** Pulls that one node parks on one segment: its worker has at most two outstanding, its evaluation one. */
export const MAX_PARKED_PULLS = 4;

/** Blocks in a dataset: bounds a manifest to a few megabytes. */
export const MAX_BLOCKS = 65_536;

/** One block of data, decoded or not. */
export const MAX_BLOCK_BYTES = 16 * 1024 * 1024;

/** Waits in an all-reduce before a worker turns to the owner itself; some steps' time is added, for the slow ones. A dead or
 * unreachable neighbour is noticed at once; this is for what is neither. */
export const RING_PATIENCE_MS = 2_000;

/** The shape of a tab's own data as text: a table of 500 columns with their names and spreads, or 1,000 class names. */
export const MAX_OFFER_CHARS = 48 * 1024;

/** Shapes of all tabs of a room together: they are in every `cluster` message, beside the map. */
export const MAX_OFFERS_CHARS = 96 * 1024;

/** A frame that may travel deflated: opening one takes tens of milliseconds at most, and what came after it waits for that. */
export const MAX_PACKED_FRAME_BYTES = 1024 * 1024;

/** Frames that wait for a deflated one to be opened, as long as they will be: a second's worth of a fast link. */
export const MAX_UNOPENED_BYTES = 64 * 1024 * 1024;

/** Points of a curve: more than a chart has pixels. A longer run keeps every second one of those that it had. */
export const MAX_CURVE_POINTS = 4_000;
