// Builds the page and its workers. In development the signaling server runs inside Vite's own HTTP server.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { signalingPlugin } from './signaling/vite-plugin.ts';

export default defineConfig({
  plugins: [react(), signalingPlugin()],
  base: './',
  worker: { format: 'es' },
  build: { target: 'es2023', sourcemap: true, chunkSizeWarningLimit: 1500 },
});
