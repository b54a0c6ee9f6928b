// The real server on a free port, with real sockets.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { MAX_SIGNALING_BYTES, PROTOCOL_VERSION } from '../src/protocol/limits.ts';
import { type FromServer, fromServerSchema, parseMessage } from '../src/protocol/signaling.ts';
import { type HttpServerOptions, type RunningServer, startServer } from './http-server.ts';

let folder: string;
let server: RunningServer;
const pages: Page[] = [];

/** One WebSocket whose messages are awaited in order. */
class Page {
  readonly socket: WebSocket;
  private readonly messages: FromServer[] = [];
  private wake: () => void = () => {};
  closeCode: number | null = null;
  closeReason = '';

  constructor(port: number, options: { origin?: string } = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/signal`, options);
    this.socket.on('message', (data) => {
      this.messages.push(parseMessage(fromServerSchema, String(data)));
      this.wake();
    });
    this.socket.on('close', (code, reason) => {
      this.closeCode = code;
      this.closeReason = String(reason);
      this.wake();
    });
    pages.push(this);
  }

  async opened(): Promise<this> {
    if (this.socket.readyState !== WebSocket.OPEN) await once(this.socket, 'open');
    return this;
  }

  say(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The next message, or undefined when the socket has closed. */
  async next(): Promise<FromServer | undefined> {
    while (this.messages.length === 0 && this.closeCode === null) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return this.messages.shift();
  }

  async closed(): Promise<number | null> {
    while ((await this.next()) !== undefined);
    return this.closeCode;
  }

  async join(extra: object = {}): Promise<FromServer | undefined> {
    await this.opened();
    this.say({ kind: 'hello', version: PROTOCOL_VERSION, room: 'room', secret: 'secret-1', ...extra });
    return this.next();
  }
}

const start = async (options: Partial<HttpServerOptions> = {}): Promise<RunningServer> =>
  startServer({ host: '127.0.0.1', port: 0, folder, ...options });

const restart = async (options: Partial<HttpServerOptions>): Promise<void> => {
  await server.stop();
  server = await start(options);
};

beforeEach(async () => {
  const parent = await mkdtemp(join(tmpdir(), 'pushpull-'));
  folder = join(parent, 'dist');
  await mkdir(join(folder, 'assets'), { recursive: true });
  await writeFile(join(folder, 'index.html'), '<title>Pushpull</title>');
  await writeFile(join(folder, 'assets', 'main-B4kT9x_z.js'), 'export {};');
  await writeFile(join(folder, 'assets', 'engine-C0ffee12.wasm'), new Uint8Array(8));
  await writeFile(join(parent, 'secret.txt'), 'secret');
  await symlink(join(parent, 'secret.txt'), join(folder, 'link.txt'));
  server = await start();
});

afterEach(async () => {
  for (const page of pages.splice(0)) page.socket.terminate();
  await server.stop();
  await rm(join(folder, '..'), { recursive: true });
});

describe('signaling', () => {
  it('joins in order, relays, and elects when the scheduler is gone', async () => {
    const [a, b, c] = [new Page(server.port), new Page(server.port), new Page(server.port)];
    expect(await a.join()).toMatchObject({ kind: 'welcome', node: 1, scheduler: 1, term: 1 });
    expect(await b.join()).toMatchObject({ kind: 'welcome', node: 2, members: [1] });
    expect(await c.join()).toMatchObject({ kind: 'welcome', node: 3, members: [1, 2] });
    expect(await b.next()).toEqual({ kind: 'joined', node: 3 });
    b.say({ kind: 'signal', to: 3, connection: 1, data: { type: 'offer', sdp: 'x' } });
    expect(await c.next()).toEqual({ kind: 'signal', from: 2, connection: 1, data: { type: 'offer', sdp: 'x' } });
    a.socket.terminate();
    expect(await b.next()).toEqual({ kind: 'left', node: 1, reason: 'closed' });
    expect(await b.next()).toEqual({ kind: 'term', scheduler: 2, term: 2 });
  });

  it.each([
    ['JSON that is none', 'hello?', /not JSON/],
    ['a message of no kind', '{"kind":"dance"}', /kind/],
    ['a hello without a room', `{"kind":"hello","version":${PROTOCOL_VERSION}}`, /room/],
  ])('answers %s with the reason, and goes on', async (_what, text, reason) => {
    const page = await new Page(server.port).opened();
    page.socket.send(text);
    expect(await page.next()).toEqual({ kind: 'error', code: 'bad-message', message: expect.stringMatching(reason) });
    page.say({ kind: 'ping', at: 5 });
    expect(await page.next()).toEqual({ kind: 'pong', at: 5 });
  });

  it('answers bytes and a message too long with the reason', async () => {
    const page = await new Page(server.port).opened();
    page.socket.send(new Uint8Array([1, 2, 3]));
    expect(await page.next()).toMatchObject({ code: 'bad-message', message: expect.stringMatching(/bytes where/) });
    page.say({ kind: 'ping', at: 1, more: 'é'.repeat(MAX_SIGNALING_BYTES / 2) });
    expect(await page.next()).toMatchObject({ code: 'bad-message', message: expect.stringMatching(/at most 65536/) });
  });

  it('ends a socket that sends far too much before reading it', async () => {
    const page = new Page(server.port);
    await page.join();
    page.socket.send('x'.repeat(MAX_SIGNALING_BYTES * 5));
    expect(await page.closed()).toBe(1009);
  });

  it('ends a flood and tells why', async () => {
    await restart({ limits: { rate: { burst: 20, perSecond: 1 } } });
    const page = new Page(server.port);
    await page.join();
    for (let count = 0; count < 30; count++) page.say({ kind: 'ping', at: count });
    let last: FromServer | undefined;
    for (let next = await page.next(); next !== undefined; next = await page.next()) last = next;
    expect(last).toMatchObject({ kind: 'error', code: 'too-fast' });
    expect(page.closeReason).toBe('too-fast');
  });

  it.each([
    ['a wrong secret', { secret: 'secret-2' }, 'wrong-secret'],
    ['a full room', {}, 'room-full'],
    ['another version', { version: 99 }, 'unsupported-version'],
  ])('refuses %s', async (_what, extra, code) => {
    await restart({ limits: { maxRoomNodes: 1 } });
    await new Page(server.port).join();
    const page = new Page(server.port);
    expect(await page.join(extra)).toMatchObject({ kind: 'error', code });
    await page.closed();
    expect(page.closeReason).toBe(code);
  });

  it('takes no more sockets than it may', async () => {
    await restart({ limits: { maxSockets: 1 } });
    await new Page(server.port).opened();
    const [error] = await once(new Page(server.port).socket, 'error');
    expect(String(error)).toMatch(/503/);
  });

  it('lets in pages of its own host and of the list, no others', async () => {
    await restart({ allowedOrigins: ['https://train.example.org'] });
    await new Page(server.port, { origin: `http://127.0.0.1:${server.port}` }).opened();
    await new Page(server.port, { origin: 'https://train.example.org' }).opened();
    for (const origin of ['https://evil.example.org', 'http://127.0.0.1:1', 'null', 'nonsense']) {
      const [error] = await once(new Page(server.port, { origin }).socket, 'error');
      expect(String(error)).toMatch(/403/);
    }
  });

  it('lets a node come back as itself, also after a restart on the same port', async () => {
    const first = new Page(server.port);
    const welcome = await first.join();
    if (welcome?.kind !== 'welcome') throw new Error('no welcome');
    const { node, token, life, term, scheduler } = welcome;
    const resume = { node, token, life, term, scheduler, newest: node };
    first.socket.terminate();
    expect(await new Page(server.port).join({ resume })).toMatchObject({ kind: 'welcome', node: 1, token });
    await restart({ port: server.port });
    expect(await new Page(server.port).join({ resume })).toMatchObject({ node: 1, token, scheduler: 1, term: 1 });
    const { node: newNode } = (await new Page(server.port).join()) as { node: number };
    expect(newNode).toBeGreaterThan(1);
  });

  it('tells pages that it stops, and closes their sockets', async () => {
    const page = new Page(server.port);
    await page.join();
    const stopped = server.stop();
    expect(await page.next()).toMatchObject({ kind: 'error', code: 'shutting-down' });
    await page.closed();
    await stopped;
    server = await start();
  });

  it('cuts sockets that do not close when it stops', async () => {
    const page = new Page(server.port);
    await page.join();
    page.socket.pause();
    await server.stop();
    server = await start();
  });

  it('destroys upgrades to other paths', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET /other HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await once(socket, 'close');
  });
});

