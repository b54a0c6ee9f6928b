// What takes a while to start, the workers and the connection to the signaling server: begun before all else, as this is the
// first module that runs, so that it goes on while the page's own modules do.

export const signalingUrl = new URL('signal', location.href.replace(/^http/, 'ws')).href.replace(/[?#].*$/, '');

export const trainer = new Worker(new URL('../workers/trainer.worker.ts', import.meta.url), {
  type: 'module',
  name: 'trainer',
});
export const shard = new Worker(new URL('../workers/shard.worker.ts', import.meta.url), {
  type: 'module',
  name: 'shard',
});
export const links = new Worker(new URL('../workers/links.worker.ts', import.meta.url), {
  type: 'module',
  name: 'links',
});

/** Opening, or open already. */
export const socket = new WebSocket(signalingUrl);
