// `npm start`: serves the built page and signaling on one port until it is told to stop.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { type HttpServerOptions, startServer } from './http-server.ts';

const DEFAULT_FOLDER = fileURLToPath(new URL('../dist', import.meta.url));
const DEFAULT_PORT = '8080';

interface Arguments {
  port: number;
  host: string;
  folder: string;
  httpsCert?: string;
  httpsKey?: string;
  allowOrigin: string[];
  maxNodes?: number;
}

/** Something the user can mend; the message says how. */
class StartError extends Error {
  override name = 'StartError';
}

const integer =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`a whole number from ${least} to ${most} is needed.`);
  };

function parseArguments(): Arguments {
  const port = integer(0, 65_535);
  return new Command('pushpull')
    .description('Serves the page and introduces its tabs to each other. Sees neither data nor parameters.')
    .option('--port <number>', 'port to listen on, 0 for any free one', port, port(process.env.PORT ?? DEFAULT_PORT))
    .option('--host <address>', 'address to listen on; 127.0.0.1 keeps other machines out', '0.0.0.0')
    .option('--folder <path>', 'the built page', DEFAULT_FOLDER)
    .option('--https-cert <file>', 'PEM certificate, so that phones get a secure context')
    .option('--https-key <file>', 'PEM key of the certificate')
    .option('--allow-origin <origin...>', 'pages of other hosts that may use signaling', [])
    .option('--max-nodes <number>', 'nodes per room', integer(1, 64))
    .parse()
    .opts<Arguments>();
}

function readTls({ httpsCert, httpsKey }: Arguments): Pick<HttpServerOptions, 'tls'> {
  if (httpsCert === undefined && httpsKey === undefined) return {};
  if (httpsCert === undefined || httpsKey === undefined) {
    throw new StartError('--https-cert and --https-key are needed together');
  }
  return { tls: { cert: readFileSync(httpsCert), key: readFileSync(httpsKey) } };
}

function toOptions(args: Arguments): HttpServerOptions {
  if (!existsSync(`${args.folder}/index.html`)) {
    throw new StartError(
      `there is no page in ${args.folder} yet: run \`npm run build\` first (\`npm start\` does both)`,
    );
  }
  return {
    host: args.host,
    port: args.port,
    folder: args.folder,
    allowedOrigins: args.allowOrigin,
    ...(args.maxNodes === undefined ? {} : { limits: { maxRoomNodes: args.maxNodes } }),
    ...readTls(args),
  };
}

async function main(): Promise<void> {
  const server = await startServer(toOptions(parseArguments()));
  console.log(`Pushpull is at ${server.url}`);
  for (const url of server.lanUrls) console.log(`  for other devices: ${url}`);
  const stop = (): void => {
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

function fail(error: unknown): void {
  const isKnown = error instanceof StartError || (error instanceof Error && 'code' in error);
  console.error(isKnown ? `Pushpull can't start: ${(error as Error).message}` : error);
  process.exit(1);
}

main().catch(fail);
