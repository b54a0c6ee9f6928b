// Under which addresses people reach this server.
import { networkInterfaces } from 'node:os';

/** URLs of this machine's addresses on its networks, IPv4 first: those that a phone on the same network can open. */
export function lanUrls(protocol: 'http' | 'https', port: number): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    // Link-local IPv6 addresses need a zone, which browsers don't take.
    .filter((address) => !address.internal && !address.address.startsWith('fe80:'))
    .sort((left, right) => left.family.localeCompare(right.family));
  return addresses.map(({ address, family }) => {
    const host = family === 'IPv6' ? `[${address}]` : address;
    return `${protocol}://${host}:${port}/`;
  });
}

const ANY_ADDRESS = new Set(['0.0.0.0', '::', '']);
const LOCAL_ADDRESS = new Set(['localhost', '127.0.0.1', '::1']);

/** Whether a server that listens on `host` is reached by every address of the machine. */
export const isOnEveryAddress = (host: string): boolean => ANY_ADDRESS.has(host);

/** The address to print for people on this machine. */
export function localUrl(protocol: 'http' | 'https', host: string, port: number): string {
  const name = ANY_ADDRESS.has(host) || LOCAL_ADDRESS.has(host) ? 'localhost' : host;
  return `${protocol}://${name.includes(':') ? `[${name}]` : name}:${port}/`;
}
