// Threads do not inherit the loader that reads TypeScript, so this one is JavaScript and brings it.
import { register } from 'tsx/esm/api';

register();
await import('./second-sender.ts');
