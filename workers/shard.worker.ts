// The shard worker: exposes its host to the page that made it. No logic here.
import { expose } from 'comlink';
import { ShardHost } from '../src/runtime/shard-host.ts';

expose(new ShardHost());
