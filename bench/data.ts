// Where benchmarks find real data: beside the project, or where PUSHPULL_DATA says. Nothing of it is part of the project.
import { fileURLToPath } from 'node:url';

const FOLDER = process.env.PUSHPULL_DATA ?? fileURLToPath(new URL('../../shared/data', import.meta.url));

/** Path of a file in it, which may not exist. */
export const dataFile = (path: string): string => `${FOLDER}/${path}`;