/** A bare request: `fetch` would tidy the path up. */
function get(
  path: string,
  method = 'GET',
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: server.port, path, method }, (response) => {
      let body = '';
      response.on('data', (data) => {
        body += String(data);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('static files', () => {
  it('serves the page fresh and hashed files for ever', async () => {
    expect(await get('/?room=x')).toMatchObject({
      status: 200,
      body: '<title>Pushpull</title>',
      headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' },
    });
    expect(await get('/assets/main-B4kT9x_z.js')).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'text/javascript; charset=utf-8',
        'cache-control': expect.stringMatching(/immutable/),
      },
    });
    expect(await get('/assets/engine-C0ffee12.wasm')).toMatchObject({
      headers: { 'content-type': 'application/wasm' },
    });
  });

  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/..\\secret.txt',
    '//etc/passwd',
    '/link.txt',
    '/assets',
    '/assets/',
    '/nothing.js',
    '/index.html/x',
  ])('serves nothing outside its folder and nothing that is no file: %s', async (path) => {
    const { status, body } = await get(path);
    expect(status).toBe(404);
    expect(body).toBe('no such file\n');
  });

  it('serves nothing under a name too long for a file', async () => {
    expect(await get(`/${'a'.repeat(5_000)}`)).toMatchObject({ status: 404 });
  });

  it.each(['/%', '/%00', '/%ff'])('refuses %s, which is no path', async (path) => {
    expect(await get(path)).toMatchObject({ status: 400 });
  });

  it('answers HEAD without a body, and no other methods', async () => {
    expect(await get('/', 'HEAD')).toMatchObject({ status: 200, body: '', headers: { 'content-length': '23' } });
    expect(await get('/', 'POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });

  it('tells its health', async () => {
    await new Page(server.port).join();
    const { status, body } = await get('/healthz');
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ status: 'ok', protocolVersion: PROTOCOL_VERSION, rooms: 1, nodes: 1 });
  });

  it('says that /signal is for WebSockets', async () => {
    expect(await get('/signal')).toMatchObject({ status: 426 });
  });
});

