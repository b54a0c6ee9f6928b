// Puts the signaling core on real sockets: WebSocket upgrades on /signal of an HTTP server that someone else owns.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import {
  DEFAULT_LIMITS,
  MAX_RECEIVED_BYTES,
  MAX_SOCKET_BACKLOG_BYTES,
  PING_INTERVAL_MS,
  type ServerLimits,
  STOP_TIMEOUT_MS,
  TICK_MS,
} from './limits.ts';
import { type Effect, SignalingCore, type SocketId } from './server-core.ts';

export const SIGNALING_PATH = '/signal';

export interface SignalingOptions {
  /** Bounds to lower, or to raise on a big machine. */
  readonly limits?: Partial<ServerLimits>;
  /** Pages of other hosts that may connect, e.g. `https://train.example.org`. The server's own host always may. */
  readonly allowedOrigins?: readonly string[];
  /** Addresses for other devices, told to every page. */
  readonly lanUrls?: () => string[];
}

/** What `attachSignaling` needs of an HTTP(S) server: Node's and Vite's have it. */
export interface UpgradeSource {
  on(event: 'upgrade', listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): unknown;
  off(event: 'upgrade', listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): unknown;
}

export interface SignalingServer {
  readonly rooms: number;
  readonly nodes: number;
  /** Tells every page that the server stops, and resolves once all sockets are closed (at most half a second). */
  stop(): Promise<void>;
}

interface LiveSocket {
  readonly webSocket: WebSocket;
  isAlive: boolean;
}

/** Serves signaling on `/signal` of `httpServer`; leaves all other requests and upgrades alone. */
export function attachSignaling(httpServer: UpgradeSource, options: SignalingOptions = {}): SignalingServer {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const randomToken = () => randomBytes(16).toString('hex');
  const core = new SignalingCore(limits, randomToken, options.lanUrls ?? (() => []), performance.now());
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: MAX_RECEIVED_BYTES });
  const live = new Map<SocketId, LiveSocket>();
  let lastSocket = 0;

  const apply = (effects: readonly Effect[]): void => {
    for (const effect of effects) {
      const webSocket = live.get(effect.socket)?.webSocket;
      if (webSocket === undefined) continue;
      if (effect.kind === 'close') webSocket.close(1008, effect.reason);
      else sendOrEnd(webSocket, JSON.stringify(effect.message));
    }
  };
  const accept = (webSocket: WebSocket): void => {
    const id = ++lastSocket;
    const socket: LiveSocket = { webSocket, isAlive: true };
    live.set(id, socket);
    core.opened(id, performance.now());
    webSocket.on('message', (data, isBinary) => {
      const bytes = byteLength(data);
      apply(core.received(id, isBinary ? null : String(data), bytes, performance.now()));
    });
    webSocket.on('pong', () => {
      socket.isAlive = true;
    });
    // Too large, or not the WebSocket protocol: ws closes the socket itself, with the reason in the close frame.
    webSocket.on('error', (error) => console.warn(`signaling: socket ${id}: ${error.message}`));
    webSocket.on('close', () => {
      live.delete(id);
      apply(core.closed(id, performance.now()));
    });
  };
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (pathOf(request) !== SIGNALING_PATH) return;
    if (!isOriginAllowed(request, options.allowedOrigins ?? [])) {
      refuseUpgrade(socket, '403 Forbidden', 'pages of this origin may not use this signaling server');
    } else if (live.size >= limits.maxSockets) {
      refuseUpgrade(socket, '503 Service Unavailable', 'this signaling server has no free sockets');
    } else webSockets.handleUpgrade(request, socket, head, accept);
  };
  httpServer.on('upgrade', onUpgrade);
  const ticks = setInterval(() => apply(core.tick(performance.now())), TICK_MS);
  const pings = setInterval(() => pingAll(live), PING_INTERVAL_MS);

  return {
    get rooms() {
      return core.roomCount;
    },
    get nodes() {
      return core.nodeCount;
    },
    stop: async () => {
      httpServer.off('upgrade', onUpgrade);
      clearInterval(ticks);
      clearInterval(pings);
      const closed = [...live.values()].map(({ webSocket }) => whenClosed(webSocket));
      apply(core.stop());
      await Promise.all(closed);
    },
  };
}

const byteLength = (data: RawData): number =>
  Array.isArray(data) ? data.reduce((sum, part) => sum + part.byteLength, 0) : data.byteLength;

const pathOf = (request: IncomingMessage): string => (request.url ?? '').split('?', 1)[0] ?? '';

/** Browsers always say which page opens a socket. What isn't a browser can claim anything, so no origin is let in. */
function isOriginAllowed(request: IncomingMessage, allowed: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined || allowed.includes(origin)) return true;
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host;
}

function refuseUpgrade(socket: Duplex, status: string, words: string): void {
  // The other end may be gone already; there is nobody to tell then.
  socket.on('error', (error) => console.warn(`signaling: refused socket: ${error.message}`));
  const length = Buffer.byteLength(words);
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${words}`,
  );
}

function sendOrEnd(webSocket: WebSocket, text: string): void {
  if (webSocket.readyState !== webSocket.OPEN) return;
  if (webSocket.bufferedAmount > MAX_SOCKET_BACKLOG_BYTES) webSocket.terminate();
  else webSocket.send(text);
}

function pingAll(live: ReadonlyMap<SocketId, LiveSocket>): void {
  for (const socket of live.values()) {
    if (!socket.isAlive) socket.webSocket.terminate();
    else if (socket.webSocket.readyState === socket.webSocket.OPEN) {
      socket.isAlive = false;
      socket.webSocket.ping();
    }
  }
}

/** Resolves when the socket has closed, which is helped along after `STOP_TIMEOUT_MS`. */
function whenClosed(webSocket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => webSocket.terminate(), STOP_TIMEOUT_MS);
    webSocket.once('close', () => {
      clearTimeout(cut);
      resolve();
    });
  });
}
