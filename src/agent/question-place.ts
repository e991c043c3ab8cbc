/** Where the thread that answers questions is started from. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of the file that this is part of; of the built program its name has a digest of the content. */
export const OWN_FILE: string = import.meta.url;

/** The same in the sources and in the built program. */
export const THREAD_FILE: URL = new URL(
  `../agent/question-thread${extname(fileURLToPath(import.meta.url))}`,
  import.meta.url,
);