describe('the program', () => {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const run = (...args: string[]): ChildProcess & { text(): string } => {
    const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        text += String(data);
        child.emit('text');
      });
    }
    return Object.assign(child, { text: () => text });
  };

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'prints its address and stops on %s: pages are told, exit code 0',
    async (signal) => {
      const child = run('--port', '0', '--host', '127.0.0.1', '--folder', folder);
      while (!/:(\d+)\//.test(child.text())) await once(child, 'text');
      const page = new Page(Number(/:(\d+)\//.exec(child.text())?.[1]));
      expect(await page.join()).toMatchObject({ kind: 'welcome' });
      child.kill(signal);
      expect(await page.next()).toMatchObject({ kind: 'error', code: 'shutting-down' });
      expect(await once(child, 'exit')).toEqual([0, null]);
    },
  );

  it.each([
    ['a missing page', ['--folder', '/nowhere', '--port', '0'], /npm run build/],
    ['a port that is none', ['--port', 'x'], /whole number from 0 to 65535/],
    ['half a certificate', ['--https-cert', 'x'], /needed together/],
    ['a certificate that is not there', ['--https-cert', '/no.pem', '--https-key', '/no.pem'], /no\.pem/],
  ])('ends with a sentence on %s', async (_what, args, sentence) => {
    const child = run('--folder', folder, ...args);
    const [code] = await once(child, 'close');
    expect(child.text()).toMatch(sentence);
    expect(code).toBe(1);
  });

  it('ends with a sentence when the port is taken', async () => {
    const child = run('--folder', folder, '--host', '127.0.0.1', '--port', String(server.port));
    const [code] = await once(child, 'close');
    expect(child.text()).toMatch(/EADDRINUSE/);
    expect(code).toBe(1);
  });
});
