// The links worker: exposes its host to the page that made it. No logic here.
import { expose } from 'comlink';
import { LinksHost } from '../src/runtime/links-host.ts';

expose(new LinksHost());
