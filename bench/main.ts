// `npm run bench -- NAME …`: runs one benchmark; each prints what it measured as Markdown. Without a name, the list.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BENCHMARKS: Readonly<Record<string, { readonly file: string; readonly what: string }>> = {
  codecs: { file: 'codecs.ts', what: 'each filter: ratio, speed of encoding and decoding, bias and error' },
  filters: { file: 'filters/main.ts', what: 'bytes and quality by filter: mnist|a9a|clicks PUSH,PULL,H …' },
  cnn: { file: 'cnn.ts', what: 'a step of digits-cnn beside the same step without the framework around it' },
  'char-lm': { file: 'char-lm.ts', what: 'validation loss of the transformer on a text: FILE' },
  'count-min': { file: 'count-min.ts', what: 'inserts per second through worker and shard' },
  lda: { file: 'lda.ts', what: 'tokens per second of the Gibbs sampler' },
};

const [name, ...rest] = process.argv.slice(2);
const chosen = BENCHMARKS[name ?? ''];
if (chosen === undefined) {
  if (name !== undefined) console.error(`There is no benchmark "${name}".`);
  for (const [known, { what }] of Object.entries(BENCHMARKS)) console.log(`${known.padEnd(12)} ${what}`);
  process.exit(name === undefined ? 0 : 1);
}
const file = fileURLToPath(new URL(chosen.file, import.meta.url));
const { status } = spawnSync('npx', ['tsx', file, ...rest], { stdio: 'inherit' });
process.exit(status ?? 1);
