// Runs the signaling server inside Vite's own HTTP server, so that `npm run dev` is all a developer needs.
import type { Plugin, PreviewServer, ViteDevServer } from 'vite';
import { attachSignaling } from './server.ts';

/** Serves `/signal` in `vite` and `vite preview`. */
export function signalingPlugin(): Plugin {
  return {
    name: 'pushpull-signaling',
    configureServer: attach,
    configurePreviewServer: attach,
  };
}

function attach(server: ViteDevServer | PreviewServer): void {
  const { httpServer } = server;
  // In middleware mode someone else owns the HTTP server and attaches signaling to it.
  if (httpServer === null) return;
  const signaling = attachSignaling(httpServer, { lanUrls: () => server.resolvedUrls?.network ?? [] });
  const close = server.close.bind(server);
  // Open sockets would keep the server from closing.
  server.close = async () => {
    await signaling.stop();
    await close();
  };
}
