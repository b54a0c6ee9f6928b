// Import directions between the rooms of the house; ARCHITECTURE.md explains them. Checked by `npm run directions`.

/** Which folder may import which, besides itself. Absent folders may import nothing of ours. */
const allowed = {
  'src/protocol': [],
  'src/random': [],
  'src/data': ['src/protocol', 'src/random'],
  'src/ps': ['src/protocol', 'src/random'],
  'src/jobs': ['src/ps', 'src/data', 'src/protocol', 'src/random'],
  'src/net': ['src/protocol', 'src/random'],
  'src/store': ['src/protocol'],
  'src/runtime': ['src/ps', 'src/net', 'src/jobs', 'src/data', 'src/store', 'src/protocol', 'src/random'],
  // Tabs and server in one process: it runs the cores of both.
  'src/sim': [
    ...['src/ps', 'src/protocol', 'src/net/link', 'src/net/signaling-client', 'src/net/timers'],
    ...['src/jobs', 'src/data', 'src/random', 'signaling'],
  ],
  'src/ui': ['src/store', 'src/protocol/ids'],
  workers: ['src/runtime'],
  signaling: ['src/protocol'],
};

const exact = (folder) => `^${folder}(/|\\.|$)`;

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-barrels', severity: 'error', from: {}, to: { path: '^src/.*/index\\.tsx?$' } },
    ...Object.entries(allowed).map(([folder, targets]) => ({
      name: `directions-of-${folder.replaceAll('/', '-')}`,
      severity: 'error',
      from: { path: exact(folder) },
      to: { path: '^(src|workers|signaling|e2e|bench)/', pathNot: [folder, ...targets].map(exact) },
    })),
    {
      name: 'only-net-imports-simple-peer',
      severity: 'error',
      from: { pathNot: '^src/net/(mesh\\.ts|simple-peer\\.d\\.ts)$' },
      to: { path: 'node_modules/simple-peer' },
    },
    {
      name: 'one-page-side-importer-of-comlink',
      severity: 'error',
      from: { pathNot: '^(src/runtime/worker-handles\\.ts|workers/)' },
      to: { path: 'node_modules/comlink' },
    },
    {
      name: 'react-stays-in-ui',
      severity: 'error',
      from: { pathNot: '^src/(ui/|main\\.tsx|store/use-)' },
      to: { path: 'node_modules/(react|react-dom|uplot|qrcode\\.react)/' },
    },
    {
      name: 'tests-are-leaves',
      severity: 'error',
      from: { pathNot: '\\.test\\.tsx?$' },
      to: { path: '\\.test\\.tsx?$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'],
      conditionNames: ['import', 'types', 'default'],
    },
  },
};
