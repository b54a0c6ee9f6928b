// The whole server on one port: the page, its health, and signaling. What `main.ts` starts and tests start too.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { PROTOCOL_VERSION } from '../src/protocol/limits.ts';
import { isOnEveryAddress, lanUrls, localUrl } from './addresses.ts';
import { attachSignaling, SIGNALING_PATH, type SignalingOptions, type SignalingServer } from './server.ts';
import { answerText, serveFiles } from './static-files.ts';

export interface HttpServerOptions extends Omit<SignalingOptions, 'lanUrls'> {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The built page. */
  readonly folder: string;
  /** PEM certificate and key: browsers give phones some features over https only. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
}

export interface RunningServer {
  readonly port: number;
  readonly url: string;
  /** Addresses for other devices; empty when the server listens on one address only. */
  readonly lanUrls: readonly string[];
  /** Tells every page, closes every connection, frees the port. */
  stop(): Promise<void>;
}

/** Starts listening. @throws the system's error when the port can't be had */
export async function startServer(options: HttpServerOptions): Promise<RunningServer> {
  const protocol = options.tls ? 'https' : 'http';
  const server: Server = options.tls ? createSecureServer(options.tls) : createServer();
  const urls = (): string[] => (isOnEveryAddress(options.host) ? lanUrls(protocol, portOf(server)) : []);
  const signaling = attachSignaling(server, { ...options, lanUrls: urls });
  const files = serveFiles(options.folder);
  server.on('request', (request, response) => {
    if (request.url === '/healthz') answerHealth(response, signaling);
    else if (request.url === SIGNALING_PATH) answerText(response, 426, 'this is for WebSockets');
    else files(request, response);
  });
  server.on('upgrade', refuseOthers);
  await listen(server, options.port, options.host);
  const port = portOf(server);
  return {
    port,
    url: localUrl(protocol, options.host, port),
    lanUrls: urls(),
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await signaling.stop();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answerHealth(response: ServerResponse, signaling: SignalingServer): void {
  const { rooms, nodes } = signaling;
  const uptimeSeconds = Math.round(process.uptime());
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify({ status: 'ok', protocolVersion: PROTOCOL_VERSION, rooms, nodes, uptimeSeconds }));
}

/** Nothing but signaling is upgraded here; an upgrade that nobody takes would stay open. */
function refuseOthers(request: IncomingMessage, socket: { destroy(): unknown }): void {
  if (request.url?.split('?', 1)[0] !== SIGNALING_PATH) socket.destroy();
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
