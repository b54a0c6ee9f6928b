// The trainer worker: exposes its host to the page that made it. No logic here.
import { expose } from 'comlink';
import { TrainerHost } from '../src/runtime/trainer-host.ts';

expose(new TrainerHost());
