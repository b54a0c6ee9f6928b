import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['{src,signaling,e2e,bench,scripts}/**/*.test.{ts,tsx}'], environment: 'node', testTimeout: 30_000 },
});
