// Serves the built page from one folder, and nothing outside it.
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';

const CONTENT_TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.mjs', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.json', 'application/json; charset=utf-8'],
  ['.map', 'application/json; charset=utf-8'],
  ['.txt', 'text/plain; charset=utf-8'],
  ['.wasm', 'application/wasm'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.ico', 'image/x-icon'],
  ['.webp', 'image/webp'],
  ['.woff2', 'font/woff2'],
]);

/** Vite puts a hash of the content into every name under /assets/: such a file never changes. */
const HASHED = /^\/assets\/.+-[\w-]{8,}\.\w+$/;

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers with a short text. */
export function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(`${text}\n`);
}

/** Serves the files under `folder` to GET and HEAD; `/` is its index.html. */
export function serveFiles(folder: string): RequestHandler {
  return (request, response) => {
    serveFile(folder, request, response).catch((error: unknown) => {
      // A page that goes away in mid-file ends here too; then there is nobody to answer.
      if (response.headersSent) response.destroy();
      else answerText(response, 500, 'this file could not be read');
      if (!isAborted(error)) console.error('static files:', error);
    });
  };
}

async function serveFile(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    answerText(response, 405, 'only GET and HEAD are answered here');
    return;
  }
  const path = requestPath(request.url ?? '/');
  const file = path === null ? null : await findFile(folder, path);
  if (path === null || file === null) {
    answerText(response, path === null ? 400 : 404, path === null ? 'not a path' : 'no such file');
    return;
  }
  response.writeHead(200, {
    'Content-Type': CONTENT_TYPES.get(extname(file.path)) ?? 'application/octet-stream',
    'Content-Length': file.size,
    'Cache-Control': HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  });
  if (request.method === 'HEAD') response.end();
  else await pipeline(createReadStream(file.path), response);
}

/** The path of a URL, decoded; null when it is none. */
function requestPath(url: string): string | null {
  const path = url.split(/[?#]/, 1)[0] ?? '';
  try {
    const decoded = decodeURIComponent(path);
    return decoded.startsWith('/') && !decoded.includes('\0') ? decoded : null;
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** The real file behind a path, symbolic links followed; null when it isn't a file inside the folder. */
async function findFile(folder: string, path: string): Promise<{ path: string; size: number } | null> {
  try {
    const root = await realpath(folder);
    const file = await realpath(resolve(root, `.${path === '/' ? '/index.html' : path}`));
    if (!file.startsWith(root + sep)) return null;
    const stats = await stat(file);
    return stats.isFile() ? { path: file, size: stats.size } : null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && NOT_FOUND.has(error.code)) return null;
    throw error;
  }
}

const NOT_FOUND = new Set<unknown>(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP']);

const isAborted = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
